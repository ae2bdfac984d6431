// Follows a request without reloading the page: asks for the small JSON answer, and fetches the page anew only when
// something has changed. Without this script the page reloads itself.
const QUICK_MS = 1_000;
const SLOW_MS = 15_000;

let waitMs = QUICK_MS;

async function follow() {
  const status = document.getElementById('status');
  if (status.dataset.moving !== 'true') return;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: 'application/json' } });
    const { updatedAt } = await answer.json();
    if (updatedAt === status.dataset.updated) {
      waitMs = Math.min(waitMs * 1.2, SLOW_MS);
    } else {
      await replace(status);
      waitMs = QUICK_MS;
    }
  } catch {
    // The network or the portal is away for a moment: the page keeps showing what it knows.
    waitMs = SLOW_MS;
  }
  setTimeout(follow, waitMs);
}

async function replace(status) {
  const answer = await fetch(location.pathname, { headers: { Accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const next = page.getElementById('status');
  if (!next) return;
  status.replaceWith(next);
  document.title = page.title;
}

setTimeout(follow, waitMs);
