// Asks before edits in a form are lost: by a link, another form, the back button or a closed window. Without JavaScript nothing asks.

const form = document.querySelector('form[data-guarded]');
let isSent = false;

/** The server marks what it has filled in, or has been sent, and has not saved. */
function isUnsaved() {
  return (
    !isSent &&
    document.contains(form) &&
    (form.matches('[data-unsaved]') ||
      form.querySelector('[data-unsaved]') !== null ||
      [...form.elements].some(isEdited))
  );
}

/** Compared with what the page came with, since browsers bring back what was typed before. Words to search for are no edit. */
function isEdited(control) {
  if (control.type === 'checkbox' || control.type === 'radio')
    return control.checked !== control.defaultChecked;
  if (control instanceof HTMLSelectElement)
    return [...control.options].some((option) => option.selected !== option.defaultSelected);
  const isTyped = control instanceof HTMLTextAreaElement || control.type === 'text';
  return isTyped && control.value !== control.defaultValue;
}

/** admin.js would put the error page in place of the form. */
function showErrorAboveForm(event) {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, 'text/html');
  const note = document.createElement('div');
  note.className = 'alert-note bad';
  note.setAttribute('role', 'alert');
  for (const text of page.querySelectorAll('main h1, main .lead')) {
    const line = document.createElement('p');
    line.textContent = text.textContent;
    note.append(line);
  }
  document.getElementById('form-error')?.remove();
  note.id = 'form-error';
  form.before(note);
  note.scrollIntoView({ block: 'nearest' });
}

if (form) {
  form.addEventListener('submit', () => {
    isSent = true;
  });
  // Back in the page: what was sent may not have arrived.
  addEventListener('pageshow', () => {
    isSent = false;
  });
  addEventListener('beforeunload', (event) => {
    if (isUnsaved()) event.preventDefault();
  });
  addEventListener(
    'htmx:responseError',
    (event) => {
      if (!isUnsaved() || !event.detail.requestConfig.triggeringEvent) return;
      event.stopPropagation();
      showErrorAboveForm(event);
    },
    true,
  );
}
