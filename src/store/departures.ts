import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { readPayload } from "./entry.ts";
import type { ShardMemory } from "./shard-memory.ts";

/** Why an entry left without anybody asking for it. */
export type Departure = "evicted" | "expired";

/** Told of an entry that left by itself. The key is a view that holds during the call. */
export type DepartureListener = (key: Uint8Array, why: Departure) => void;

/**
 * Collects the keys of entries that leave while a lock is held, to be told of once it is released. A listener may
 * use the store, and so add departures: those are told of after the ones before them.
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

  /** As `add`, of an entry that is gone already. */
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
