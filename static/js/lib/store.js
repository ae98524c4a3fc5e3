/** JSON values in a web storage; in memory where storage is refused or full. */
export class Store {
  #storage;
  #memory = new Map();

  constructor(storage) {
    this.#storage = storage;
  }

  /** Open local storage, or memory where the browser refuses it. */
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
      // storage is refused, so nothing was stored
    }
  }

  /** Remove every key with this prefix. */
  removeAll(prefix) {
    for (const key of this.keys(prefix)) this.remove(key);
  }

  keys(prefix) {
    const found = new Set(this.#memory.keys());
    try {
      for (let i = 0; i < (this.#storage?.length ?? 0); i += 1) found.add(this.#storage.key(i));
    } catch {
      // storage is refused: only the keys in memory
    }
    return [...found].filter((key) => key.startsWith(prefix));
  }
}
