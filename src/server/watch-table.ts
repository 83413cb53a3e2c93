import { KeyMap } from "../lib/key-map.ts";
import type { HashKey } from "../lib/sip-hash.ts";

/** Who has asked to hear of a key's next change (WATCH). */
export interface Watcher {
  /** A watched key has changed. */
  touch(): void;
}

/** Which clients watch which keys. */
export class WatchTable {
  /** For each watcher of a key: whether the key existed when the watch began. */
  readonly #watchers: KeyMap<Map<Watcher, boolean>>;

  /** @param hashKey secret; of the hashes of keys */
  constructor(hashKey: HashKey) {
    this.#watchers = new KeyMap(hashKey);
  }

  /** Keys being watched. */
  get size(): number {
    return this.#watchers.size;
  }

  has(key: Uint8Array, watcher: Watcher): boolean {
    return this.#watchers.get(key)?.has(watcher) === true;
  }

  /** A watch that is there already stays as it is. */
  add(key: Uint8Array, watcher: Watcher, existed: boolean): void {
    let watchers = this.#watchers.get(key);
    if (watchers === undefined) {
      watchers = new Map();
      this.#watchers.set(key, 0, key.length, watchers);
    }
    if (!watchers.has(watcher)) watchers.set(watcher, existed);
  }

  remove(key: Uint8Array, watcher: Watcher): void {
    const watchers = this.#watchers.get(key);
    if (watchers === undefined) return;
    watchers.delete(watcher);
    if (watchers.size === 0) this.#watchers.delete(key);
  }

  /** The key bytes[start, end) has changed. */
  changed(bytes: Uint8Array, start: number, end: number): void {
    const watchers = this.#watchers.get(bytes, start, end);
    if (watchers !== undefined) for (const watcher of watchers.keys()) watcher.touch();
  }

  /** The key has expired: no change for those who watched it when it had expired already. */
  expired(key: Uint8Array): void {
    const watchers = this.#watchers.get(key);
    if (watchers === undefined) return;
    for (const [watcher, existed] of watchers) if (existed) watcher.touch();
  }

  /** All keys are about to go: a change for those who watch one that exists. */
  flushing(exists: (key: Uint8Array) => boolean): void {
    for (const [key, watchers] of this.#watchers) {
      if (!exists(key)) continue;
      for (const watcher of watchers.keys()) watcher.touch();
    }
  }
}
