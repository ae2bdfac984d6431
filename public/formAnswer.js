// The answer to a form is never stored, so a browser that goes back to it shows an error page of its own. When a person
// leaves the answer, its entry in the history becomes the form. Not before: reloading the answer sends the form again.
function comeBackToForm() {
  const { form } = document.getElementById('main').dataset;
  history.replaceState(history.state, '', location.origin + form);
}

document.addEventListener('submit', comeBackToForm);
document.addEventListener('click', ({ target }) => {
  if (target.closest('a[href^="/"]:not([target])')) comeBackToForm();
});
