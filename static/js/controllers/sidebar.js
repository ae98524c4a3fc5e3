import { $, $$, announce, partOf, setAttribute, setText, settled, wordsOf } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";
import { localTimes } from "../lib/time.js";
import { ConversationList } from "../models/conversation_list.js";
import { showPresence } from "./presence.js";

/** The list of conversations, kept true while the page is open, and the number in the document's title. */
export function startSidebar(list, { line, me }) {
  const model = new ConversationList();
  const current = Number(list.dataset.current) || null;
  const paged = new URLSearchParams(location.search).has("cursor");
  let fetching = false;
  let stale = false;
  const title = document.title.replace(/^\(\d+\) /, "");

  const lastWords = (message) =>
    (message.sender_id === me.id && message.type !== "system" && !message.deleted_at ? "You: " : "") + wordsOf(message);
  const links = () => $$("[data-conversation]", list);
  const linkOf = (id) => $(`[data-conversation="${id}"]`, list);

  function draw(id) {
    const link = linkOf(id);
    if (link) {
      const unread = model.unread(id);
      setAttribute(link, "data-unread", unread || null);
      setText($(".pill", link), unread ? String(unread > 99 ? "99+" : unread) : "");
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
      })),
    );
    for (const link of links()) draw(Number(link.dataset.conversation));
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
      const fresh = partOf(await getHtml(list.dataset.source), "conversations");
      const focused = document.activeElement?.dataset?.conversation;
      const place = list.scrollTop;
      localTimes(fresh);
      list.replaceChildren(...fresh.children);
      if (focused) linkOf(focused)?.focus({ preventScroll: true });
      list.scrollTop = place;
      learn();
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
    if (!model.has(id)) {
      refetchSoon();
    } else if (model.receive(id, message.seq, own)) {
      const link = linkOf(id);
      setText($(".conversation-link__words", link), lastWords(message));
      const time = $("time", link);
      time.dateTime = message.created_at;
      time.removeAttribute("title");
      localTimes(link);
      const item = link.closest("li");
      if (item !== list.firstElementChild) {
        const focused = document.activeElement === link;
        list.prepend(item);
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
    if (user_id === me.id) read(conversation_id, seq);
  });
  /** What was said last may be said otherwise, or be gone. */
  function changed(message) {
    const link = linkOf(message.conversation_id);
    if (link && model.isLast(message.conversation_id, message.seq)) {
      setText($(".conversation-link__words", link), lastWords(message));
    }
  }

  line.on("message:edited", changed);
  line.on("message:deleted", changed);
  line.on("user:online", ({ user_id }) => showPresence(user_id, true));
  line.on("user:offline", ({ user_id }) => showPresence(user_id, false));
  for (const event of ["created", "updated", "removed"]) line.on(`conversation:${event}`, refetchSoon);
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
