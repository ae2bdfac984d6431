// Which requests of the page are ticked: a box that ticks all of them, and how many they are.

export function boxes() {
  return [...document.querySelectorAll('input[name="request"][type="checkbox"]')];
}

/** Shows what is ticked, after something was ticked by whatever way. */
export function showSelection() {
  const all = boxes();
  const ticked = all.filter((box) => box.checked).length;
  for (const box of document.querySelectorAll('[data-select-all]')) {
    box.hidden = false;
    box.checked = ticked > 0 && ticked === all.length;
    box.indeterminate = ticked > 0 && ticked < all.length;
  }
  for (const count of document.querySelectorAll('[data-selected]')) count.textContent = String(ticked);
}

export function watchSelection() {
  document.addEventListener('change', ({ target }) => {
    if (target.matches('[data-select-all]')) for (const box of boxes()) box.checked = target.checked;
    showSelection();
  });
  // A reloaded list may have boxes that are already ticked.
  document.addEventListener('htmx:load', showSelection);
  showSelection();
}
