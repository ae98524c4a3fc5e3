import { drawAvatar } from "../lib/avatar.js";
import { $, announce, make, settled } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { wear } from "../lib/sheet.js";

const MOST = 8;
// what stands before the caret: an @ that begins a mention, and the beginning of a name
const WANTED = /(?<![A-Za-z0-9+/=@-])@([\p{L}\p{M}\p{N}_.-]{0,40})$/u;

/** Completes `@` in the composer with members of the open conversation: a listbox over the box, which the keys of the text
    rule while the focus stays in it. Imported with the first @. */
export async function startCompletion(form) {
  const text = form.elements.content;
  const { conversation, kind, people } = $("#log").dataset;
  const me = document.body.dataset.me;
  const list = make("ul", "completion");
  Object.assign(list, { id: "completion", role: "listbox", ariaLabel: "People to mention", hidden: true });
  await wear("completion.css");
  $(".composer__box", form).append(list);
  text.setAttribute("aria-autocomplete", "list");

  const answers = new Map(); // members by what was asked for; under "" all of them, where that is all
  let options = [];
  let active = 0;
  let closedAt = null; // Escape closes it for this @

  function wanted() {
    if (text.selectionStart !== text.selectionEnd) return null;
    const found = WANTED.exec(text.value.slice(0, text.selectionStart));
    return found && { at: found.index, query: found[1].toLowerCase() };
  }

  const begins = (query) => (member) =>
    [member.username, ...member.name.toLowerCase().split(/\s+/u)].some((word) => word.startsWith(query));

  async function members(query) {
    const all = answers.get("");
    if (all?.whole) return all.items.filter(begins(query));
    if (!answers.has(query)) {
      const page = await getJson(`/api/chat/${conversation}/members`, { q: query, limit: all ? MOST + 1 : 100 });
      answers.set(query, { items: page.items, whole: !page.next_cursor });
    }
    return answers.get(query).items;
  }

  async function suggest() {
    const now = wanted();
    if (!now || now.at === closedAt) {
      if (!now) closedAt = null;
      close();
      return;
    }
    let found;
    try {
      if (!answers.has("")) await members("");
      found = await members(now.query);
    } catch {
      return; // without the line nothing is suggested
    }
    if (wanted()?.query !== now.query || document.activeElement !== text) return;
    const others = found.filter(({ id }) => id !== me).map((one) => ({ ...one, about: `@${one.username}` }));
    const all = { username: "all", name: "Everybody", about: `@all · ${people - 1} people` };
    draw([...(kind === "group" && "all".startsWith(now.query) ? [all] : []), ...others].slice(0, MOST));
  }
  const suggestSoon = settled(suggest, 60);

  function draw(found) {
    options = found;
    list.hidden = !found.length;
    if (list.hidden) {
      close();
      return;
    }
    list.replaceChildren(
      ...found.map(({ id, name, about, avatar_url }, number) => {
        const option = make("li", "completion__item");
        Object.assign(option, { id: `completion-${number}`, role: "option" });
        const avatar = drawAvatar(id, id ? name : "@", avatar_url);
        avatar.classList.add("avatar--small");
        const shown = make("span", "completion__name cut", name);
        shown.dir = "auto";
        option.append(avatar, shown, make("span", "completion__about", about));
        return option;
      }),
    );
    text.setAttribute("aria-controls", list.id);
    point(0);
    announce(`${found.length} to mention`);
  }

  function point(to) {
    active = (to + options.length) % options.length;
    for (const [number, option] of [...list.children].entries()) option.ariaSelected = String(number === active);
    text.setAttribute("aria-activedescendant", `completion-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    options = [];
    text.removeAttribute("aria-activedescendant");
    text.removeAttribute("aria-controls");
  }

  function take(number) {
    const { at } = wanted() ?? {};
    const { username } = options[number];
    close();
    if (at === undefined) return;
    const end = text.selectionStart;
    const space = text.value[end] === " " ? "" : " ";
    text.setRangeText(`@${username}${space}`, at, end, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  }

  const keys = {
    ArrowDown: () => point(active + 1),
    ArrowUp: () => point(active - 1),
    Enter: () => take(active),
    Tab: () => take(active),
    Escape() {
      closedAt = wanted()?.at ?? null;
      close();
    },
  };
  // Before the text's own: there Enter sends and Escape ends an answer.
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
  // the focus stays in the text, or the list would close before it is chosen from
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const number = [...list.children].indexOf(target.closest("li"));
    if (number >= 0) take(number);
  });
  suggest();
}
