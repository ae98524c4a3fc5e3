/** What was written and isn't stored yet. Kept in `store`, so that it outlives the page; sent one at a time and in
    order within a conversation, and sent again under the same client_id for as long as the outcome is unknown. */

const PASSING = new Set(["unavailable", "rate_limited"]);
const LONGEST_PAUSE = 30_000;

export class Outbox {
  #store;
  #prefix;
  #send;
  #pause;
  #running = new Set();
  #listeners = { sent: [], changed: [] };

  /** `send(item)` resolves to the stored message; throws an error with a `code` when the server refused, without when
      no answer came. `pause(ms)` resolves later. */
  constructor({ store, user, send, pause }) {
    this.#store = store;
    this.#prefix = `outbox:${user}:`;
    this.#send = send;
    this.#pause = pause;
  }

  /** "sent" (message, item) and "changed" (conversation id). */
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

  /** Starts sending wherever something waits; call it when the line is up. */
  flush() {
    for (const key of this.#store.keys(this.#prefix)) this.#run(Number(key.slice(this.#prefix.length)));
  }

  /** Another page of the same browser changed the storage under this key. */
  touched(key) {
    if (!key?.startsWith(this.#prefix)) return;
    for (const listener of this.#listeners.changed) listener(Number(key.slice(this.#prefix.length)));
  }

  async #run(conversation) {
    if (this.#running.has(conversation)) return;
    this.#running.add(conversation);
    try {
      for (let tries = 0; ; ) {
        const item = this.items(conversation).find((waiting) => !waiting.error);
        if (!item) return;
        try {
          const message = await this.#send(item);
          tries = 0;
          // first told, then forgotten: the pending row becomes the stored one in place
          for (const listener of this.#listeners.sent) listener(message, item);
          this.discard(conversation, item.client_id);
        } catch (error) {
          if (error.offline) return; // the next flush goes on
          if (!error.code || PASSING.has(error.code)) {
            tries += 1;
            await this.#pause(Math.min(LONGEST_PAUSE, 500 * 2 ** tries));
          } else {
            // to try again is to confirm
            const meant = error.fields?.mention_all && { mention_all: true };
            this.#change(conversation, item.client_id, { error: error.message, ...meant });
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
