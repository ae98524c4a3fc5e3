import { $, $$, copyOf, setText } from "../lib/dom.js";
import { arrange, localTimes } from "../lib/time.js";
import { avatarHue, initials, isEmojiOnly } from "../models/text.js";

const TICKS = { sending: "Sending", sent: "Sent", read: "Read", failed: "Not sent" };

/** The rows of the log: one <li> a message, made from the same macro as the server's; text goes in as text only. */
export class MessageRows {
  #list;
  #me;
  #onFailed;
  #readSeq = 0;

  constructor(list, { me, onRetry, onDiscard }) {
    this.#list = list;
    this.#me = me;
    this.#onFailed = { onRetry, onDiscard };
  }

  bySeq(seq) {
    return $(`.message[data-seq="${seq}"]`, this.#list);
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
    this.#fill(row, message);
    this.#tick(row, message.read_at || message.seq <= this.#readSeq ? "read" : "sent");
    this.#place(row);
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
    setText(avatar, initials(name));
    setText($(".message__author", row), name);
    setText($(".message__text", row), deleted_at ? "Message deleted" : (content ?? ""));
    $("time", row).dateTime = created_at;
    localTimes(row);
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
