// The answer to a form is never stored, so a browser that comes back to it shows an error page of its own. Whoever leaves it
// comes back to the form instead, which is asked for anew. Not before: loading the answer again sends the form again.
function comeBackToForm() {
  const { form } = document.getElementById('main').dataset;
  history.replaceState(history.state, '', location.origin + form);
}

document.addEventListener('submit', comeBackToForm);
document.addEventListener('click', ({ target }) => {
  if (target.closest('a[href^="/"]:not([target])')) comeBackToForm();
});
