// What unfolds over the page closes when the person goes on elsewhere.

function close(menu) {
  menu.open = false;
}

export function watchMenus() {
  const open = () => [...document.querySelectorAll('details.menu[open]')];
  document.addEventListener('click', ({ target }) => {
    for (const menu of open()) if (!menu.contains(target)) close(menu);
  });
  document.addEventListener('keydown', ({ key, target }) => {
    if (key !== 'Escape') return;
    for (const menu of open()) {
      close(menu);
      if (menu.contains(target)) menu.querySelector('summary').focus();
    }
  });
  document.addEventListener('htmx:afterSwap', () => open().forEach(close));
}
