import { keepTyped } from './signUp/typed.js';

keepTyped(document.getElementById('sign-up'));

// Says how many characters are left, once a text comes near its end. Without this script the browser stops at the limit.
const NEAR = 100;

for (const field of document.querySelectorAll('textarea[maxlength]')) {
  const left = document.getElementById(`${field.id}-left`);
  const say = () => {
    const count = field.maxLength - field.value.length;
    left.textContent = count > NEAR ? '' : left.dataset.left.replace('{n}', count);
  };
  field.addEventListener('input', say);
  say();
}
