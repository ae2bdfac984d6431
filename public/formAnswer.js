// The answer to a form is never stored, so a browser that comes back to it shows an error page of its own: its entry in the history
// becomes the form. In the admin area only when a person leaves the answer, since reloading a preview sends its form again.
function comeBackToForm() {
  const { form } = document.getElementById('main').dataset;
  history.replaceState(history.state, '', location.origin + form);
}

if (document.body.classList.contains('admin')) {
  document.addEventListener('submit', comeBackToForm);
  document.addEventListener('click', ({ target }) => {
    if (target.closest('a[href^="/"]:not([target])')) comeBackToForm();
  });
} else {
  comeBackToForm();
}
