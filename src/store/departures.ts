import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { readPayload } from "./entry.ts";
import type { ShardMemory } from "./shard-memory.ts";

/** Why an entry left without a request to remove it. */
export type Departure = "evicted" | "expired";

/** Is told of an entry that was evicted or has expired. The key is valid during the call only. */
export type DepartureListener = (key: Uint8Array, why: Departure) => void;

/**
 * Collects the keys of entries that are evicted or expire while a lock is held, and tells the listener once the lock
 * is released. The listener may use the store, and so add further keys; these are told after the earlier ones.
 */
export class Departures {
  listener: DepartureListener | undefined;
  #keys = new ByteBuffer();
  #ends: number[] = [];
  #reasons: Departure[] = [];

  get pending(): boolean {
    return this.#ends.length > 0;
  }

  add(memory: ShardMemory, slot: number, keyBytes: number, why: Departure): void {
    if (this.listener === undefined) return;
    this.#keys.reserve(keyBytes);
    readPayload(memory, slot, 0, keyBytes, this.#keys);
    this.#ends.push(this.#keys.length);
    this.#reasons.push(why);
  }

  /** As `add`, for an entry that is already gone. */
  addKey(key: KeyRef, why: Departure): void {
    if (this.listener === undefined) return;
    this.#keys.append(key.bytes, key.start, key.end);
    this.#ends.push(this.#keys.length);
    this.#reasons.push(why);
  }

  deliver(): void {
    const keys = this.#keys;
    const ends = this.#ends;
    const reasons = this.#reasons;
    this.#keys = new ByteBuffer();
    this.#ends = [];
    this.#reasons = [];
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!;
      this.listener?.(keys.bytes.subarray(start, end), reasons[i]!);
      start = end;
    }
  }
}
