import { $, setText, settled } from "../lib/dom.js";
import { lengthOf } from "../models/text.js";

const LONGEST = 10_000;

/** The form under the log: grows, keeps a draft, and hands what is sent to `onSend(text, replyTo)`, or to `onEdit(id, text)`
    while a message is being edited. That Enter submits it is early.js's, so that it does so before the modules are here. */
export function startComposer(form, { store, key, onSend, onEdit }) {
  const about = $("#about");
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

  const keep = () => form.dataset.edit || (text.value.trim() ? store.set(key, text.value) : store.remove(key));
  const keepSoon = settled(keep, 250);

  /** Shows why something failed; what was typed stays. */
  function say(words) {
    note.hidden = false;
    setText(note, words);
  }

  /** Turns to editing or answering a message, or back (`mode` null) to a new one and its draft. */
  function turn(mode, { id, name, words, content } = {}) {
    keep();
    const edited = Boolean(form.dataset.edit);
    delete form.dataset.edit;
    delete form.dataset.reply;
    about.hidden = !mode;
    if (mode) {
      form.dataset[mode] = id;
      setText($("b", about), mode === "edit" ? "Editing" : `Reply to ${name}`);
      setText($("span", about), words);
    } else if (/[?&](edit|reply)=/.test(location.search)) {
      history.replaceState(null, "", location.pathname);
    }
    if (mode === "edit") text.value = content;
    else if (edited) text.value = store.get(key) ?? "";
    note.hidden = true;
    grow();
    text.focus();
  }

  async function edit(id) {
    const content = text.value;
    try {
      await onEdit(id, content);
      if (form.dataset.edit === id && text.value === content) turn(null);
    } catch (error) {
      say(error.message);
    }
  }

  function send() {
    if (!text.value.trim() || !count()) return;
    if (form.dataset.edit) {
      edit(form.dataset.edit);
      return;
    }
    onSend(text.value, form.dataset.reply);
    if (form.dataset.reply) turn(null);
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
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || about.hidden) return;
    event.preventDefault();
    turn(null);
  });
  $("a", about).addEventListener("click", (event) => {
    event.preventDefault();
    turn(null);
  });
  addEventListener("pagehide", keep);

  return { turn, say, text };
}
