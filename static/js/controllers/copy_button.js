import { announce } from "../lib/dom.js";

/** Make a button copy its `data-copy` and confirm it on its label. */
export function startCopyButton(button) {
  button.addEventListener("click", async () => {
    const { copy } = button.dataset;
    try {
      await navigator.clipboard.writeText(copy);
    } catch {
      // refused, or plain http, where there is no clipboard
      const field = button.previousElementSibling;
      field.select();
      document.execCommand("copy");
    }
    const label = button.textContent;
    button.textContent = "Copied";
    announce("Link copied");
    setTimeout(() => (button.textContent = label), 2000);
  });
}
