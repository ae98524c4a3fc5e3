import { $$ } from "../lib/dom.js";

/** Menus are <details>: they close by Escape, by a click elsewhere, and when the focus leaves. */
export function startMenus() {
  const close = (menu) => menu.removeAttribute("open");
  const open = () => $$("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) close(menu);
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) close(menu);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      close(menu);
      menu.querySelector("summary").focus();
      event.preventDefault();
    }
  });
}
