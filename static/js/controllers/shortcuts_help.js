import { createElement } from "../lib/dom.js";
import { loadStylesheet } from "../lib/stylesheet.js";

const SHORTCUTS = [
  ["↑", "Edit your last message (in an empty message box)"],
  ["j, k", "Next and previous message"],
  ["r", "Reply"],
  ["e", "Edit"],
  ["+", "React"],
  ["Esc", "Go to the newest message; cancel a reply or an edit"],
  ["Ctrl or ⌘ + K", "Jump to a conversation or a person"],
  ["Alt + ↑, ↓", "Previous and next conversation; with Shift, the next unread one"],
  ["?", "Show these shortcuts"],
];

/** Show the keyboard shortcuts in a dialog. */
export async function showShortcutsHelp() {
  await loadStylesheet("dialogs.css");
  if (document.querySelector("dialog.shortcuts")) return;
  const dialog = createElement("dialog", "shortcuts");
  const title = createElement("h2", "bar__title", "Keyboard shortcuts");
  title.id = "shortcuts-title";
  dialog.setAttribute("aria-labelledby", title.id);
  const list = createElement("dl", "");
  const entersNewline = document.getElementById("composer")?.dataset.enter;
  const enter = entersNewline ? ["New line", "Send"] : ["Send", "New line"];
  for (const [keys, description] of [["Enter", enter[0]], ["Shift + Enter", enter[1]], ...SHORTCUTS]) {
    const term = createElement("dt", "");
    term.append(createElement("kbd", "", keys));
    list.append(term, createElement("dd", "", description));
  }
  const close = createElement("button", "button button--small", "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
