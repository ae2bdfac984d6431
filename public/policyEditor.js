// Line numbers beside the policy's text, links from faults to their lines, and Ctrl+S for the check. Without JavaScript the text is
// an ordinary field, and the links lead to it. The Tab key moves on, as in every field.

const text = document.querySelector('#text');
const gutter = document.querySelector('[data-gutter]');
const faults = [...document.querySelectorAll('a[data-line]')];
const faultyLines = new Set(faults.map(({ dataset }) => Number(dataset.line)));
let shownLines = 0;
let current = null;

/** Numbers are one text but for the marked ones, so that thousands of lines cost little. */
function showNumbers() {
  const count = text.value.split('\n').length;
  if (count === shownLines) return;
  shownLines = count;
  const parts = [];
  let plain = '';
  for (let line = 1; line <= count; line++) {
    if (faultyLines.has(line)) {
      const mark = document.createElement('mark');
      mark.textContent = line;
      mark.classList.toggle('current', line === current);
      parts.push(plain, mark);
      plain = '\n';
    } else plain += `${line}\n`;
  }
  gutter.replaceChildren(...parts, plain);
  keepBeside();
}

function keepBeside() {
  gutter.scrollTop = text.scrollTop;
}

function showLine(link) {
  const lines = text.value.split('\n');
  const line = Math.min(Number(link.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const column = Math.min(Number(link.dataset.column ?? 1), lines[line - 1].length + 1);
  text.focus();
  text.setSelectionRange(start + column - 1, start + lines[line - 1].length);
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 5) * height);
  text.scrollLeft = 0;
  for (const fault of faults) fault.setAttribute('aria-current', String(fault === link));
  current = Number(link.dataset.line);
  shownLines = 0;
  showNumbers();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-line]');
  if (!link || !text) return;
  event.preventDefault();
  showLine(link);
});

document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
    return;
  const button = text.form.querySelector('[aria-keyshortcuts]');
  if (!button) return;
  event.preventDefault();
  text.form.requestSubmit(button);
});

gutter.hidden = false;
text.addEventListener('input', showNumbers);
text.addEventListener('scroll', keepBeside);
showNumbers();
