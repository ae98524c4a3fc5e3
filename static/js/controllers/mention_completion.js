import { createAvatar } from "../lib/avatar.js";
import { $, announce, createElement, debounce } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { loadStylesheet } from "../lib/stylesheet.js";

const MAX_OPTIONS = 8;
// before the caret: an @ that begins a mention, and the first letters of a name
const MENTION_START = /(?<![A-Za-z0-9+/=@-])@([\p{L}\p{M}\p{N}_.-]{0,40})$/u;

/** Complete mentions in the composer with members of the open conversation: a listbox over the composer, operated by keys while
    the focus stays in the text. Loaded when the text has an "@". */
export async function startMentionCompletion(form) {
  const text = form.elements.content;
  const { conversation, kind, memberCount } = $("#log").dataset;
  const me = document.body.dataset.me;
  const list = createElement("ul", "mention-completion");
  Object.assign(list, { id: "mention-completion", role: "listbox", ariaLabel: "People to mention", hidden: true });
  await loadStylesheet("mention_completion.css");
  $(".composer__box", form).append(list);
  text.setAttribute("aria-autocomplete", "list");

  const pages = new Map(); // members by query; "" has all of them if they fit on one page
  let options = [];
  let active = 0;
  let dismissedAt = null; // the position of the @ for which Escape closed the list

  function mentionAtCaret() {
    if (text.selectionStart !== text.selectionEnd) return null;
    const match = MENTION_START.exec(text.value.slice(0, text.selectionStart));
    return match && { at: match.index, query: match[1].toLowerCase() };
  }

  const matches = (query) => (member) =>
    [member.username, ...member.name.toLowerCase().split(/\s+/u)].some((word) => word.startsWith(query));

  async function findMembers(query) {
    const all = pages.get("");
    if (all?.complete) return all.items.filter(matches(query));
    if (!pages.has(query)) {
      const page = await getJson(`/api/chat/${conversation}/members`, { q: query, limit: all ? MAX_OPTIONS + 1 : 100 });
      pages.set(query, { items: page.items, complete: !page.next_cursor });
    }
    return pages.get(query).items;
  }

  async function suggest() {
    const mention = mentionAtCaret();
    if (!mention || mention.at === dismissedAt) {
      if (!mention) dismissedAt = null;
      close();
      return;
    }
    let found;
    try {
      if (!pages.has("")) await findMembers("");
      found = await findMembers(mention.query);
    } catch {
      return; // offline: nothing to suggest
    }
    if (mentionAtCaret()?.query !== mention.query || document.activeElement !== text) return;
    const others = found.filter(({ id }) => id !== me).map((member) => ({ ...member, details: `@${member.username}` }));
    const everyone = { username: "all", name: "Everyone", details: `@all · ${memberCount - 1} people` };
    draw([...(kind === "group" && "all".startsWith(mention.query) ? [everyone] : []), ...others].slice(0, MAX_OPTIONS));
  }
  const suggestSoon = debounce(suggest, 60);

  function draw(found) {
    options = found;
    list.hidden = !found.length;
    if (list.hidden) {
      close();
      return;
    }
    list.replaceChildren(
      ...found.map(({ id, name, details, avatar_url }, index) => {
        const option = createElement("li", "mention-completion__item");
        Object.assign(option, { id: `mention-completion-${index}`, role: "option" });
        const avatar = createAvatar(id, id ? name : "@", avatar_url);
        avatar.classList.add("avatar--small");
        const label = createElement("span", "mention-completion__name truncate", name);
        label.dir = "auto";
        option.append(avatar, label, createElement("span", "mention-completion__details", details));
        return option;
      }),
    );
    text.setAttribute("aria-controls", list.id);
    select(0);
    announce(`${found.length} ${found.length === 1 ? "person" : "people"} to mention`);
  }

  function select(index) {
    active = (index + options.length) % options.length;
    for (const [number, option] of [...list.children].entries()) option.ariaSelected = String(number === active);
    text.setAttribute("aria-activedescendant", `mention-completion-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    options = [];
    text.removeAttribute("aria-activedescendant");
    text.removeAttribute("aria-controls");
  }

  function insert(index) {
    const { at } = mentionAtCaret() ?? {};
    const { username } = options[index];
    close();
    if (at === undefined) return;
    const end = text.selectionStart;
    const space = text.value[end] === " " ? "" : " ";
    text.setRangeText(`@${username}${space}`, at, end, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  }

  const keys = {
    ArrowDown: () => select(active + 1),
    ArrowUp: () => select(active - 1),
    Enter: () => insert(active),
    Tab: () => insert(active),
    Escape() {
      dismissedAt = mentionAtCaret()?.at ?? null;
      close();
    },
  };
  // Capture, to come before the composer's own keys: there Enter sends and Escape cancels a reply.
  form.addEventListener(
    "keydown",
    (event) => {
      const { key, target, shiftKey, ctrlKey, altKey, metaKey, isComposing, keyCode } = event;
      if (list.hidden || target !== text || isComposing || keyCode === 229) return;
      if (shiftKey || ctrlKey || altKey || metaKey || !Object.hasOwn(keys, key)) return;
      event.preventDefault();
      event.stopPropagation();
      keys[key]();
    },
    { capture: true },
  );
  text.addEventListener("input", suggestSoon);
  text.addEventListener("click", suggestSoon);
  text.addEventListener("keyup", ({ key }) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(key) && suggestSoon());
  text.addEventListener("blur", close);
  // Keep the focus in the text: losing it would close the list before the click.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const index = [...list.children].indexOf(target.closest("li"));
    if (index >= 0) insert(index);
  });
  suggest();
}
