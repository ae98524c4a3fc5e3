import { createAvatar } from "../lib/avatar.js";
import { $, $$, createElement, debounce, setText } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { loadStylesheet } from "../lib/stylesheet.js";

const MAX_RESULTS = 8; // of each kind

/** Show a dialog to jump to a conversation or a person by typing a part of the name. */
export async function showQuickSwitcher() {
  await loadStylesheet("dialogs.css");
  if ($("dialog[open]")) return;
  const dialog = createElement("dialog", "quick-switcher");
  dialog.setAttribute("aria-label", "Jump to");
  const field = createElement("input", "input");
  const list = createElement("ul", "");
  const status = createElement("p", "quick-switcher__status");
  Object.assign(field, { type: "text", placeholder: "Jump to a conversation or a person", dir: "auto", autocomplete: "off" });
  const attributes = { role: "combobox", "aria-expanded": "true", "aria-controls": "quick-switcher-results", "aria-autocomplete": "list" };
  for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
  field.setAttribute("aria-label", field.placeholder);
  field.spellcheck = false;
  list.id = "quick-switcher-results";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Conversations and people");
  status.setAttribute("role", "status");
  dialog.append(field, list, status);

  const listed = listedConversations();
  let entries = [];
  let active = 0;
  let searches = 0; // an answer to an older search is ignored

  function select(index) {
    if (!entries.length) return;
    active = (index + entries.length) % entries.length;
    list.childNodes.forEach((option, n) => option.setAttribute("aria-selected", String(n === active)));
    field.setAttribute("aria-activedescendant", `quick-switcher-${active}`);
    list.childNodes[active].scrollIntoView({ block: "nearest" });
  }

  function draw(results, message) {
    const { key } = entries[active] ?? {};
    entries = results.slice(0, 2 * MAX_RESULTS);
    list.replaceChildren(...entries.map(createOption));
    list.hidden = !entries.length;
    field.removeAttribute("aria-activedescendant");
    setText(status, message);
    select(Math.max(0, entries.findIndex((entry) => entry.key === key)));
  }

  function createOption(entry, index) {
    const option = createElement("li", "");
    option.id = `quick-switcher-${index}`;
    option.setAttribute("role", "option");
    const name = createElement("b", "truncate", entry.name);
    name.dir = "auto";
    const avatar = entry.avatar ?? createAvatar(entry.avatarId, entry.name, entry.picture);
    option.append(avatar, name, createElement("small", "", entry.details));
    option.addEventListener("click", () => open(entry));
    return option;
  }

  /** Show what the page lists at once, and the server's results when they arrive. */
  function search() {
    const q = field.value.trim();
    const query = q.toLowerCase();
    const found = listed.filter(({ name }) => name.toLowerCase().includes(query));
    found.sort((a, b) => b.name.toLowerCase().startsWith(query) - a.name.toLowerCase().startsWith(query));
    searches += 1;
    draw(found.slice(0, MAX_RESULTS), q && !found.length ? "Searching…" : "");
    if (q) searchServer(q, found, searches);
  }

  const searchServer = debounce(async (q, found, number) => {
    const answers = await Promise.allSettled([
      getJson("/api/chat", { q, limit: MAX_RESULTS }),
      getJson("/api/chat", { q, limit: MAX_RESULTS, filter: "archived" }),
      getJson("/api/users", { q, limit: MAX_RESULTS }),
    ]);
    if (number !== searches) return;
    const [conversations, archived, people] = answers.map(({ value }) => value?.items ?? []);
    const results = new Map(found.slice(0, MAX_RESULTS).map((entry) => [entry.key, entry]));
    for (const entry of [...conversations, ...archived].map(conversationEntry)) {
      if (!results.has(entry.key)) results.set(entry.key, entry);
    }
    const partners = new Set([...results.values()].map(({ person }) => person));
    for (const person of people) if (!partners.has(person.id)) results.set(`p${person.id}`, personEntry(person));
    const failed = answers.every(({ status: outcome }) => outcome === "rejected");
    const message = failed ? "Can’t reach the server." : `No results for “${q}”.`;
    draw([...results.values()], results.size ? "" : message);
  }, 150);

  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) select(active + step);
    else if (event.key === "Enter" && entries[active]) open(entries[active]);
    else if ((event.ctrlKey || event.metaKey) && event.key === "k") dialog.close();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  search();
  dialog.showModal();
  field.focus();
}

/** Return entries for the conversations in the sidebar. */
function listedConversations() {
  return $$("#conversations [data-conversation]").map((link) => ({
    key: `c${link.dataset.conversation}`,
    href: link.pathname,
    name: $(".conversation-link__name", link).firstChild.textContent,
    person: link.dataset.person,
    avatar: $(".avatar", link).cloneNode(true),
    details: "",
  }));
}

function conversationEntry({ id, kind, name, group_id, participants, avatar_url, archived_at }) {
  const other = kind === "direct" && participants.find((participant) => participant.id !== document.body.dataset.me);
  return {
    key: `c${id}`,
    href: `/chats/${id}`,
    name,
    person: other?.id,
    avatarId: other?.id ?? group_id,
    picture: avatar_url,
    details: archived_at ? "Archived" : kind === "group" ? "Group" : "",
  };
}

const personEntry = ({ id, name, username, avatar_url }) => ({
  key: `p${id}`,
  name,
  action: `/people/${id}/message`,
  avatarId: id,
  picture: avatar_url,
  details: `@${username}`,
});

/** Open a conversation. A person's may not exist yet, so it is opened by the same form as on the person's page. */
function open({ href, action }) {
  if (href) {
    location.assign(href);
    return;
  }
  const form = createElement("form", "");
  Object.assign(form, { method: "post", action, hidden: true });
  const token = createElement("input", "");
  Object.assign(token, { type: "hidden", name: "csrf_token", value: $("meta[name=csrf-token]").content });
  form.append(token);
  document.body.append(form);
  form.submit();
}
