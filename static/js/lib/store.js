/** Values under keys in a web storage. A storage that is refused or full loses them at the end of the page, no sooner. */
export class Store {
  #storage;
  #memory = new Map();

  constructor(storage) {
    this.#storage = storage;
  }

  /** The page's own storage; null inside where the browser refuses it. */
  static local() {
    try {
      return new Store(globalThis.localStorage);
    } catch {
      return new Store(null);
    }
  }

  get(key) {
    try {
      const text = this.#storage?.getItem(key);
      return text ? JSON.parse(text) : (this.#memory.get(key) ?? null);
    } catch {
      return this.#memory.get(key) ?? null;
    }
  }

  set(key, value) {
    try {
      if (!this.#storage) throw new Error("no storage");
      this.#storage.setItem(key, JSON.stringify(value));
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, value);
    }
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      this.#storage?.removeItem(key);
    } catch {
      // nothing was stored there
    }
  }

  /** Takes away everything under keys that begin so. */
  forget(prefix) {
    for (const key of this.keys(prefix)) this.remove(key);
  }

  keys(prefix) {
    const found = new Set(this.#memory.keys());
    try {
      for (let i = 0; i < (this.#storage?.length ?? 0); i += 1) found.add(this.#storage.key(i));
    } catch {
      // only the memory's
    }
    return [...found].filter((key) => key.startsWith(prefix));
  }
}
