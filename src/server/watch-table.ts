import { KeyMap } from "../lib/key-map.ts";
import type { HashKey } from "../lib/sip-hash.ts";

/** Hears of the next change of a key (WATCH). */
export interface Watcher {
  /** Called when a watched key has changed. */
  touch(): void;
}

/** Records which clients watch which keys. */
export class WatchTable {
  /** The watchers of each key, and whether it existed when their watch began. */
  readonly #watchers: KeyMap<Map<Watcher, boolean>>;

  /** @param hashKey secret of the key hash */
  constructor(hashKey: HashKey) {
    this.#watchers = new KeyMap(hashKey);
  }

  /** Number of keys being watched. */
  get size(): number {
    return this.#watchers.size;
  }

  has(key: Uint8Array, watcher: Watcher): boolean {
    return this.#watchers.get(key)?.has(watcher) === true;
  }

  /** Adds a watch. An existing one stays as it is. */
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

  /** Tells the watchers that the key bytes[start, end) has changed. */
  changed(bytes: Uint8Array, start: number, end: number): void {
    const watchers = this.#watchers.get(bytes, start, end);
    if (watchers !== undefined) for (const watcher of watchers.keys()) watcher.touch();
  }

  /** Tells the watchers that the key has expired. For a watch that began after the expiry, that is no change. */
  expired(key: Uint8Array): void {
    const watchers = this.#watchers.get(key);
    if (watchers === undefined) return;
    for (const [watcher, existed] of watchers) if (existed) watcher.touch();
  }

  /** Tells the watchers that all keys are about to be removed. That changes the keys that exist. */
  flushing(exists: (key: Uint8Array) => boolean): void {
    for (const [key, watchers] of this.#watchers) {
      if (!exists(key)) continue;
      for (const watcher of watchers.keys()) watcher.touch();
    }
  }
}
