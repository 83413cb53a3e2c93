import { equalBytes } from "../lib/bytes.ts";
import { HASH_BYTES } from "./record.ts";

/** Stands in place of an expiry when there is no such key. */
export const ABSENT = -1;

/**
 * The newest value of a key that the database may not have yet. It exists from the first write to the key until a
 * commit after which the key was not written again.
 */
export interface PendingWrite {
  /** The stored key: hash, then the user's key. */
  readonly key: Uint8Array;
  readonly hash: number;
  /** The stored record; undefined when the key was removed. */
  record: Uint8Array | undefined;
  /** When the record expires; `NEVER`, or `ABSENT` when the key was removed. */
  expiresAtMs: number;
  /** What the database holds once the commit under way has ended: an expiry, `NEVER` or `ABSENT`. */
  committedExpiresAtMs: number;
  /** The generation of writes that the last change belongs to. */
  generation: number;
  /** Whether it changed since it was last handed to the database. */
  isDirty: boolean;
  /** Whether it changed since it was last written to the journal. */
  isUnjournaled: boolean;
  /** Another pending write whose key has the same hash. */
  next: PendingWrite | undefined;
}

/** The pending writes, found by key. */
export class Overlay {
  /**
   * The first pending write of each hash. Hashes are signed 32-bit integers, which are the cheapest keys of a map.
   */
  readonly #chains = new Map<number, PendingWrite>();
  #count = 0;
  #bytes = 0;

  /** Number of keys with a pending write. */
  get count(): number {
    return this.#count;
  }

  /** Memory that the pending writes take, approximately. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the pending write of a user's key with this hash, if there is one. */
  find(key: Uint8Array, start: number, end: number, hash: number): PendingWrite | undefined {
    let write = this.#chains.get(hash | 0);
    const length = end - start + HASH_BYTES;
    while (write !== undefined) {
      if (write.key.length === length && equalBytes(key, start, end, write.key, HASH_BYTES)) return write;
      write = write.next;
    }
    return undefined;
  }

  /** Adds a pending write of a key that has none yet. */
  add(write: PendingWrite): void {
    write.next = this.#chains.get(write.hash | 0);
    this.#chains.set(write.hash | 0, write);
    this.#count++;
    this.#bytes += weigh(write);
  }

  /** Changes the record of a pending write. */
  change(write: PendingWrite, record: Uint8Array | undefined, expiresAtMs: number): void {
    this.#bytes += (record?.length ?? 0) - (write.record?.length ?? 0);
    write.record = record;
    write.expiresAtMs = expiresAtMs;
  }

  /** Removes a pending write, if it is still there. */
  remove(write: PendingWrite): void {
    const first = this.#chains.get(write.hash | 0);
    if (first === write) {
      if (write.next === undefined) this.#chains.delete(write.hash | 0);
      else this.#chains.set(write.hash | 0, write.next);
    } else {
      let before = first;
      while (before !== undefined && before.next !== write) before = before.next;
      if (before === undefined) return;
      before.next = write.next;
    }
    this.#count--;
    this.#bytes -= weigh(write);
  }

  clear(): void {
    this.#chains.clear();
    this.#count = 0;
    this.#bytes = 0;
  }

  /** Visits all pending writes, those of one hash one after the other. `visit` must not change the overlay. */
  forEach(visit: (write: PendingWrite) => void): void {
    for (const first of this.#chains.values()) {
      for (let write: PendingWrite | undefined = first; write !== undefined; write = write.next) visit(write);
    }
  }
}

/** Memory of a pending write's object, map entry and views. */
const OVERHEAD_BYTES = 256;

function weigh(write: PendingWrite): number {
  return OVERHEAD_BYTES + write.key.length + (write.record?.length ?? 0);
}
