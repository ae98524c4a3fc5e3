import { $, setText, settled } from "../lib/dom.js";
import { lengthOf } from "../models/text.js";

const LONGEST = 10_000;

/** The form under the log: grows, keeps a draft, and hands what is sent to `onSend(text)`. That Enter submits it is
    early.js's, so that it does so before the modules are here too. */
export function startComposer(form, { store, key, onSend }) {
  const text = form.elements.content;
  const note = $(".composer__note", form);
  const touch = matchMedia("(hover: none) and (pointer: coarse)");

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }

  function count() {
    const over = lengthOf(text.value) - LONGEST;
    note.hidden = over <= -500;
    setText(note, over > 0 ? `${over} characters too long` : `${-over} characters left`);
    text.setAttribute("aria-invalid", String(over > 0));
    return over <= 0;
  }

  const keep = () => (text.value.trim() ? store.set(key, text.value) : store.remove(key));
  const keepSoon = settled(keep, 250);

  function send() {
    if (!text.value.trim() || !count()) return;
    onSend(text.value);
    text.value = "";
    store.remove(key);
    text.removeAttribute("aria-invalid");
    note.hidden = true;
    grow();
    text.focus();
  }

  if (!text.value) text.value = store.get(key) ?? "";
  grow();
  if (!touch.matches) text.focus({ preventScroll: true });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  text.addEventListener("input", () => {
    grow();
    count();
    keepSoon();
  });
  addEventListener("pagehide", keep);
}
