// The links beside the policy's text select the line that they name. Without JavaScript they lead to the text.

const text = document.querySelector('#text');

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-line]');
  if (!link || !text) return;
  event.preventDefault();
  const lines = text.value.split('\n');
  const line = Math.min(Number(link.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const column = Math.min(Number(link.dataset.column ?? 1), lines[line - 1].length + 1);
  text.focus();
  text.setSelectionRange(start + column - 1, start + lines[line - 1].length);
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 5) * height);
  text.scrollLeft = 0;
});
