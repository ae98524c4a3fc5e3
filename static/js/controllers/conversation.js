import { $, $$, announce, copyOf, setText, wordsOf } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { newId } from "../lib/ids.js";
import { Timeline } from "../models/timeline.js";
import { startCatchUp } from "./catch_up.js";
import { startComposer } from "./composer.js";
import { startHistory } from "./history.js";
import { MessageRows } from "./message_rows.js";
import { Scroller } from "./scroller.js";

/** The open conversation: brings together its rows, its scrolling, what comes in and what goes out. */
export function startConversation(log, { line, sidebar, outbox, store, me }) {
  const id = Number(log.dataset.conversation);
  const list = $("#messages", log);
  const jump = $("#jump");
  const start = $("#log-start", log);
  const number = (name) => (log.dataset[name] ? Number(log.dataset[name]) : null);
  const timeline = new Timeline({
    version: number("version"),
    first: number("first"),
    last: number("last"),
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
  const unreadFrom = number("unreadFrom");
  let membersAt;
  let readSeq = number("read") ?? 0;
  let unseen = Number(jump.dataset.count ?? 0);

  const change = (work, how) =>
    scroller.keep(() => {
      work();
      rows.arrange();
      fillQuotes();
    }, how);

  /** Quotes of messages that the page doesn't show. */
  function fillQuotes() {
    for (const quote of $$(".quote:not([href])", list)) {
      quote.href = `/chats/${id}`;
      getJson(`/api/messages/${quote.dataset.of}`)
        .then((message) => rows.quoteOf(quote, message.seq, message))
        .catch(() => {});
    }
  }

  const direct = log.dataset.kind === "direct";

  function readBy(user, seq) {
    if (user === me.id) readSeq = Math.max(readSeq, seq);
    else if (direct) rows.readUpTo(seq);
    else rows.seenUpTo(user, seq);
  }

  // --- reading

  const looking = () => !document.hidden && document.hasFocus() && scroller.atEnd && !timeline.hasAfter;

  async function read() {
    if (!looking()) return;
    unseen = 0;
    drawJump();
    if (!timeline.last || timeline.last <= readSeq || !line.connected) return;
    const before = readSeq;
    readSeq = timeline.last;
    sidebar.read(id, readSeq);
    try {
      await line.request("message:read", { conversation_id: id, seq: readSeq });
    } catch {
      readSeq = before; // said again at the next occasion
    }
  }

  function drawJump() {
    jump.hidden = scroller.atEnd && !timeline.hasAfter;
    if (unseen) jump.dataset.count = unseen;
    else delete jump.dataset.count;
    setText($("span", jump), unseen ? `${unseen} new` : "Newest");
  }

  function toEnd() {
    if (timeline.hasAfter) location.assign(jump.href);
    else scroller.toEnd({ smooth: true });
  }

  // --- what comes in

  function onMessages(messages, { live = false } = {}) {
    const fresh = messages.filter(({ seq, sender_id }) => sender_id !== me.id && seq > readSeq && !rows.bySeq(seq));
    const shown = messages.filter((message) => timeline.shows(message.seq));
    const wasLooking = looking();
    change(() => {
      for (const message of shown) {
        rows.show(message);
        timeline.include(message.seq);
      }
      if (fresh.length && !wasLooking && !unseen) rows.markNew(fresh[0].seq);
    });
    if (!wasLooking) unseen += fresh.length;
    if (live) for (const message of fresh) announce(`${message.sender?.name ?? "Someone"}: ${wordsOf(message)}`);
    if (live && messages[0].deleted_at) announce("Message deleted");
    for (const message of messages) sidebar.receive(message);
    drawJump();
    read();
  }

  function onConversation(conversation) {
    if (!conversation) return;
    const people = conversation.participants ?? [];
    rows.learn(people, people.length === conversation.participant_count);
    for (const { id: user, last_read_seq: seq } of people) readBy(user, seq);
    if (!direct) {
      change(() => rows.drawSeen());
      if (conversation.name) setText($(".bar__title"), conversation.name);
      drawRights(conversation, people.find((person) => person.id === me.id)?.member_role);
    }
  }

  /** Who may delete and write here. An event about a large group doesn't say what one is in it. */
  function drawRights({ announcements_only: closed, membership_version: version }, role) {
    if (role) log.toggleAttribute("data-may-delete", role !== "member");
    else if (closed && version !== membersAt) {
      getJson(`/api/chat/${id}/changes`, { after_version: timeline.version })
        .then((changes) => onConversation(changes.conversation))
        .catch(() => {});
    }
    membersAt = version;
    $("#main").toggleAttribute("data-reads-only", closed && !log.hasAttribute("data-may-delete"));
  }

  function onGone() {
    $("#main").replaceChildren(copyOf("gone-template"));
  }

  startCatchUp({ line, id, timeline, onMessages, onConversation, onGone });
  line.on("message:read", ({ conversation_id, user_id, seq }) => {
    if (conversation_id !== id) return;
    readBy(user_id, seq);
    if (!direct) change(() => rows.drawSeen());
  });

  startHistory(log, {
    timeline,
    address: `/api/chat/${id}/messages`,
    edges: {
      before: $("#older", log),
      after: $("#newer", log),
      done(older) {
        if (older) start.hidden = false;
        $(older ? "#older" : "#newer", log).hidden = true;
        drawJump();
      },
    },
    onPage(messages) {
      change(() => {
        for (const message of messages) {
          rows.show(message);
          timeline.include(message.seq);
        }
        // more was unread than one page holds
        if (unreadFrom && messages.some(({ seq }) => seq === unreadFrom)) rows.markNew(unreadFrom);
      }, { follow: false });
      drawJump();
    },
  });

  // --- what goes out

  outbox.on("sent", (message) => {
    if (message.conversation_id !== id || !timeline.shows(message.seq)) return;
    readSeq = Math.max(readSeq, message.seq);
    change(() => {
      rows.show(message);
      timeline.include(message.seq);
    });
    sidebar.receive(message);
  });
  outbox.on("changed", (conversation) => {
    if (conversation === id) change(() => rows.showPending(outbox.items(id)));
  });
  if (outbox.items(id).length) change(() => rows.showPending(outbox.items(id)));

  const composer = startComposer($("#composer"), {
    store,
    key: `draft:${me.id}:${id}`,
    onEdit: async (message_id, content, mention_all) =>
      show(await line.request("message:edit", { message_id, content, mention_all })),
    onSend(content, reply_to, mention_all) {
      outbox.add(id, { client_id: newId(), content, reply_to, mention_all, created_at: new Date().toISOString() });
      if (timeline.hasAfter) toEnd();
      change(() => rows.markNew(null));
      scroller.toEnd();
    },
  });

  // --- what is done with a message: loaded when first wanted

  const show = ({ message }) => change(() => rows.show(message), { follow: false });
  let loading;
  const actions = () =>
    (loading ??= import("./actions.js")
      .then(({ startActions }) => startActions({ log, rows, line, composer, show, me }))
      .catch((error) => {
        loading = null;
        composer.say("The server can’t be reached.");
        throw error;
      }));

  log.addEventListener("click", async (event) => {
    const control = event.target.closest("[data-act], button[name=emoji]");
    if (!control || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    (await actions()).act(control);
  });
  log.addEventListener("pointerover", () => import("./actions.js").catch(() => {}), { once: true });
  // A long press opens the menu when the finger leaves: a menu opened before would be closed by that.
  let pressed = 0;
  log.addEventListener("pointerdown", ({ target, pointerType }) => {
    pressed = pointerType === "touch" && !target.closest(".actions, a, button") ? performance.now() : 0;
  });
  log.addEventListener("pointercancel", () => (pressed = 0));
  log.addEventListener("touchend", (event) => {
    const row = pressed && performance.now() - pressed > 450 && event.target.closest(".message[data-seq]");
    pressed = 0;
    if (!row) return;
    event.preventDefault(); // or a tap may follow, which closes what is open
    setTimeout(async () => (await actions()).open(row));
  });
  log.addEventListener("contextmenu", (event) => pressed && event.preventDefault());
  composer.text.addEventListener("keydown", async (event) => {
    if (event.key !== "ArrowUp" || composer.text.value || event.altKey || event.isComposing) return;
    event.preventDefault();
    (await actions()).editLast();
  });

  // --- the reader moves

  log.addEventListener("scroll", () => {
    drawJump();
    read();
  }, { passive: true });
  addEventListener("focus", read);
  document.addEventListener("visibilitychange", read);
  line.watch({ up: read });
  list.addEventListener("rearrange", () => change(() => {}));
  jump.addEventListener("click", (event) => {
    event.preventDefault();
    toEnd();
  });
  drawJump();

  return { toEnd, key: async (key) => (await actions()).key(key) };
}
