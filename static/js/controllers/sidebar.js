import { $, $$, announce, make, partOf, setAttribute, setText, settled, wordsOf } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";
import { localTimes } from "../lib/time.js";
import { ConversationList } from "../models/conversation_list.js";
import { isolated } from "../models/text.js";
import { showPresence } from "./presence.js";

const PAGE = 50;
const MOST = 200;
const MOST_ONLINE = 7;

/** The list of conversations, kept true while the page is open, what narrows it, and the number in the document's title. */
export function startSidebar(list, { line, me }) {
  const model = new ConversationList();
  const current = Number(list.dataset.current) || null;
  const source = new URL(list.dataset.source, location);
  let paged = new URLSearchParams(location.search).has("cursor");
  let fetching = false;
  let stale = false;
  let ending;
  const online = $("#online");
  const title = document.title.replace(/^\(\d+\) /, "");

  /** As templates/chat/_last_words.html has them. */
  function lastWords(message, link) {
    const own = message.sender_id === me.id;
    const named = message.type !== "system" && !message.deleted_at && (own || !link.dataset.person);
    return (named ? `${own ? "You" : isolated(message.sender.name)}: ` : "") + wordsOf(message);
  }
  const links = () => $$("[data-conversation]", list);
  const nameOf = (link) => $(".conversation-link__name", link).firstChild.textContent;
  const linkOf = (id) => $(`[data-conversation="${id}"]`, list);

  function draw(id) {
    const link = linkOf(id);
    if (link) {
      const unread = model.unread(id);
      setAttribute(link, "data-unread", unread || null);
      setText($("span.pill", link), unread ? String(unread > 99 ? "99+" : unread) : "");
      if (!unread) $(".pill--mention", link)?.remove();
      setText($("[data-unread-words]", link), unread ? `, ${unread} unread` : "");
    }
    document.title = model.total ? `(${model.total}) ${title}` : title;
  }

  function learn() {
    model.reset(
      links().map(({ dataset }) => ({
        id: Number(dataset.conversation),
        last: Number(dataset.last),
        read: Number(dataset.read),
        counts: !("silent" in dataset || "archived" in dataset),
      })),
      Number(list.dataset.unread),
    );
    for (const link of links()) draw(Number(link.dataset.conversation));
    clearTimeout(ending);
    const left = links().map(({ dataset }) => Date.parse(dataset.silent) - Date.now()).filter((ms) => ms < 2 ** 31);
    if (left.length) ending = setTimeout(refetch, Math.min(...left) + 500);
  }

  async function refetch() {
    if (paged) return;
    if (fetching) {
      stale = true;
      return;
    }
    fetching = true;
    stale = false;
    try {
      const { href } = source;
      const page = await getHtml(href);
      const fresh = partOf(page, "conversations");
      if (href === source.href) {
        const focused = document.activeElement?.dataset?.conversation;
        const place = list.scrollTop;
        localTimes(fresh);
        list.dataset.unread = fresh.dataset.unread;
        list.replaceChildren(...fresh.children);
        if (focused) linkOf(focused)?.focus({ preventScroll: true });
        list.scrollTop = place;
        online.replaceChildren(...partOf(page, "online").children);
        online.hidden = !online.children.length;
        learn();
      }
    } catch {
      // the next connection asks again
    }
    fetching = false;
    if (stale) refetch();
  }
  const refetchSoon = settled(refetch, 100);

  function receive(message) {
    stale = fetching; // what comes in the meantime may not be in the answer
    const id = message.conversation_id;
    const own = message.sender_id === me.id;
    const { archived, silent } = linkOf(id)?.dataset ?? {};
    if (!model.has(id) || (archived !== undefined && silent === undefined)) {
      refetchSoon(); // it comes into the list, or goes back there from the archive
    } else if (model.receive(id, message.seq, own)) {
      const link = linkOf(id);
      setText($(".conversation-link__words", link), lastWords(message, link));
      const time = $("time", link);
      time.dateTime = message.created_at;
      time.removeAttribute("title");
      localTimes(link);
      const first = links().find(({ dataset }) => "pinned" in dataset === "pinned" in link.dataset);
      if (first !== link) {
        const focused = document.activeElement === link;
        first.closest("li").before(link.closest("li"));
        if (focused) link.focus({ preventScroll: true });
      }
      draw(id);
    }
    if (!own && id !== current) announce(`New message from ${message.sender?.name ?? "someone"}`);
  }

  function read(id, seq) {
    model.read(id, seq);
    draw(id);
  }

  line.watch({ up: refetchSoon });
  line.on("message:received", receive);
  line.on("message:read", ({ conversation_id, user_id, seq }) => {
    if (user_id !== me.id) return;
    read(conversation_id, seq);
    const leaves = conversation_id !== current && source.searchParams.get("filter") === "unread";
    if (leaves || !model.has(conversation_id)) refetchSoon();
  });
  /** What was said last may be said otherwise, or be gone. */
  function changed(message) {
    const link = linkOf(message.conversation_id);
    if (link && model.isLast(message.conversation_id, message.seq)) {
      setText($(".conversation-link__words", link), lastWords(message, link));
    }
  }

  line.on("message:edited", changed);
  line.on("message:deleted", changed);

  /** Somebody came or went: their dots, and their place among those who are online. */
  function presence(user, here) {
    showPresence(user, here);
    const place = $(`[data-person="${user}"]`, online);
    const link = $(`[data-person="${user}"]`, list);
    if (!here) place?.remove();
    else if (!place && link && online.children.length < MOST_ONLINE) {
      const entry = make("li", "");
      entry.dataset.person = user;
      const shown = make("a", "");
      Object.assign(shown, { href: link.pathname, title: nameOf(link) });
      const avatar = $(".avatar", link).cloneNode(true);
      avatar.classList.add("avatar--small");
      shown.append(avatar, make("span", "visually-hidden", shown.title));
      entry.append(shown);
      online.append(entry);
    }
    online.hidden = !online.children.length;
  }

  line.on("user:online", ({ user_id }) => presence(user_id, true));
  line.on("user:offline", ({ user_id }) => presence(user_id, false));
  for (const event of ["conversation:created", "conversation:updated", "conversation:removed", "preferences:updated"]) {
    line.on(event, refetchSoon);
  }
  line.on("user:mentioned", refetchSoon);

  // --- what narrows the list

  function narrow(name, value) {
    const address = new URL(location);
    for (const { searchParams } of name === "q" && current ? [source] : [source, address]) {
      for (const old of ["cursor", "limit", name]) searchParams.delete(old);
      if (value) searchParams.set(name, value);
    }
    paged = false;
    history.replaceState(null, "", address);
    list.scrollTop = 0;
    refetch();
  }

  const filters = $("#filters");
  filters.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    for (const one of $$("a", filters)) setAttribute(one, "aria-current", one === link ? "true" : null);
    const { filter } = link.dataset;
    narrow("filter", filter === "all" ? null : filter);
  });

  const search = $("#list-search");
  const wanted = () => search.elements.q.value.trim();
  const ask = settled(() => narrow("q", wanted()), 150);
  search.addEventListener("input", () => {
    // what is here at once, the rest when the server has it
    for (const link of links()) {
      link.parentElement.hidden = !nameOf(link).toLowerCase().includes(wanted().toLowerCase());
    }
    ask();
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    links().find((link) => !link.parentElement.hidden)?.click();
  });
  list.addEventListener("click", (event) => {
    const shown = links().length;
    if (!event.target.closest("#more-conversations") || shown >= MOST || paged) return;
    event.preventDefault();
    source.searchParams.set("limit", Math.min(MOST, shown + PAGE));
    refetch();
  });
  addEventListener("pagehide", () => {
    try {
      sessionStorage.setItem("sidebar-scroll", String(list.scrollTop));
    } catch {
      // storage refused: the list starts at its top next time
    }
  });
  learn();

  return {
    read,
    receive,
    /** Opens the conversation before or after the open one; false when there is none. */
    go(step, { unread }) {
      const all = links();
      let at = all.findIndex((link) => link.hasAttribute("aria-current"));
      if (at < 0) at = step > 0 ? -1 : all.length;
      for (let i = at + step; i >= 0 && i < all.length; i += step) {
        if (unread && !model.unread(Number(all[i].dataset.conversation))) continue;
        all[i].click();
        return true;
      }
      return false;
    },
  };
}
