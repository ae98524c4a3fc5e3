import { drawAvatar } from "../lib/avatar.js";
import { $, $$, make, setText, settled } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { wear } from "../lib/sheet.js";

const MOST = 8;

/** A dialog to jump by: a conversation or a person by some letters of the name, without leaving the keyboard. */
export async function showPalette() {
  await wear("dialogs.css");
  if ($("dialog[open]")) return;
  const dialog = make("dialog", "palette");
  dialog.setAttribute("aria-label", "Jump to");
  const field = make("input", "input");
  const list = make("ul", "");
  const note = make("p", "palette__note");
  Object.assign(field, { type: "text", placeholder: "Jump to a conversation or a person", dir: "auto", autocomplete: "off" });
  const roles = { role: "combobox", "aria-expanded": "true", "aria-controls": "jumps", "aria-autocomplete": "list" };
  for (const [name, value] of Object.entries(roles)) field.setAttribute(name, value);
  field.setAttribute("aria-label", field.placeholder);
  field.spellcheck = false;
  list.id = "jumps";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Conversations and people");
  note.setAttribute("role", "status");
  dialog.append(field, list, note);

  let shown = [];
  let at = 0;
  let asked = 0;

  const here = listed();

  function select(place) {
    if (!shown.length) return;
    at = (place + shown.length) % shown.length;
    list.childNodes.forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    field.setAttribute("aria-activedescendant", `jump-${at}`);
    list.childNodes[at].scrollIntoView({ block: "nearest" });
  }

  function draw(entries, words) {
    const { key } = shown[at] ?? {};
    shown = entries.slice(0, 2 * MOST);
    list.replaceChildren(...shown.map(option));
    list.hidden = !shown.length;
    field.removeAttribute("aria-activedescendant");
    setText(note, words);
    select(Math.max(0, shown.findIndex((entry) => entry.key === key)));
  }

  function option(entry, n) {
    const row = make("li", "");
    row.id = `jump-${n}`;
    row.setAttribute("role", "option");
    const name = make("b", "cut", entry.name);
    name.dir = "auto";
    row.append(entry.avatar ?? drawAvatar(entry.face, entry.name, entry.picture), name, make("small", "", entry.more));
    row.addEventListener("click", () => go(entry));
    return row;
  }

  /** What stands in the list at once, the rest when the server has it. */
  function find() {
    const q = field.value.trim();
    const wanted = q.toLowerCase();
    const found = here.filter(({ name }) => name.toLowerCase().includes(wanted));
    found.sort((a, b) => b.name.toLowerCase().startsWith(wanted) - a.name.toLowerCase().startsWith(wanted));
    asked += 1;
    draw(found.slice(0, MOST), q && !found.length ? "Looking…" : "");
    if (q) ask(q, found, asked);
  }

  const ask = settled(async (q, found, turn) => {
    const answers = await Promise.allSettled([
      getJson("/api/chat", { q, limit: MOST }),
      getJson("/api/chat", { q, limit: MOST, filter: "archived" }),
      getJson("/api/users", { q, limit: MOST }),
    ]);
    if (turn !== asked) return;
    const [some, archived, people] = answers.map(({ value }) => value?.items ?? []);
    const entries = new Map(found.slice(0, MOST).map((entry) => [entry.key, entry]));
    for (const one of [...some, ...archived]) if (!entries.has(`c${one.id}`)) entries.set(`c${one.id}`, ofConversation(one));
    const met = new Set([...entries.values()].map(({ person }) => person));
    for (const one of people) if (!met.has(one.id)) entries.set(`p${one.id}`, ofPerson(one));
    const failed = answers.every(({ status }) => status === "rejected");
    const nothing = failed ? "The server can’t be reached." : `Nobody and nothing is called “${q}”.`;
    draw([...entries.values()], entries.size ? "" : nothing);
  }, 150);

  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) select(at + step);
    else if (event.key === "Enter" && shown[at]) go(shown[at]);
    else if ((event.ctrlKey || event.metaKey) && event.key === "k") dialog.close();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  find();
  dialog.showModal();
  field.focus();
}

/** The conversations that the page lists. */
function listed() {
  return $$("#conversations [data-conversation]").map((link) => ({
    key: `c${link.dataset.conversation}`,
    href: link.pathname,
    name: $(".conversation-link__name", link).firstChild.textContent,
    person: link.dataset.person,
    avatar: $(".avatar", link).cloneNode(true),
    more: "",
  }));
}

function ofConversation({ id, kind, name, group_id, participants, avatar_url, archived_at }) {
  const other = kind === "direct" && participants.find((one) => one.id !== document.body.dataset.me);
  return {
    key: `c${id}`,
    href: `/chats/${id}`,
    name,
    person: other?.id,
    face: other?.id ?? group_id,
    picture: avatar_url,
    more: archived_at ? "Archived" : kind === "group" ? "Group" : "",
  };
}

const ofPerson = ({ id, name, username, avatar_url }) => ({
  key: `p${id}`,
  name,
  write: `/people/${id}/message`,
  face: id,
  picture: avatar_url,
  more: `@${username}`,
});

/** To the conversation; with a person it may have to be opened first, which is the same form as on their page. */
function go({ href, write }) {
  if (href) {
    location.assign(href);
    return;
  }
  const form = make("form", "");
  Object.assign(form, { method: "post", action: write, hidden: true });
  const token = make("input", "");
  Object.assign(token, { type: "hidden", name: "csrf_token", value: $("meta[name=csrf-token]").content });
  form.append(token);
  document.body.append(form);
  form.submit();
}
