const RETRYABLE_CODES = new Set(["unavailable", "rate_limited"]);
const MAX_DELAY_MS = 30_000;

/** Messages that are written but not stored yet. They survive the page in `store`. Each conversation sends one at a time
    and in order, with the same client_id until the outcome is known. */
export class Outbox {
  #store;
  #prefix;
  #send;
  #sleep;
  #running = new Set();
  #listeners = { sent: [], changed: [] };

  /** `send(item)` resolves to the stored message. It throws an error with a `code` when the server refuses, and one
      without when no answer comes. `sleep(ms)` resolves later. */
  constructor({ store, user, send, sleep }) {
    this.#store = store;
    this.#prefix = `outbox:${user}:`;
    this.#send = send;
    this.#sleep = sleep;
  }

  /** Listen for "sent" (message, item) or "changed" (conversation id). */
  on(event, listener) {
    this.#listeners[event].push(listener);
  }

  items(conversation) {
    return this.#store.get(this.#prefix + conversation) ?? [];
  }

  add(conversation, item) {
    this.#write(conversation, [...this.items(conversation), { ...item, conversation_id: conversation }]);
    this.flush();
  }

  retry(conversation, clientId) {
    this.#change(conversation, clientId, { error: null });
    this.flush();
  }

  discard(conversation, clientId) {
    this.#write(conversation, this.items(conversation).filter((item) => item.client_id !== clientId));
  }

  /** Start sending everything that waits; call this on every connect. */
  flush() {
    for (const key of this.#store.keys(this.#prefix)) this.#sendAll(Number(key.slice(this.#prefix.length)));
  }

  /** Handle a change of the storage by another page. */
  storageChanged(key) {
    if (!key?.startsWith(this.#prefix)) return;
    for (const listener of this.#listeners.changed) listener(Number(key.slice(this.#prefix.length)));
  }

  async #sendAll(conversation) {
    if (this.#running.has(conversation)) return;
    this.#running.add(conversation);
    try {
      for (let tries = 0; ; ) {
        const item = this.items(conversation).find((waiting) => !waiting.error);
        if (!item) return;
        try {
          const message = await this.#send(item);
          tries = 0;
          // listeners first: the pending row becomes the stored one in place
          for (const listener of this.#listeners.sent) listener(message, item);
          this.discard(conversation, item.client_id);
        } catch (error) {
          if (error.offline) return; // the next flush continues
          if (!error.code || RETRYABLE_CODES.has(error.code)) {
            tries += 1;
            await this.#sleep(Math.min(MAX_DELAY_MS, 500 * 2 ** tries));
          } else {
            // retrying confirms a mention of @all
            const confirmed = error.fields?.mention_all && { mention_all: true };
            this.#change(conversation, item.client_id, { error: error.message, ...confirmed });
          }
        }
      }
    } finally {
      this.#running.delete(conversation);
    }
  }

  #change(conversation, clientId, values) {
    const items = this.items(conversation);
    this.#write(
      conversation,
      items.map((item) => (item.client_id === clientId ? { ...item, ...values } : item)),
    );
  }

  #write(conversation, items) {
    const key = this.#prefix + conversation;
    if (items.length) this.#store.set(key, items);
    else this.#store.remove(key);
    for (const listener of this.#listeners.changed) listener(conversation);
  }
}
