/** How far each listed conversation has gone and was read; what is unread follows. */
export class ConversationList {
  #known = new Map();

  /** Takes the list as the server has it; what was heard live meanwhile isn't taken back. */
  reset(conversations) {
    const before = this.#known;
    this.#known = new Map();
    for (const { id, last, read } of conversations) {
      const old = before.get(id) ?? { last: 0, read: 0 };
      this.#known.set(id, { last: Math.max(last, old.last), read: Math.max(read, old.read) });
    }
  }

  has(id) {
    return this.#known.has(id);
  }

  /** A message was stored; true when it is newer than what was known. Sending moves the sender's own pointer. */
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
    return [...this.#known.keys()].reduce((sum, id) => sum + this.unread(id), 0);
  }
}
