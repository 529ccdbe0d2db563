// Comfort for forms; every form is complete without it. Sends nothing, stores nothing, hides nothing.

// Enter that ends a kana conversion must not submit (Safari reports it after the conversion, with code 229).
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.isComposing || event.keyCode === 229)) event.preventDefault();
}, true);

// 必須 n項目のうちm項目を入力済み: follows what is typed.
const isFilled = (input) =>
  input.type === 'radio' || input.type === 'checkbox' ? input.checked && input.value !== ''
    : input.type !== 'hidden' && !input.name.endsWith('-era') && input.value.trim() !== '';

const count = (section) => {
  const shown = [...section.querySelectorAll('[data-must]')].filter((field) => field.offsetParent !== null);
  const filled = shown.filter((field) => [...field.querySelectorAll('input, select, textarea')].some(isFilled));
  section.querySelector('[data-required]')?.replaceChildren(String(shown.length));
  section.querySelector('[data-filled]')?.replaceChildren(String(filled.length));
};

for (const name of ['input', 'change']) {
  document.addEventListener(name, (event) => {
    const parts = event.target.closest?.('.form-parts');
    parts?.querySelectorAll('.form-part').forEach(count);
  });
}
