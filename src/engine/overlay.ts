import { equalBytes } from "../lib/bytes.ts";
import { HASH_BYTES } from "./record.ts";

/** Stands for an expiry where there is no such key. */
export const ABSENT = -1;

/**
 * What a key holds now where the database on disk may hold something else still. One exists from the first
 * write to a key until a commit after which nothing more was written to it.
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
  /** The generation of writes to which the last change belongs. */
  generation: number;
  /** Changed since it was last handed to the database. */
  isDirty: boolean;
  /** Changed since it was last written to the journal. */
  isUnjournaled: boolean;
  /** Another pending write whose key has the same hash. */
  next: PendingWrite | undefined;
}

/** The pending writes, found by key. */
export class Overlay {
  /** First of the pending writes of a hash, as signed 32 bits: integers of that size are the cheapest keys. */
  readonly #chains = new Map<number, PendingWrite>();
  #count = 0;
  #bytes = 0;

  /** Number of keys with a pending write. */
  get count(): number {
    return this.#count;
  }

  /** Memory that the pending writes hold, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param key the user's key, with this hash */
  find(key: Uint8Array, start: number, end: number, hash: number): PendingWrite | undefined {
    let write = this.#chains.get(hash | 0);
    const length = end - start + HASH_BYTES;
    while (write !== undefined) {
      if (write.key.length === length && equalBytes(key, start, end, write.key, HASH_BYTES)) return write;
      write = write.next;
    }
    return undefined;
  }

  /** @param write of a key that has none yet */
  add(write: PendingWrite): void {
    write.next = this.#chains.get(write.hash | 0);
    this.#chains.set(write.hash | 0, write);
    this.#count++;
    this.#bytes += weigh(write);
  }

  /** Changes what a pending write holds. */
  change(write: PendingWrite, record: Uint8Array | undefined, expiresAtMs: number): void {
    this.#bytes += (record?.length ?? 0) - (write.record?.length ?? 0);
    write.record = record;
    write.expiresAtMs = expiresAtMs;
  }

  /** Forgets a pending write; does nothing when it is not there any more. */
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

  /** Visits all pending writes; those of one hash one after the other. Not to be changed meanwhile. */
  forEach(visit: (write: PendingWrite) => void): void {
    for (const first of this.#chains.values()) {
      for (let write: PendingWrite | undefined = first; write !== undefined; write = write.next) visit(write);
    }
  }
}

/** Object, map entry and views that come with a pending write. */
const OVERHEAD_BYTES = 256;

function weigh(write: PendingWrite): number {
  return OVERHEAD_BYTES + write.key.length + (write.record?.length ?? 0);
}
