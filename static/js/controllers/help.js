import { make } from "../lib/dom.js";
import { wear } from "../lib/sheet.js";

const KEYS = [
  ["↑", "in an empty box: edit your last message"],
  ["j, k", "next and previous message"],
  ["r", "reply to it"],
  ["e", "edit it"],
  ["+", "react to it"],
  ["Esc", "to the newest message; leave a reply or an edit"],
  ["Ctrl or ⌘ + K", "jump to a conversation or a person"],
  ["Alt + ↑, ↓", "previous and next conversation; with Shift, the next unread"],
  ["?", "this list"],
];

/** The list of keys, in a dialog. */
export async function showHelp() {
  await wear("dialogs.css");
  if (document.querySelector("dialog.keys")) return;
  const dialog = make("dialog", "keys");
  const title = make("h2", "bar__title", "Keys");
  title.id = "keys-title";
  dialog.setAttribute("aria-labelledby", title.id);
  const list = make("dl", "");
  const breaks = document.getElementById("composer")?.dataset.enter;
  const enter = breaks ? ["new line", "send"] : ["send", "new line"];
  for (const [keys, what] of [["Enter", enter[0]], ["Shift + Enter", enter[1]], ...KEYS]) {
    const name = make("dt", "");
    name.append(make("kbd", "", keys));
    list.append(name, make("dd", "", what));
  }
  const close = make("button", "button button--small", "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
