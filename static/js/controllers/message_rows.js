import { $, $$, copyOf, make, pictureOf, setText, wordsOf } from "../lib/dom.js";
import { arrange, localTimes } from "../lib/time.js";
import { avatarHue, initials, isEmojiOnly, isolated } from "../models/text.js";

const TICKS = { sending: "Sending", sent: "Sent", read: "Read", failed: "Not sent" };

const ADDRESS = /^https?:\/\//i;

/** The rows of the log: one <li> a message, made from the same macro as the server's. Text goes in as text; HTML only
    from `content_html`, which the server has sanitised. */
export class MessageRows {
  #list;
  #me;
  #onFailed;
  #readSeq = 0;
  #conversation;
  #people = new Map();

  constructor(list, { me, conversation, onRetry, onDiscard }) {
    this.#list = list;
    this.#me = me;
    this.#conversation = conversation;
    this.#people.set(me.id, { ...me, name: "You" });
    for (const pre of $$(".markup pre", list)) withCopy(pre);
    this.#onFailed = { onRetry, onDiscard };
  }

  bySeq(seq) {
    return $(`.message[data-seq="${seq}"]`, this.#list);
  }

  byId(id) {
    return $(`.message[data-id="${CSS.escape(id)}"]`, this.#list);
  }

  /** Who is who, and how far each has read: what "Seen by" and reactions name. Where these are all members, whoever
      isn't among them is no reader any more. */
  learn(people, all) {
    const members = new Set(people.map(({ id }) => id));
    if (all) for (const person of this.#people.values()) if (!members.has(person.id)) person.seq = 0;
    for (const { id, name, last_read_seq: seq = 0 } of people) {
      const known = this.#people.get(id);
      this.#people.set(id, { id, name: id === this.#me.id ? "You" : name, seq: Math.max(seq, known?.seq ?? 0) });
    }
  }

  /** A group's member has read up to `seq`. */
  seenUpTo(id, seq) {
    const person = this.#people.get(id);
    if (person) person.seq = Math.max(person.seq ?? 0, seq);
  }

  /** Draws "Seen by" below the message where each stands. */
  drawSeen() {
    const places = new Map();
    for (const { id, name, seq } of this.#people.values()) {
      if (id !== this.#me.id && seq) places.set(seq, [...(places.get(seq) ?? []), name]);
    }
    for (const row of $$(".message[data-seq]", this.#list)) {
      const names = places.get(Number(row.dataset.seq));
      part(row, "message__seen", names && seenBy(names), (line) => row.append(line), "p");
    }
  }

  /** Shows a stored message: in the place of the pending one with its client_id, of its own older state, or by seq. */
  show(message) {
    const pending = message.sender_id === this.#me.id && message.client_id && this.#pending(message.client_id);
    const row = this.bySeq(message.seq) ?? (pending || copyOf("message-template"));
    if (Number(row.dataset.version) > message.version) return;
    if (pending && pending !== row) pending.remove();
    this.#clearFailure(row);
    row.classList.remove("message--pending");
    delete row.dataset.client;
    row.id = `m${message.seq}`;
    const page = `/chats/${this.#conversation}`;
    const place = `${page}/@${message.seq}`;
    $(".message__time", row).href = `${place}#m${message.seq}`;
    // the server's rows of what was deleted, or what it says itself, have no actions
    $("[data-act=reply]", row)?.setAttribute("href", `${page}?reply=${message.seq}`);
    $("[data-act=more]", row)?.setAttribute("href", `${place}?actions#m${message.seq}`);
    this.#fill(row, message);
    this.#tick(row, message.read_at || message.seq <= this.#readSeq ? "read" : "sent");
    this.#place(row);
    for (const quote of $$(`.quote[data-of="${message.id}"]`, this.#list)) this.quoteOf(quote, message.seq, row);
  }

  /** Shows what waits to be sent, at the end, and takes away pending rows of which nothing waits any more. */
  showPending(items) {
    const waiting = new Set(items.map((item) => item.client_id));
    for (const row of $$(".message[data-client]", this.#list)) if (!waiting.has(row.dataset.client)) row.remove();
    for (const item of items) {
      const row = this.#pending(item.client_id) ?? this.#newPending(item);
      this.#clearFailure(row);
      this.#tick(row, item.error ? "failed" : "sending");
      if (item.error) this.#fail(row, item);
    }
  }

  /** Everything of one's own up to `seq` was read by the other. */
  readUpTo(seq) {
    this.#readSeq = Math.max(this.#readSeq, seq);
    for (const row of $$(`.message[data-sender="${this.#me.id}"][data-seq]`, this.#list).reverse()) {
      if (Number(row.dataset.seq) > seq) continue;
      if ($(".message__ticks", row).dataset.state === "read") return;
      this.#tick(row, "read");
    }
  }

  /** Draws the "New" line before a message, or takes it away. */
  markNew(seq) {
    $(".line--new", this.#list)?.remove();
    const row = seq && this.bySeq(seq);
    if (row) row.before(copyOf("new-line-template"));
  }

  arrange() {
    arrange(this.#list);
  }

  #pending(clientId) {
    return $(`.message[data-client="${CSS.escape(clientId)}"]`, this.#list);
  }

  #newPending(item) {
    const row = copyOf("message-template");
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
    else if ($("img", avatar)?.getAttribute("src") !== picture) avatar.replaceChildren(pictureOf(picture));
    setText($(".message__author", row), name);
    this.#words($(".message__text", row), message);
    part(row, "message__edited", message.edited_at && !deleted_at && "Edited", (mark) =>
      $(".message__text", row).after(mark), "small");
    this.#quote(row, deleted_at ? null : message.reply_to);
    this.#reactions(row, message.reactions ?? []);
    $("time", row).dateTime = created_at;
    localTimes(row);
  }

  #words(place, { type, content, content_html: html, deleted_at }) {
    const linked = ["image", "video", "file"].includes(type) && ADDRESS.test(content);
    place.classList.toggle("markup", !deleted_at && Boolean(linked || html));
    if (deleted_at) {
      place.textContent = "Message deleted";
    } else if (linked) {
      const link = make("a", "", content);
      Object.assign(link, { href: content, rel: "noopener noreferrer nofollow" });
      place.replaceChildren(link);
    } else if (html) {
      place.innerHTML = html;
      for (const pre of $$("pre", place)) withCopy(pre);
    } else {
      setText(place, content ?? "");
    }
  }

  #quote(row, id) {
    const old = $(".quote", row);
    if (old?.dataset.of === id) return;
    old?.remove();
    if (!id) return;
    const quote = make("a", "quote cut");
    Object.assign(quote.dataset, { act: "jump", of: id });
    quote.append(make("b", "", "Reply"), " ", make("span", ""));
    const original = this.byId(id);
    if (original) this.quoteOf(quote, original.dataset.seq, original);
    row.querySelector(".message__bubble").prepend(quote);
  }

  /** Fills in a quoted line from the row, or the message, that it quotes. */
  quoteOf(quote, seq, source) {
    const row = source instanceof Element;
    quote.href = `/chats/${this.#conversation}/@${seq}#m${seq}`;
    setText($("b", quote), row ? $(".message__author", source).textContent : (source.sender?.name ?? "Deleted user"));
    setText($("span", quote), row ? $(".message__text", source).textContent.slice(0, 200) : wordsOf(source));
  }

  #reactions(row, reactions) {
    let place = $(".reactions", row);
    if (!reactions.length) {
      place?.remove();
      return;
    }
    if (!place) {
      place = make("div", "reactions");
      $(".message__ticks", row).after(place);
    }
    const focused = place.contains(document.activeElement) && document.activeElement.value;
    place.replaceChildren(
      ...reactions.map(({ emoji, count, user_ids: ids }) => {
        const who = ids.map((id) => isolated(this.#people.get(id)?.name ?? "Someone")).join(", ");
        const chip = make("button", "chip", `${emoji} ${count}`);
        chip.append(make("span", "visually-hidden", ` ${who}`));
        Object.assign(chip, { name: "emoji", value: emoji, title: who });
        chip.dataset.users = ids.join(" ");
        return chip;
      }),
    );
    if (focused) $(`[value="${focused}"]`, place)?.focus();
  }

  #place(row) {
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

  #tick(row, state) {
    const ticks = $(".message__ticks", row);
    ticks.dataset.state = state;
    ticks.setAttribute("aria-label", TICKS[state]);
  }

  #fail(row, item) {
    const note = copyOf("failure-template");
    setText($("[data-reason]", note), item.error);
    if (item.mention_all) setText($("[data-retry]", note), "Send");
    $("[data-retry]", note).addEventListener("click", () => this.#onFailed.onRetry(item));
    $("[data-discard]", note).addEventListener("click", () => this.#onFailed.onDiscard(item));
    row.classList.add("message--failed");
    row.append(note);
  }

  #clearFailure(row) {
    row.classList.remove("message--failed");
    $(".message__error", row)?.remove();
  }
}

/** The small piece of a row that is there only when it has something to say. */
function part(row, className, text, put, tag) {
  let piece = $(`.${className}`, row);
  if (!text) piece?.remove();
  else if (piece) setText(piece, text);
  else {
    piece = make(tag, className, text);
    put(piece);
  }
}

/** As the template has it: five names, then a number. */
const seenBy = (names) =>
  `Seen by ${names.slice(0, 5).map(isolated).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;

/** A button over a block of code; its word is drawn, so that it is no part of the text. */
function withCopy(pre) {
  const box = make("div", "code");
  const button = make("button", "code__copy");
  button.type = "button";
  button.setAttribute("aria-label", "Copy code");
  Object.assign(button.dataset, { act: "code", word: "Copy" });
  pre.replaceWith(box);
  box.append(pre, button);
}
