/** The log's scrolling. It is a reversed column: scrollTop is 0 at the newest message and below zero above it. */
export class Scroller {
  #log;

  constructor(log) {
    this.#log = log;
  }

  get atEnd() {
    return this.#log.scrollTop > -48;
  }

  /** To the newest message; gliding where it is near, since a long glide is a wait. */
  toEnd({ smooth = false } = {}) {
    const near = -this.#log.scrollTop < 3 * this.#log.clientHeight;
    this.#log.scrollTo({ top: 0, behavior: smooth && near ? "smooth" : "instant" });
  }

  /** Makes a change to the rows. A reader at the end stays at the end, unless `follow` is false; any other sees nothing
      move. */
  keep(change, { follow = true } = {}) {
    const anchor = follow && this.atEnd ? null : this.#firstVisible();
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (!anchor) this.#log.scrollTop = 0;
    else if (anchor.isConnected) this.#log.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  #firstVisible() {
    const top = this.#log.getBoundingClientRect().top;
    for (const row of this.#log.querySelectorAll(".message")) {
      if (row.getBoundingClientRect().bottom > top) return row;
    }
    return null;
  }
}
