import { $, $$, announce, cloneTemplate, previewText, setText } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { newId } from "../lib/ids.js";
import { Timeline } from "../models/timeline.js";
import { startCatchUp } from "./catch_up.js";
import { startComposer } from "./composer.js";
import { startHistory } from "./history.js";
import { MessageRows } from "./message_rows.js";
import { Scroller } from "./scroller.js";

/** Start the open conversation: connects rows, scrolling, events and composer. */
export function startConversation(log, { socket, sidebar, outbox, store, me }) {
  const id = Number(log.dataset.conversation);
  const list = $("#messages", log);
  const jump = $("#jump");
  const start = $("#log-start", log);
  const numberFrom = (name) => (log.dataset[name] ? Number(log.dataset[name]) : null);
  const timeline = new Timeline({
    version: numberFrom("version"),
    first: numberFrom("first"),
    last: numberFrom("last"),
    hasBefore: "hasBefore" in log.dataset,
    hasAfter: "hasAfter" in log.dataset,
  });
  const scroller = new Scroller(log);
  const rows = new MessageRows(list, {
    me,
    conversation: id,
    onRetry: (item) => outbox.retry(id, item.client_id),
    onDiscard: (item) => outbox.discard(id, item.client_id),
  });
  const unreadFrom = numberFrom("unreadFrom");
  let membershipVersion;
  let readSeq = numberFrom("read") ?? 0;
  let newCount = Number(jump.dataset.count ?? 0);

  const update = (change, options) =>
    scroller.keepPosition(() => {
      change();
      rows.arrange();
      fillQuotes();
    }, options);

  /** Fetch quoted messages that the page doesn't show. */
  function fillQuotes() {
    for (const quote of $$(".quote:not([href])", list)) {
      quote.href = `/chats/${id}`;
      getJson(`/api/messages/${quote.dataset.quoted}`)
        .then((message) => rows.fillQuote(quote, message.seq, message))
        .catch(() => {});
    }
  }

  const isDirect = log.dataset.kind === "direct";

  function setReadBy(user, seq) {
    if (user === me.id) readSeq = Math.max(readSeq, seq);
    else if (isDirect) rows.markReadUpTo(seq);
    else rows.setSeenUpTo(user, seq);
  }

  // --- read receipts

  const isReading = () => !document.hidden && document.hasFocus() && scroller.atEnd && !timeline.hasAfter;

  async function markRead() {
    if (!isReading()) return;
    newCount = 0;
    drawJumpButton();
    if (!timeline.last || timeline.last <= readSeq || !socket.connected) return;
    const before = readSeq;
    readSeq = timeline.last;
    sidebar.markRead(id, readSeq);
    try {
      await socket.request("message:read", { conversation_id: id, seq: readSeq });
    } catch {
      readSeq = before; // sent again next time
    }
  }

  function drawJumpButton() {
    jump.hidden = scroller.atEnd && !timeline.hasAfter;
    if (newCount) jump.dataset.count = newCount;
    else delete jump.dataset.count;
    setText($("span", jump), newCount ? `${newCount} new` : "Newest");
  }

  function scrollToEnd() {
    if (timeline.hasAfter) location.assign(jump.href);
    else scroller.scrollToEnd({ smooth: true });
  }

  // --- incoming

  function onMessages(messages, { live = false } = {}) {
    const fresh = messages.filter(({ seq, sender_id }) => sender_id !== me.id && seq > readSeq && !rows.bySeq(seq));
    const shown = messages.filter((message) => timeline.covers(message.seq));
    const wasReading = isReading();
    update(() => {
      for (const message of shown) {
        rows.show(message);
        timeline.include(message.seq);
      }
      if (fresh.length && !wasReading && !newCount) rows.markNew(fresh[0].seq);
    });
    if (!wasReading) newCount += fresh.length;
    if (live) for (const message of fresh) announce(`${message.sender?.name ?? "Someone"}: ${previewText(message)}`);
    if (live && messages[0].deleted_at) announce("Message deleted");
    for (const message of messages) sidebar.receive(message);
    drawJumpButton();
    markRead();
  }

  function onConversation(conversation) {
    if (!conversation) return;
    const people = conversation.participants ?? [];
    rows.updatePeople(people, people.length === conversation.participant_count);
    for (const { id: user, last_read_seq: seq } of people) setReadBy(user, seq);
    if (!isDirect) {
      update(() => rows.drawSeenBy());
      if (conversation.name) setText($(".bar__title"), conversation.name);
      updatePermissions(conversation, people.find((person) => person.id === me.id)?.member_role);
    }
  }

  /** Update who may delete and write. An event about a large group doesn't list the reader's role: fetch it. */
  function updatePermissions({ announcements_only: closed, membership_version: version }, role) {
    if (role) log.toggleAttribute("data-may-delete", role !== "member");
    else if (closed && version !== membershipVersion) {
      getJson(`/api/chat/${id}/changes`, { after_version: timeline.version })
        .then((changes) => onConversation(changes.conversation))
        .catch(() => {});
    }
    membershipVersion = version;
    $("#main").toggleAttribute("data-read-only", closed && !log.hasAttribute("data-may-delete"));
  }

  function onGone() {
    $("#main").replaceChildren(cloneTemplate("removed-template"));
  }

  startCatchUp({ socket, id, timeline, onMessages, onConversation, onGone });
  socket.on("message:read", ({ conversation_id, user_id, seq }) => {
    if (conversation_id !== id) return;
    setReadBy(user_id, seq);
    if (!isDirect) update(() => rows.drawSeenBy());
  });

  startHistory(log, {
    timeline,
    url: `/api/chat/${id}/messages`,
    links: { older: $("#older", log), newer: $("#newer", log) },
    onEnd({ older }) {
      if (older) start.hidden = false;
      $(older ? "#older" : "#newer", log).hidden = true;
      drawJumpButton();
    },
    onPage(messages) {
      update(() => {
        for (const message of messages) {
          rows.show(message);
          timeline.include(message.seq);
        }
        // the first unread message wasn't on the first page
        if (unreadFrom && messages.some(({ seq }) => seq === unreadFrom)) rows.markNew(unreadFrom);
      }, { follow: false });
      drawJumpButton();
    },
  });

  // --- outgoing

  outbox.on("sent", (message) => {
    if (message.conversation_id !== id || !timeline.covers(message.seq)) return;
    readSeq = Math.max(readSeq, message.seq);
    update(() => {
      rows.show(message);
      timeline.include(message.seq);
    });
    sidebar.receive(message);
  });
  outbox.on("changed", (conversation) => {
    if (conversation === id) update(() => rows.showPending(outbox.items(id)));
  });
  if (outbox.items(id).length) update(() => rows.showPending(outbox.items(id)));

  const composer = startComposer($("#composer"), {
    store,
    key: `draft:${me.id}:${id}`,
    onEdit: async (message_id, content, mention_all) =>
      show(await socket.request("message:edit", { message_id, content, mention_all })),
    onSend(content, reply_to, mention_all) {
      outbox.add(id, { client_id: newId(), content, reply_to, mention_all, created_at: new Date().toISOString() });
      if (timeline.hasAfter) scrollToEnd();
      update(() => rows.markNew(null));
      scroller.scrollToEnd();
    },
  });

  // --- message actions, loaded when first used

  const show = ({ message }) => update(() => rows.show(message), { follow: false });
  let loading;
  const loadActions = () =>
    (loading ??= import("./message_actions.js")
      .then(({ startMessageActions }) => startMessageActions({ log, rows, socket, composer, show, me }))
      .catch((error) => {
        loading = null;
        composer.showError("Can’t reach the server.");
        throw error;
      }));

  log.addEventListener("click", async (event) => {
    const control = event.target.closest("[data-action], button[name=emoji]");
    if (!control || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    (await loadActions()).run(control);
  });
  log.addEventListener("pointerover", () => import("./message_actions.js").catch(() => {}), { once: true });
  // A long press opens the menu on touchend, since lifting the finger would close a menu opened before.
  let pressedAt = 0;
  log.addEventListener("pointerdown", ({ target, pointerType }) => {
    pressedAt = pointerType === "touch" && !target.closest(".message-actions, a, button") ? performance.now() : 0;
  });
  log.addEventListener("pointercancel", () => (pressedAt = 0));
  log.addEventListener("touchend", (event) => {
    const row = pressedAt && performance.now() - pressedAt > 450 && event.target.closest(".message[data-seq]");
    pressedAt = 0;
    if (!row) return;
    event.preventDefault(); // prevents a tap, which would close the menu
    setTimeout(async () => (await loadActions()).openMenu(row));
  });
  log.addEventListener("contextmenu", (event) => pressedAt && event.preventDefault());
  composer.text.addEventListener("keydown", async (event) => {
    if (event.key !== "ArrowUp" || composer.text.value || event.altKey || event.isComposing) return;
    event.preventDefault();
    (await loadActions()).editLast();
  });

  // --- the reader's scrolling and focus

  log.addEventListener("scroll", () => {
    drawJumpButton();
    markRead();
  }, { passive: true });
  addEventListener("focus", markRead);
  document.addEventListener("visibilitychange", markRead);
  socket.watch({ onConnect: markRead });
  list.addEventListener("rearrange", () => update(() => {}));
  jump.addEventListener("click", (event) => {
    event.preventDefault();
    scrollToEnd();
  });
  drawJumpButton();

  return { scrollToEnd, handleKey: async (key) => (await loadActions()).handleKey(key) };
}
