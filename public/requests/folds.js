// A link to something that is folded unfolds it.

/** Unfolds a way to decide, and leads to its first field. */
export function unfold(fold) {
  fold.open = true;
  fold.querySelector('textarea')?.focus();
}

export function watchFolds() {
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    const fold = link && document.querySelector(`details${link.getAttribute('href')}`);
    if (!fold) return;
    event.preventDefault();
    unfold(fold);
  });
}
