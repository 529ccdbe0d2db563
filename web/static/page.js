// Comfort for every page; each page is complete without it.

// Something typed is wrong: the summary is read first.
document.getElementById('errors')?.focus();

// An open menu closes by Escape and by a press beside it.
const menus = document.querySelectorAll('details.who, details.menu');
addEventListener('keydown', event => {
  if (event.key !== 'Escape' || event.isComposing) return;
  for (const menu of menus)
    if (menu.open) { menu.open = false; menu.querySelector('summary').focus(); }
});
addEventListener('click', event => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});

// Buttons that only a script can serve.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}

// Rows of a list: choose all, and say how many are chosen.
for (const list of document.querySelectorAll('form[data-picks]')) {
  const all = list.querySelector('[data-all]'), said = list.querySelector('[data-count]');
  const rows = [...list.querySelectorAll('input[name="task"]')];
  const count = () => {
    const chosen = rows.filter(row => row.checked).length;
    said.textContent = chosen ? said.dataset.count.replace('0', chosen) : said.dataset.none;
    all.checked = chosen > 0 && chosen === rows.length;
    all.indeterminate = chosen > 0 && chosen < rows.length;
  };
  all.closest('label').hidden = false;
  all.addEventListener('change', () => { for (const row of rows) row.checked = all.checked; count(); });
  for (const row of rows) row.addEventListener('change', count);
  list.addEventListener('reset', () => setTimeout(count));
  count();
}
