import { equalBytes } from "./bytes.ts";
import { type HashKey, halfSipHash } from "./sip-hash.ts";

interface Entry<Value> {
  readonly key: Uint8Array;
  value: Value;
  /** The next entry whose key has the same hash. */
  next: Entry<Value> | undefined;
}

/**
 * A map from bytes that clients choose. A `Map` of strings is unsuitable: the runtime hashes them to 24 bits, without
 * a secret, so that a short search finds any number of keys for one bucket.
 */
export class KeyMap<Value> {
  readonly #hashKey: HashKey;
  /** The first entry of each hash. */
  readonly #chains = new Map<number, Entry<Value>>();
  #size = 0;

  constructor(hashKey: HashKey) {
    this.#hashKey = hashKey;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the value of the key bytes[start, end). */
  get(bytes: Uint8Array, start = 0, end: number = bytes.length): Value | undefined {
    return this.#find(this.#hash(bytes, start, end), bytes, start, end)?.value;
  }

  has(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    return this.#find(this.#hash(bytes, start, end), bytes, start, end) !== undefined;
  }

  /** Sets a value, and keeps a copy of the key. */
  set(bytes: Uint8Array, start: number, end: number, value: Value): void {
    const hash = this.#hash(bytes, start, end);
    const found = this.#find(hash, bytes, start, end);
    if (found !== undefined) {
      found.value = value;
      return;
    }
    // Not `slice`, which makes a view of a `Buffer`.
    const key = new Uint8Array(bytes.subarray(start, end));
    this.#chains.set(hash, { key, value, next: this.#chains.get(hash) });
    this.#size++;
  }

  /** Removes a key. @returns whether it was there */
  delete(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    const hash = this.#hash(bytes, start, end);
    const found = this.#find(hash, bytes, start, end);
    if (found === undefined) return false;
    this.#size--;
    let before = this.#chains.get(hash)!;
    if (before !== found) {
      while (before.next !== found) before = before.next!;
      before.next = found.next;
    } else if (found.next === undefined) this.#chains.delete(hash);
    else this.#chains.set(hash, found.next);
    return true;
  }

  clear(): void {
    this.#chains.clear();
    this.#size = 0;
  }

  /** Iterates over the entries. The keys must not be changed. */
  *[Symbol.iterator](): IterableIterator<[key: Uint8Array, value: Value]> {
    for (const first of this.#chains.values()) {
      for (let entry: Entry<Value> | undefined = first; entry !== undefined; entry = entry.next) {
        yield [entry.key, entry.value];
      }
    }
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    // Signed, because integers of 32 bits with sign are the cheapest keys of a map.
    return halfSipHash(bytes, start, end, this.#hashKey.low, this.#hashKey.high) | 0;
  }

  #find(hash: number, bytes: Uint8Array, start: number, end: number): Entry<Value> | undefined {
    let entry = this.#chains.get(hash);
    while (entry !== undefined) {
      if (entry.key.length === end - start && equalBytes(bytes, start, end, entry.key, 0)) return entry;
      entry = entry.next;
    }
    return undefined;
  }
}
