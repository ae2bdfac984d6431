// A box that chooses every request of the page. Without JavaScript it is hidden, and each request is chosen by itself.

function boxesOf(selectAll) {
  return [...document.querySelectorAll(`input[name="${selectAll.dataset.selectAll}"]`)];
}

function showChosen(selectAll) {
  const boxes = boxesOf(selectAll);
  const chosen = boxes.filter((box) => box.checked).length;
  selectAll.checked = chosen > 0 && chosen === boxes.length;
  selectAll.indeterminate = chosen > 0 && chosen < boxes.length;
}

document.addEventListener('change', ({ target }) => {
  const selectAll = document.querySelector('[data-select-all]');
  if (!selectAll) return;
  if (target === selectAll) for (const box of boxesOf(selectAll)) box.checked = selectAll.checked;
  showChosen(selectAll);
});

function showSelectAll() {
  for (const selectAll of document.querySelectorAll('[data-select-all]')) {
    selectAll.hidden = false;
    // A reloaded list may have boxes that are already chosen.
    showChosen(selectAll);
  }
}
document.addEventListener('htmx:load', showSelectAll);
showSelectAll();
