import { $$ } from "../lib/dom.js";

/** Close menus (<details>) on Escape, on a click elsewhere, and when the focus leaves. */
export function startMenus() {
  const close = (menu) => menu.removeAttribute("open");
  const openMenus = () => $$("details.menu[open]");
  const closeOthers = ({ target }) => {
    for (const menu of openMenus()) if (!menu.contains(target)) close(menu);
  };

  document.addEventListener("click", closeOthers);
  document.addEventListener("focusin", closeOthers);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      close(menu);
      menu.querySelector("summary").focus();
      event.preventDefault();
    }
  });
}
