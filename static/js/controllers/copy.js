import { announce } from "../lib/dom.js";

/** Copies what a button holds, and says so on it. */
export function startCopying(button) {
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
    const words = button.textContent;
    button.textContent = "Copied";
    announce("Link copied");
    setTimeout(() => (button.textContent = words), 2000);
  });
}
