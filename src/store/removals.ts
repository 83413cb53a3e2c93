import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { DepartureLog } from "./departure-log.ts";
import { readPayload } from "./entry.ts";
import type { ShardMemory } from "./shard-memory.ts";

/** Why the store itself removed an entry. */
export type RemovalCause = "evicted" | "expired";

/** Is told of an entry that was evicted or has expired. The key is valid during the call only. */
export type RemovalListener = (key: Uint8Array, cause: RemovalCause) => void;

/**
 * Collects the keys of entries that are evicted or expire while a lock is held, and tells the listener once the lock
 * is released. The listener may use the store, and so add further keys; these are told after the earlier ones.
 */
export class Removals {
  listener: RemovalListener | undefined;
  /** Notes every entry that leaves; undefined: nobody wants to know. */
  log: DepartureLog | undefined;
  #keys = new ByteBuffer();
  #ends: number[] = [];
  #causes: RemovalCause[] = [];

  get pending(): boolean {
    return this.#ends.length > 0;
  }

  add(memory: ShardMemory, slot: number, keyBytes: number, cause: RemovalCause): void {
    if (this.listener === undefined) return;
    this.#keys.reserve(keyBytes);
    readPayload(memory, slot, 0, keyBytes, this.#keys);
    this.#ends.push(this.#keys.length);
    this.#causes.push(cause);
  }

  /** As `add`, for an entry that is already gone. */
  addKey(key: KeyRef, cause: RemovalCause): void {
    if (this.listener === undefined) return;
    this.#keys.append(key.bytes, key.start, key.end);
    this.#ends.push(this.#keys.length);
    this.#causes.push(cause);
  }

  deliver(): void {
    const keys = this.#keys;
    const ends = this.#ends;
    const causes = this.#causes;
    this.#keys = new ByteBuffer();
    this.#ends = [];
    this.#causes = [];
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!;
      this.listener?.(keys.bytes.subarray(start, end), causes[i]!);
      start = end;
    }
  }
}
