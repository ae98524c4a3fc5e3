/** The last and last read seq of each listed conversation, and the unread counts. */
export class ConversationList {
  #known = new Map();
  #unreadElsewhere = 0;

  /** Replace the list with the server's. `unread` is the unread count of all conversations, including those not listed.
      Keeps what live events said since. `counts` is false for silent or archived conversations. */
  reset(conversations, unread) {
    const before = this.#known;
    this.#known = new Map();
    this.#unreadElsewhere = unread;
    for (const { id, last, read, counts } of conversations) {
      const old = before.get(id) ?? { last: 0, read: 0 };
      this.#known.set(id, { last: Math.max(last, old.last), read: Math.max(read, old.read), counts });
      if (counts) this.#unreadElsewhere -= last - read;
    }
  }

  has(id) {
    return this.#known.has(id);
  }

  /** Record a stored message and return whether it is the newest. */
  receive(id, seq, own) {
    const state = this.#known.get(id);
    if (!state) return false;
    const newer = seq > state.last;
    state.last = Math.max(state.last, seq);
    if (own) state.read = Math.max(state.read, seq);
    return newer;
  }

  isLast(id, seq) {
    return this.#known.get(id)?.last === seq;
  }

  read(id, seq) {
    const state = this.#known.get(id);
    if (state) state.read = Math.max(state.read, Math.min(seq, state.last));
  }

  unread(id) {
    const state = this.#known.get(id);
    return state ? Math.max(0, state.last - state.read) : 0;
  }

  get total() {
    const shown = [...this.#known].filter(([, { counts }]) => counts);
    return shown.reduce((sum, [id]) => sum + this.unread(id), Math.max(0, this.#unreadElsewhere));
  }
}
