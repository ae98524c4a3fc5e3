import { $, $$, cloneTemplate, createElement, createPicture, previewText, setText } from "../lib/dom.js";
import { arrange, localizeTimes } from "../lib/time.js";
import { avatarHue, initials, isEmojiOnly, isolated, oneLine } from "../models/text.js";

const TICK_LABELS = { sending: "Sending", sent: "Sent", read: "Read", failed: "Not sent" };

const HTTP_URL = /^https?:\/\//i;

/** The rows of the log: one <li> per message, cloned from a <template> of the server's macro. Only `content_html`, which
    the server has sanitised, is inserted as HTML. */
export class MessageRows {
  #list;
  #me;
  #failureHandlers;
  #readSeq = 0;
  #conversation;
  #people = new Map();

  constructor(list, { me, conversation, onRetry, onDiscard }) {
    this.#list = list;
    this.#me = me;
    this.#conversation = conversation;
    this.#people.set(me.id, { ...me, name: "You" });
    for (const pre of $$(".markdown pre", list)) addCopyButton(pre);
    this.#failureHandlers = { onRetry, onDiscard };
  }

  bySeq(seq) {
    return $(`.message[data-seq="${seq}"]`, this.#list);
  }

  byId(id) {
    return $(`.message[data-id="${CSS.escape(id)}"]`, this.#list);
  }

  /** Update names and read pointers, which "Seen by" and reactions show. If `people` has all members, others left. */
  updatePeople(people, complete) {
    const members = new Set(people.map(({ id }) => id));
    if (complete) for (const person of this.#people.values()) if (!members.has(person.id)) person.seq = 0;
    for (const { id, name, last_read_seq: seq = 0 } of people) {
      const known = this.#people.get(id);
      this.#people.set(id, { id, name: id === this.#me.id ? "You" : name, seq: Math.max(seq, known?.seq ?? 0) });
    }
  }

  /** Move a group member's read pointer up to `seq`. */
  setSeenUpTo(id, seq) {
    const person = this.#people.get(id);
    if (person) person.seq = Math.max(person.seq ?? 0, seq);
  }

  /** Draw "Seen by" below the last message that each member has read. */
  drawSeenBy() {
    const namesBySeq = new Map();
    for (const { id, name, seq } of this.#people.values()) {
      if (id !== this.#me.id && seq) namesBySeq.set(seq, [...(namesBySeq.get(seq) ?? []), name]);
    }
    for (const row of $$(".message[data-seq]", this.#list)) {
      const names = namesBySeq.get(Number(row.dataset.seq));
      setPart(row, "message__seen", names && seenBy(names), (part) => row.append(part), "p");
    }
  }

  /** Show a stored message: replaces its pending row or its older version, or adds a row in order of seq. */
  show(message) {
    const pending = message.sender_id === this.#me.id && message.client_id && this.#pending(message.client_id);
    const row = this.bySeq(message.seq) ?? (pending || cloneTemplate("message-template"));
    if (Number(row.dataset.version) > message.version) return;
    if (pending && pending !== row) pending.remove();
    this.#clearFailure(row);
    row.classList.remove("message--pending");
    delete row.dataset.client;
    row.id = `m${message.seq}`;
    const page = `/chats/${this.#conversation}`;
    const url = `${page}/@${message.seq}`;
    $(".message__time", row).href = `${url}#m${message.seq}`;
    if (message.deleted_at || message.type === "system") this.#removeActions(row);
    else {
      $("[data-action=reply]", row).href = `${page}?reply=${message.seq}`;
      $("[data-action=more]", row).href = `${url}?actions#m${message.seq}`;
    }
    this.#fill(row, message);
    this.#setTick(row, message.read_at || message.seq <= this.#readSeq ? "read" : "sent");
    this.#insertInOrder(row);
    for (const quote of $$(`.quote[data-quoted="${message.id}"]`, this.#list)) this.fillQuote(quote, message.seq, row);
  }

  /** Show the outbox at the end, and remove the pending rows that are no longer in it. */
  showPending(items) {
    const waiting = new Set(items.map((item) => item.client_id));
    for (const row of $$(".message[data-client]", this.#list)) if (!waiting.has(row.dataset.client)) row.remove();
    for (const item of items) {
      const row = this.#pending(item.client_id) ?? this.#addPending(item);
      this.#clearFailure(row);
      this.#setTick(row, item.error ? "failed" : "sending");
      if (item.error) this.#showFailure(row, item);
    }
  }

  /** Mark the reader's own messages up to `seq` as read by the other person. */
  markReadUpTo(seq) {
    this.#readSeq = Math.max(this.#readSeq, seq);
    for (const row of $$(`.message[data-sender="${this.#me.id}"][data-seq]`, this.#list).reverse()) {
      if (Number(row.dataset.seq) > seq) continue;
      if ($(".message__ticks", row).dataset.state === "read") return;
      this.#setTick(row, "read");
    }
  }

  /** Put the "New" divider before a message, or remove it. */
  markNew(seq) {
    $(".divider--new", this.#list)?.remove();
    const row = seq && this.bySeq(seq);
    if (row) row.before(cloneTemplate("new-divider-template"));
  }

  arrange() {
    arrange(this.#list);
  }

  #pending(clientId) {
    return $(`.message[data-client="${CSS.escape(clientId)}"]`, this.#list);
  }

  #addPending(item) {
    const row = cloneTemplate("message-template");
    row.classList.add("message--pending");
    row.dataset.client = item.client_id;
    this.#fill(row, {
      type: "text",
      content: item.content,
      reply_to: item.reply_to,
      created_at: item.created_at,
      sender_id: this.#me.id,
      sender: this.#me,
      version: 0,
    });
    this.#list.append(row);
    return row;
  }

  #fill(row, message) {
    const { id, seq, version, type, content, sender_id, sender, created_at, deleted_at } = message;
    Object.assign(row.dataset, { sender: sender_id ?? "", version, created: created_at, type });
    if (id) Object.assign(row.dataset, { id, seq });
    row.classList.toggle("message--system", type === "system");
    row.classList.toggle("message--deleted", Boolean(deleted_at));
    row.classList.toggle("message--emoji", type === "text" && !deleted_at && isEmojiOnly(content));
    const avatar = $(".avatar", row);
    avatar.className = `avatar avatar--${avatarHue(sender_id)}`;
    const name = sender?.name || "Deleted user";
    const picture = sender?.avatar_url;
    if (!picture) setText(avatar, initials(name));
    else if ($("img", avatar)?.getAttribute("src") !== picture) avatar.replaceChildren(createPicture(picture));
    setText($(".message__author", row), name);
    this.#setText($(".message__text", row), message);
    setPart(row, "message__edited", message.edited_at && !deleted_at && "Edited", (part) =>
      $(".message__text", row).after(part), "small");
    this.#setQuote(row, deleted_at ? null : message.reply_to);
    this.#setReactions(row, message);
    $("time", row).dateTime = created_at;
    localizeTimes(row);
  }

  #setText(element, { type, content, content_html: html, deleted_at }) {
    const linked = ["image", "video", "file"].includes(type) && HTTP_URL.test(content);
    element.classList.toggle("markdown", !deleted_at && Boolean(linked || html));
    if (deleted_at) {
      element.textContent = "Message deleted";
    } else if (linked) {
      const link = createElement("a", "", content);
      Object.assign(link, { href: content, rel: "noopener noreferrer nofollow" });
      element.replaceChildren(link);
    } else if (html) {
      element.innerHTML = html;
      for (const pre of $$("pre", element)) addCopyButton(pre);
    } else {
      setText(element, content ?? "");
    }
  }

  #setQuote(row, id) {
    const old = $(".quote", row);
    if (old?.dataset.quoted === id) return;
    old?.remove();
    if (!id) return;
    const quote = createElement("a", "quote truncate");
    Object.assign(quote.dataset, { action: "jump", quoted: id });
    const author = createElement("b", "", "Reply");
    author.dir = "auto";
    quote.append(author, " ", createElement("span", ""));
    const original = this.byId(id);
    if (original) this.fillQuote(quote, original.dataset.seq, original);
    row.querySelector(".message__bubble").prepend(quote);
  }

  /** Fill in a quote from the row, or the message, that it quotes. */
  fillQuote(quote, seq, source) {
    const row = source instanceof Element;
    quote.href = `/chats/${this.#conversation}/@${seq}#m${seq}`;
    setText($("b", quote), row ? $(".message__author", source).textContent : (source.sender?.name ?? "Deleted user"));
    setText($("span", quote), row ? oneLine($(".message__text", source).textContent) : previewText(source));
  }

  #setReactions(row, { id, reactions = [] }) {
    let list = $(".reactions", row);
    if (!reactions.length) {
      list?.remove();
      return;
    }
    if (!list) {
      list = createElement("div", "reactions");
      $(".message__ticks", row).after(list);
    }
    const focused = list.contains(document.activeElement) && document.activeElement.value;
    list.replaceChildren(
      ...reactions.map(({ emoji, count, user_ids: ids }) => {
        const names = ids.map((id) => isolated(this.#people.get(id)?.name ?? "Someone")).join(", ");
        const chip = createElement("button", "chip", `${emoji} ${count}`);
        chip.append(createElement("span", "visually-hidden", ` ${names}`));
        const formAction = `/chats/${this.#conversation}/messages/${id}/react`;
        Object.assign(chip, { name: "emoji", value: emoji, title: names, formAction });
        chip.setAttribute("form", "action-form");
        chip.dataset.users = ids.join(" ");
        return chip;
      }),
    );
    if (focused) $(`[value="${focused}"]`, list)?.focus();
  }

  #removeActions(row) {
    const menu = $("#message-menu", row);
    if (menu) $("#main").append(menu); // the page's only one
    $(".message-actions", row)?.remove();
  }

  #insertInOrder(row) {
    const seq = Number(row.dataset.seq);
    let before = this.#list.lastElementChild;
    while (before && !(before !== row && Number(before.dataset.seq) < seq)) before = before.previousElementSibling;
    const first = this.#list.querySelector(".message");
    if (before) {
      if (before.nextElementSibling !== row) before.after(row);
    } else if (first !== row) {
      this.#list.prepend(row);
    }
  }

  #setTick(row, state) {
    const ticks = $(".message__ticks", row);
    ticks.dataset.state = state;
    ticks.setAttribute("aria-label", TICK_LABELS[state]);
  }

  #showFailure(row, item) {
    const note = cloneTemplate("failure-template");
    setText($("[data-reason]", note), item.error);
    if (item.mention_all) setText($("[data-retry]", note), "Send");
    $("[data-retry]", note).addEventListener("click", () => this.#failureHandlers.onRetry(item));
    $("[data-discard]", note).addEventListener("click", () => this.#failureHandlers.onDiscard(item));
    row.classList.add("message--failed");
    row.append(note);
  }

  #clearFailure(row) {
    row.classList.remove("message--failed");
    $(".message__error", row)?.remove();
  }
}

/** Create, update or remove an optional part of a row. */
function setPart(row, className, text, insert, tag) {
  let part = $(`.${className}`, row);
  if (!text) part?.remove();
  else if (part) setText(part, text);
  else {
    part = createElement(tag, className, text);
    insert(part);
  }
}

/** Name five people, then count the rest, like the template. */
const seenBy = (names) =>
  `Seen by ${names.slice(0, 5).map(isolated).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;

/** Add a copy button to a block of code. CSS draws its label: it is no part of the text. */
function addCopyButton(pre) {
  const box = createElement("div", "code");
  const button = createElement("button", "code__copy");
  button.type = "button";
  button.setAttribute("aria-label", "Copy code");
  Object.assign(button.dataset, { action: "code", label: "Copy" });
  pre.replaceWith(box);
  box.append(pre, button);
}
