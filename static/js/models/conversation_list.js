/** How far each listed conversation has gone and was read; what is unread follows. */
export class ConversationList {
  #known = new Map();
  #beyond = 0;

  /** Takes the list as the server has it, and how much is unread in it and beyond what is shown of it; what was heard live
      meanwhile isn't taken back. `counts` is false for what is silent or archived. */
  reset(conversations, unread) {
    const before = this.#known;
    this.#known = new Map();
    this.#beyond = unread;
    for (const { id, last, read, counts } of conversations) {
      const old = before.get(id) ?? { last: 0, read: 0 };
      this.#known.set(id, { last: Math.max(last, old.last), read: Math.max(read, old.read), counts });
      if (counts) this.#beyond -= last - read;
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
    const shown = [...this.#known].filter(([, { counts }]) => counts);
    return shown.reduce((sum, [id]) => sum + this.unread(id), Math.max(0, this.#beyond));
  }
}
