// What is typed about oneself stays in the tab until it is sent, since browsers keep no copy of the page: after a step back, or a
// sign-in elsewhere, it stands in the form again.
const NAMES = ['firstName', 'lastName', 'company', 'reason'];
const KEY = 'typed';

/** Null where the browser allows pages to keep nothing. */
function storage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

export function keepTyped(form) {
  const typed = JSON.parse(storage()?.getItem(KEY) ?? '{}');
  for (const field of NAMES.map((name) => form.elements[name])) {
    if (field.value === '') field.value = typed[field.name] ?? '';
  }
  form.addEventListener('input', () => {
    const now = Object.fromEntries(NAMES.map((name) => [name, form.elements[name].value]));
    storage()?.setItem(KEY, JSON.stringify(now));
  });
}

export function forgetTyped() {
  storage()?.removeItem(KEY);
}
