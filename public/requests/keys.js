import { openDialog } from './dialogs.js';
import { unfold } from './folds.js';
import { boxes, showSelection } from './selection.js';

// Keys for people who decide on many requests. None decides: the page asks first. Whoever speaks to the computer, or hits
// keys by accident, can switch them off (WCAG 2.1.4).

const SWITCH = 'portal.keys';

/** A browser may keep nothing, or refuse to say: then the keys are on, and the switch holds as long as the page. */
function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

const rowLinks = () => [...document.querySelectorAll('table.requests tbody th a')];
const rowOf = (element) => element.closest('table.requests tbody tr');

function move(step) {
  const links = rowLinks();
  const here = links.findIndex((link) => rowOf(link) === rowOf(document.activeElement));
  const next = here === -1 ? (step > 0 ? 0 : links.length - 1) : here + step;
  links[next]?.focus();
}

function tick() {
  const box = rowOf(document.activeElement)?.querySelector('input[name="request"]');
  if (!box) return;
  box.checked = !box.checked;
  showSelection();
}

/** Asks about what is ticked; about the row alone where nothing is, which is then ticked as long as the dialog is open. */
function ask(action) {
  const button = document.querySelector(`[data-action="${action}"]`);
  if (!button) return;
  if (!boxes().some((box) => box.checked)) {
    const row = rowOf(document.activeElement);
    if (!row?.querySelector('input[name="request"]')) return;
    tick();
    document.getElementById('confirmation').addEventListener(
      'close',
      () => {
        for (const box of boxes()) box.checked = false;
        showSelection();
      },
      { once: true },
    );
  }
  button.click();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: tick,
  a: () => (document.getElementById('approval') ? openDialog('approval') : ask('approve')),
  d: () => {
    const fold = document.querySelector('details#deny');
    if (fold) unfold(fold);
    else ask('deny');
  },
  '/': () => {
    const search = document.getElementById('search');
    search?.focus();
    search?.select();
  },
  '?': () => openDialog('keys'),
};

const isTyping = (element) =>
  element.matches('textarea, select, input:not([type="checkbox"]), [contenteditable]');

export function watchKeys() {
  const kept = storage();
  const on = document.getElementById('keys-on');
  if (!on) return;
  on.checked = kept?.getItem(SWITCH) !== 'off';
  on.addEventListener('change', () => {
    if (on.checked) kept?.removeItem(SWITCH);
    else kept?.setItem(SWITCH, 'off');
  });
  document.addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, altKey, metaKey, repeat, isComposing } = event;
    if (!on.checked || ctrlKey || altKey || metaKey || isComposing || event.defaultPrevented) return;
    if (!Object.hasOwn(KEYS, key) || (repeat && !'jk'.includes(key))) return;
    if (isTyping(target) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    KEYS[key]();
  });
}
