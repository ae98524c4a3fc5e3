/** The log's scrolling. The log is a reversed column: scrollTop is 0 at the newest message and negative above it. */
export class Scroller {
  #log;

  constructor(log) {
    this.#log = log;
  }

  get atEnd() {
    return this.#log.scrollTop > -48;
  }

  /** Scroll to the newest message; smoothly only if it is near. */
  scrollToEnd({ smooth = false } = {}) {
    const near = -this.#log.scrollTop < 3 * this.#log.clientHeight;
    this.#log.scrollTo({ top: 0, behavior: smooth && near ? "smooth" : "instant" });
  }

  /** Change the rows without moving what is read; at the end, stay at the end unless `follow` is false. */
  keepPosition(change, { follow = true } = {}) {
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
