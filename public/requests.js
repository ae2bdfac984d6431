// Chooses every request of the page at once. Without a script there is no such box, and each is chosen by itself.

function boxesOf(selectAll) {
  return selectAll.form.querySelectorAll(`input[name="${selectAll.dataset.selectAll}"]`);
}

document.addEventListener('change', ({ target }) => {
  const selectAll = document.querySelector('[data-select-all]');
  if (!selectAll) return;
  const boxes = [...boxesOf(selectAll)];
  if (target === selectAll) for (const box of boxes) box.checked = selectAll.checked;
  const chosen = boxes.filter((box) => box.checked).length;
  selectAll.checked = chosen > 0 && chosen === boxes.length;
  selectAll.indeterminate = chosen > 0 && chosen < boxes.length;
});

function showSelectAll() {
  for (const selectAll of document.querySelectorAll('[data-select-all]')) selectAll.hidden = false;
}
document.addEventListener('htmx:load', showSelectAll);
showSelectAll();
