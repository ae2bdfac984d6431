// The colour field beside the colour's code: each follows the other. Without JavaScript there is only the code.

for (const swatch of document.querySelectorAll('input[type="color"][data-for]')) {
  const code = document.getElementById(swatch.dataset.for);
  swatch.hidden = false;
  swatch.disabled = code.matches(':disabled');
  swatch.addEventListener('input', () => {
    code.value = swatch.value;
  });
  code.addEventListener('input', () => {
    if (/^#[0-9a-f]{6}$/i.test(code.value)) swatch.value = code.value.toLowerCase();
  });
}
