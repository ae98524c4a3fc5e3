import { $, debounce, setText } from "../lib/dom.js";
import { codePointCount, isolated } from "../models/text.js";

const MAX_LENGTH = 10_000;
const MENTION_ALL = /(?<![\w+/=@-])@all(?![\w@-])/i;

/** The form under the log. Grows with the text, saves a draft, and calls `onSend(text, replyTo, mentionAll)`, or
    `onEdit(id, text, mentionAll)` while a message is edited. Asks for confirmation before @all in a large group. That
    Enter submits is in before_paint.js, so that it works before the modules have loaded. */
export function startComposer(form, { store, key, onSend, onEdit }) {
  const context = $("#composer-context");
  const text = form.elements.content;
  const note = $(".composer__note", form);
  const confirmation = $("#confirm-mention-all");
  const touchScreen = matchMedia("(hover: none) and (pointer: coarse)");

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }

  function checkLength() {
    const over = codePointCount(text.value) - MAX_LENGTH;
    note.hidden = over <= -500;
    setText(note, over > 0 ? `${over} characters too long` : `${-over} characters left`);
    text.setAttribute("aria-invalid", String(over > 0));
    return over <= 0;
  }

  // {text, reply: {id, name, preview}, edit: {id, preview, text}}: while a message is edited, the draft waits below it.
  const draft = store.get(key) ?? { text: "" };

  function save() {
    (draft.edit ?? draft).text = text.value;
    if (draft.edit || draft.reply || draft.text.trim()) store.set(key, draft);
    else store.remove(key);
  }
  const saveSoon = debounce(save, 250);

  /** Show why something failed; the text stays. */
  function showError(message) {
    note.hidden = false;
    setText(note, message);
  }

  function show() {
    const { edit, reply } = draft;
    form.dataset.edit = edit?.id ?? "";
    context.hidden = !(edit ?? reply);
    if (!context.hidden) {
      setText($("b", context), edit ? "Editing" : `Reply to ${isolated(reply.name)}`);
      setText($("span", context), (edit ?? reply).preview);
    }
    const content = (edit ?? draft).text;
    if (text.value !== content) text.value = content;
    note.hidden = true;
    grow();
  }

  /** Start a "reply" or an "edit" of a message, or leave it (`mode` null). */
  function setMode(mode, { id, name, preview, content } = {}) {
    save();
    if (mode === "edit") draft.edit = { id, preview, text: content };
    else if (mode || !draft.edit) draft.reply = mode && { id, name, preview };
    if (mode !== "edit") delete draft.edit;
    show();
    save();
    text.focus();
  }

  async function saveEdit(id, mentionAll) {
    const content = text.value;
    try {
      await onEdit(id, content, mentionAll);
      if (draft.edit?.id === id && text.value === content) setMode(null);
    } catch (error) {
      showError(error.message);
    }
  }

  function send(confirmed) {
    if (!text.value.trim() || !checkLength()) return;
    if (confirmation) {
      confirmation.hidden = confirmed || !MENTION_ALL.test(text.value);
      if (!confirmation.hidden) {
        confirmation.children[1].focus();
        return;
      }
    }
    if (draft.edit) {
      saveEdit(draft.edit.id, confirmed);
      return;
    }
    onSend(text.value, draft.reply?.id, confirmed);
    Object.assign(draft, { text: "", reply: null });
    show();
    save();
    text.removeAttribute("aria-invalid");
    text.focus();
  }

  // The page's address may start a reply or an edit, and the reader may have typed before this ran.
  const { edit: editId, reply: replyId } = form.dataset;
  const preview = $("span", context).textContent;
  if (editId) draft.edit = { id: editId, preview, text: text.value };
  else if (!draft.edit && text.value) draft.text = text.value;
  if (replyId) draft.reply = { id: replyId, name: form.dataset.name, preview };
  if (editId || replyId) history.replaceState(null, "", location.pathname + location.hash);
  const serverError = note.textContent;
  show();
  if (serverError) showError(serverError);
  if (!touchScreen.matches) text.focus({ preventScroll: true });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter?.name === "mention_all");
  });
  confirmation?.lastElementChild.addEventListener("click", () => {
    confirmation.hidden = true;
    text.focus();
  });
  let completion;
  function loadCompletion() {
    if (!text.value.includes("@")) return;
    completion ??= import("./mention_completion.js")
      .then(({ startMentionCompletion }) => startMentionCompletion(form))
      .catch(() => (completion = null));
  }

  text.addEventListener("input", () => {
    grow();
    checkLength();
    saveSoon();
    loadCompletion();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || context.hidden) return;
    event.preventDefault();
    setMode(null);
  });
  $("a", context).addEventListener("click", (event) => {
    event.preventDefault();
    setMode(null);
  });
  addEventListener("pagehide", save);

  return { setMode, showError, text };
}
