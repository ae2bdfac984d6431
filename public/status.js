import { forgetTyped } from './signUp/typed.js';

// Follows a request without reloading the page: fetches the small JSON answer, and the page only when something has
// changed. Without this script the page reloads itself.
const QUICK_MS = 1_000;
const SLOW_MS = 15_000;

let waitMs = QUICK_MS;

async function follow() {
  const { moving, updated } = document.getElementById('status').dataset;
  if (moving !== 'true') return;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(answer.statusText);
    const { updatedAt } = await answer.json();
    // Only the page says whether the mail with the code could be delivered.
    const awaitsProof = document.getElementById('proof') !== null;
    if (awaitsProof && waitMs > 2 * QUICK_MS) await refresh();
    if (updatedAt === updated) {
      waitMs = Math.min(waitMs * 1.2, SLOW_MS);
    } else {
      await refresh();
      waitMs = QUICK_MS;
    }
  } catch {
    // The network or the portal is away for a moment: the page stays as it is.
    waitMs = SLOW_MS;
  }
  setTimeout(follow, waitMs);
}

/**
 * Replaces the content of the page's parts, but not the parts: screen readers announce what changes inside the news.
 * A form that a person may be filling in stays as it is, as long as it is of use.
 */
async function refresh() {
  const answer = await fetch(location.pathname, { headers: { Accept: 'text/html' } });
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  // A code may be half typed, so the part about the proof changes only around its form.
  if (!page.getElementById('proof')) leaveProof();
  document.getElementById('verdict').className = page.getElementById('verdict').className;
  for (const id of ['verdict-icon', 'verdict-news', 'verdict-more', 'progress', 'proof-how', 'proof-again']) {
    const shown = document.getElementById(id);
    const next = page.getElementById(id);
    if (!shown || !next || shown.innerHTML === next.innerHTML) continue;
    shown.className = next.className;
    shown.replaceChildren(...next.childNodes);
  }
  Object.assign(document.getElementById('status').dataset, page.getElementById('status').dataset);
  document.title = page.title;
  localTimes();
  awaitResend();
}

/** Removes the form for the code; the focus of a person who was typing in it moves to the heading. */
function leaveProof() {
  const proof = document.getElementById('proof');
  const typing = proof?.contains(document.activeElement);
  proof?.remove();
  if (!typing) return;
  const verdict = document.getElementById('verdict');
  verdict.tabIndex = -1;
  verdict.focus();
}

/** The server does not know where the reader is, and writes times in UTC. */
function localTimes() {
  const format = new Intl.DateTimeFormat(document.documentElement.dataset.locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  for (const time of document.querySelectorAll('time')) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

/** Shows the button when the mail may be sent again. */
function awaitResend() {
  const seconds = Number(document.querySelector('[data-wait]')?.dataset.wait);
  if (seconds > 0) setTimeout(() => refresh().catch(() => undefined), seconds * 1_000);
}

/** The sixth digit sends the code; the button stays for those who correct one. */
function sendWhole({ target }) {
  if (/^\d{6}$/.test(target.value.replace(/\s/g, ''))) target.form.requestSubmit();
}

/** Browsers give no access to the clipboard on pages without https. */
function offerCopy() {
  const button = document.getElementById('copy');
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(location.origin + location.pathname);
    button.textContent = button.dataset.copied;
  });
}

document.getElementById('code')?.addEventListener('input', sendWhole);
offerCopy();
forgetTyped();
localTimes();
awaitResend();
setTimeout(follow, waitMs);
