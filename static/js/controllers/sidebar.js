import { $, $$, announce, createElement, debounce, findInHtml, previewText, setAttribute, setText } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";
import { localizeTimes } from "../lib/time.js";
import { ConversationList } from "../models/conversation_list.js";
import { isolated } from "../models/text.js";
import { showPresence } from "./presence.js";

const PAGE_SIZE = 50;
const MAX_LENGTH = 200;
const MAX_ONLINE = 7;

/** Keep the list of conversations and the unread count in the title up to date. */
export function startSidebar(list, { socket, me }) {
  const model = new ConversationList();
  const current = Number(list.dataset.current) || null;
  const source = new URL(list.dataset.source, location);
  let paged = new URLSearchParams(location.search).has("cursor");
  let fetching = false;
  let stale = false;
  let muteTimer; // until the next conversation is unmuted
  const online = $("#online");
  const title = document.title.replace(/^\(\d+\) /, "");

  /** Describe the last message, like templates/chat/_preview.html. */
  function lastMessageText(message, link) {
    const own = message.sender_id === me.id;
    const hasName = message.type !== "system" && !message.deleted_at && (own || !link.dataset.person);
    return (hasName ? `${own ? "You" : isolated(message.sender.name)}: ` : "") + previewText(message);
  }
  const links = () => $$("[data-conversation]", list);
  const nameOf = (link) => $(".conversation-link__name", link).firstChild.textContent;
  const linkOf = (id) => $(`[data-conversation="${id}"]`, list);

  function draw(id) {
    const link = linkOf(id);
    if (link) {
      const unread = model.unread(id);
      setAttribute(link, "data-unread", unread || null);
      setText($("span.unread-badge", link), unread ? String(unread > 99 ? "99+" : unread) : "");
      if (!unread) $(".unread-badge--mention", link)?.remove();
      setText($("[data-unread-label]", link), unread ? `, ${unread} unread` : "");
    }
    document.title = model.total ? `(${model.total}) ${title}` : title;
  }

  function readList() {
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
    clearTimeout(muteTimer);
    const remaining = links().map(({ dataset }) => Date.parse(dataset.silent) - Date.now()).filter((ms) => ms < 2 ** 31);
    if (remaining.length) muteTimer = setTimeout(refresh, Math.min(...remaining) + 500);
  }

  async function refresh() {
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
      const fresh = findInHtml(page, "conversations");
      if (href === source.href) {
        const focused = document.activeElement?.dataset?.conversation;
        const scrollTop = list.scrollTop;
        localizeTimes(fresh);
        list.dataset.unread = fresh.dataset.unread;
        list.replaceChildren(...fresh.children);
        if (focused) linkOf(focused)?.focus({ preventScroll: true });
        list.scrollTop = scrollTop;
        online.replaceChildren(...findInHtml(page, "online").children);
        online.hidden = !online.children.length;
        readList();
      }
    } catch {
      // the next connect refreshes
    }
    fetching = false;
    if (stale) refresh();
  }
  const refreshSoon = debounce(refresh, 100);

  function receive(message) {
    stale = fetching; // the answer on its way may lack this message
    const id = message.conversation_id;
    const own = message.sender_id === me.id;
    const { archived, silent } = linkOf(id)?.dataset ?? {};
    if (!model.has(id) || (archived !== undefined && silent === undefined)) {
      refreshSoon(); // it joins the list, or returns to it from the archive
    } else if (model.receive(id, message.seq, own)) {
      const link = linkOf(id);
      setText($(".conversation-link__preview", link), lastMessageText(message, link));
      const time = $("time", link);
      time.dateTime = message.created_at;
      time.removeAttribute("title");
      localizeTimes(link);
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

  function markRead(id, seq) {
    model.read(id, seq);
    draw(id);
  }

  socket.watch({ onConnect: refreshSoon });
  socket.on("message:received", receive);
  socket.on("message:read", ({ conversation_id, user_id, seq }) => {
    if (user_id !== me.id) return;
    markRead(conversation_id, seq);
    const leavesFilter = conversation_id !== current && source.searchParams.get("filter") === "unread";
    if (leavesFilter || !model.has(conversation_id)) refreshSoon();
  });
  /** Update the preview if the last message was edited or deleted. */
  function updatePreview(message) {
    const link = linkOf(message.conversation_id);
    if (link && model.isLast(message.conversation_id, message.seq)) {
      setText($(".conversation-link__preview", link), lastMessageText(message, link));
    }
  }

  socket.on("message:edited", updatePreview);
  socket.on("message:deleted", updatePreview);

  /** Update a person's online dots, and the list of people online. */
  function updatePresence(user, isOnline) {
    showPresence(user, isOnline);
    const listed = $(`[data-person="${user}"]`, online);
    const link = $(`[data-person="${user}"]`, list);
    if (!isOnline) listed?.remove();
    else if (!listed && link && online.children.length < MAX_ONLINE) {
      const entry = createElement("li", "");
      entry.dataset.person = user;
      const entryLink = createElement("a", "");
      Object.assign(entryLink, { href: link.pathname, title: nameOf(link) });
      const avatar = $(".avatar", link).cloneNode(true);
      avatar.classList.add("avatar--small");
      entryLink.append(avatar, createElement("span", "visually-hidden", entryLink.title));
      entry.append(entryLink);
      online.append(entry);
    }
    online.hidden = !online.children.length;
  }

  socket.on("user:online", ({ user_id }) => updatePresence(user_id, true));
  socket.on("user:offline", ({ user_id }) => updatePresence(user_id, false));
  for (const event of ["conversation:created", "conversation:updated", "conversation:removed", "preferences:updated"]) {
    socket.on(event, refreshSoon);
  }
  socket.on("user:mentioned", refreshSoon);

  // --- search and filters

  function setQuery(name, value) {
    const pageUrl = new URL(location);
    for (const { searchParams } of name === "q" && current ? [source] : [source, pageUrl]) {
      for (const old of ["cursor", "limit", name]) searchParams.delete(old);
      if (value) searchParams.set(name, value);
    }
    paged = false;
    history.replaceState(null, "", pageUrl);
    list.scrollTop = 0;
    refresh();
  }

  const filters = $("#filters");
  filters.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    for (const other of $$("a", filters)) setAttribute(other, "aria-current", other === link ? "true" : null);
    const { filter } = link.dataset;
    setQuery("filter", filter === "all" ? null : filter);
  });

  const search = $("#list-search");
  const query = () => search.elements.q.value.trim();
  const searchServer = debounce(() => setQuery("q", query()), 150);
  search.addEventListener("input", () => {
    // filter what is listed at once; the server's answer adds the rest
    for (const link of links()) {
      link.parentElement.hidden = !nameOf(link).toLowerCase().includes(query().toLowerCase());
    }
    searchServer();
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    links().find((link) => !link.parentElement.hidden)?.click();
  });
  list.addEventListener("click", (event) => {
    const shown = links().length;
    if (!event.target.closest("#more-conversations") || shown >= MAX_LENGTH || paged) return;
    event.preventDefault();
    source.searchParams.set("limit", Math.min(MAX_LENGTH, shown + PAGE_SIZE));
    refresh();
  });
  addEventListener("pagehide", () => {
    try {
      sessionStorage.setItem("sidebar-scroll", String(list.scrollTop));
    } catch {
      // storage is refused: the list starts at the top next time
    }
  });
  readList();

  return {
    markRead,
    receive,
    /** Open the conversation before or after the open one; returns false if there is none. */
    openNext(step, { unread }) {
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
