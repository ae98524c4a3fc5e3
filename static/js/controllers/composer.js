import { $, setText, settled } from "../lib/dom.js";
import { isolated, lengthOf } from "../models/text.js";

const LONGEST = 10_000;
const ALL = /(?<![\w+/=@-])@all(?![\w@-])/i;

/** The form under the log: grows, keeps a draft, and hands what is sent to `onSend(text, replyTo, confirmed)`, or to
    `onEdit(id, text, confirmed)` while a message is being edited. Where @all tells very many it asks first. That Enter submits it is early.js's, so that it does so before the modules are here. */
export function startComposer(form, { store, key, onSend, onEdit }) {
  const about = $("#about");
  const text = form.elements.content;
  const note = $(".composer__note", form);
  const ask = $("#ask");
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

  // {text, reply: {id, name, words}, edit: {id, words, text}}: an edit stands before the draft, which waits for its end.
  const draft = store.get(key) ?? { text: "" };

  function keep() {
    (draft.edit ?? draft).text = text.value;
    if (draft.edit || draft.reply || draft.text.trim()) store.set(key, draft);
    else store.remove(key);
  }
  const keepSoon = settled(keep, 250);

  /** Shows why something failed; what was typed stays. */
  function say(words) {
    note.hidden = false;
    setText(note, words);
  }

  function show() {
    const { edit, reply } = draft;
    form.dataset.edit = edit?.id ?? "";
    about.hidden = !(edit ?? reply);
    if (!about.hidden) {
      setText($("b", about), edit ? "Editing" : `Reply to ${isolated(reply.name)}`);
      setText($("span", about), (edit ?? reply).words);
    }
    const words = (edit ?? draft).text;
    if (text.value !== words) text.value = words;
    note.hidden = true;
    grow();
  }

  /** Turns to editing or answering a message, or back (`mode` null) from that. */
  function turn(mode, { id, name, words, content } = {}) {
    keep();
    if (mode === "edit") draft.edit = { id, words, text: content };
    else if (mode || !draft.edit) draft.reply = mode && { id, name, words };
    if (mode !== "edit") delete draft.edit;
    show();
    keep();
    text.focus();
  }

  async function edit(id, confirmed) {
    const content = text.value;
    try {
      await onEdit(id, content, confirmed);
      if (draft.edit?.id === id && text.value === content) turn(null);
    } catch (error) {
      say(error.message);
    }
  }

  function send(confirmed) {
    if (!text.value.trim() || !count()) return;
    if (ask) {
      ask.hidden = confirmed || !ALL.test(text.value);
      if (!ask.hidden) {
        ask.children[1].focus();
        return;
      }
    }
    if (draft.edit) {
      edit(draft.edit.id, confirmed);
      return;
    }
    onSend(text.value, draft.reply?.id, confirmed);
    Object.assign(draft, { text: "", reply: null });
    show();
    keep();
    text.removeAttribute("aria-invalid");
    text.focus();
  }

  // What the page was asked to begin with, by its address, or has typed into it by now.
  const { edit: edited, reply: answered } = form.dataset;
  const words = $("span", about).textContent;
  if (edited) draft.edit = { id: edited, words, text: text.value };
  else if (!draft.edit && text.value) draft.text = text.value;
  if (answered) draft.reply = { id: answered, name: form.dataset.name, words };
  if (edited || answered) history.replaceState(null, "", location.pathname + location.hash);
  const refused = note.textContent;
  show();
  if (refused) say(refused);
  if (!touch.matches) text.focus({ preventScroll: true });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter?.name === "mention_all");
  });
  ask?.lastElementChild.addEventListener("click", () => {
    ask.hidden = true;
    text.focus();
  });
  let completing;
  function complete() {
    if (!text.value.includes("@")) return;
    completing ??= import("./completion.js")
      .then(({ startCompletion }) => startCompletion(form))
      .catch(() => (completing = null));
  }

  text.addEventListener("input", () => {
    grow();
    count();
    keepSoon();
    complete();
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
