// Dialogs: those of the page, and the one that is filled with what the server asks before it decides.

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

export function watchDialogs() {
  for (const button of document.querySelectorAll('[data-dialog]')) button.hidden = false;
  document.addEventListener('htmx:load', () => {
    for (const button of document.querySelectorAll('[data-dialog]')) button.hidden = false;
  });
  document.addEventListener('click', (event) => {
    const { target } = event;
    const opens = target.closest('[data-dialog]');
    if (opens) openDialog(opens.dataset.dialog);
    const dialog = target.closest('dialog');
    if (dialog && target.closest('[data-close]')) {
      event.preventDefault();
      dialog.close();
    }
  });
  document.addEventListener('htmx:afterSwap', ({ detail }) => {
    if (detail.target.matches('dialog')) openDialog(detail.target.id);
  });
}
