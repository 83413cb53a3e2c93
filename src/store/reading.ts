import { VALUE, type Variant } from "../coherence/variant.ts";
import type { LargeValue, ValueSink } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import {
  chargedBytes,
  expiryOf,
  filledAtMs,
  findEntry,
  graceEndOf,
  keyBytesOf,
  readPayload,
  readsOf,
  valueBytesOf,
  valueOffsetOf,
} from "./entry.ts";
import { KEY_BYTES, READ_LIMIT, READ_SHIFT } from "./entry-layout.ts";
import { type Freshness, freshnessOf } from "./freshness.ts";
import { NO_PIN, pinEntry, serialOf } from "./pin-table.ts";
import { PinnedValue } from "./pinned-value.ts";
import type { Shard } from "./shard.ts";
import { HITS, MISSES, type ShardMemory } from "./shard-memory.ts";

/** Reads entries. All functions expect the shard's lock to be held. */

export interface EntryInfo {
  valueBytes: number;
  keyBytes: number;
  /** The entry's size in the arena. */
  chargedBytes: number;
  /** Unix milliseconds, exact. */
  filledAtMs: number;
  /** Unix milliseconds, 0 for never. */
  expiresAtMs: number;
  /** Until when it may be served stale after that, in Unix milliseconds; 0: no grace. */
  staleUntilMs: number;
  /** Reads since it was filled, up to 65,535. */
  reads: number;
}

/**
 * Returns the slot of the key's entry if it is fresh enough, 0 otherwise. Removes nothing.
 * @param accepts the worst freshness accepted
 */
export function goodEntry(
  memory: ShardMemory,
  key: KeyRef,
  epoch: number,
  nowMs: number,
  accepts: Freshness,
  variant: Variant,
): number {
  const slot = findEntry(memory, key, variant);
  return slot !== 0 && freshnessOf(memory, slot, epoch, nowMs) <= accepts ? slot : 0;
}

/** The result of a read that finds no entry. */
export const ABSENT = -1;

/**
 * Delivers an entry's value. A large one is pinned if the sink reads it little by little.
 * @returns the length of the value, or `ABSENT`; or the large value, to be given to the sink once the lock is
 * released
 */
export function readEntry(
  shard: Shard,
  holder: number,
  key: KeyRef,
  epoch: number,
  nowMs: number,
  sink: ValueSink,
  accepts: Freshness,
  variant: Variant,
): number | LargeValue {
  const { memory } = shard;
  // Does not call `goodEntry`: with one call less the runtime compiles the whole hit as one function.
  const slot = findEntry(memory, key, variant);
  if (slot === 0 || freshnessOf(memory, slot, epoch, nowMs) > accepts) {
    memory.floats[MISSES]!++;
    return ABSENT;
  }
  memory.floats[HITS]!++;
  countRead(shard, slot);
  const valueBytes = valueBytesOf(memory, slot);
  if (valueBytes >= LARGE_BYTES && sink.takesLarge === true) {
    const large = pinValue(shard, slot, holder);
    if (large !== undefined) return large;
  }
  const target = sink.openValue(valueBytes);
  target.reserve(valueBytes);
  const offset = variant.kind === VALUE.kind ? keyBytesOf(memory, slot) : valueOffsetOf(memory, slot);
  readPayload(memory, slot, offset, valueBytes, target);
  sink.closeValue();
  return valueBytes;
}

/** @returns undefined if too much is pinned already */
function pinValue(shard: Shard, slot: number, holder: number): LargeValue | undefined {
  const { memory } = shard;
  const row = pinEntry(memory, slot, holder, chargedBytes(memory, slot, shard.plan));
  if (row === NO_PIN) return undefined;
  const valueBytes = valueBytesOf(memory, slot);
  const offsetBytes = valueOffsetOf(memory, slot);
  return new PinnedValue(shard, holder, row, slot, offsetBytes, valueBytes, serialOf(memory, row));
}

/** Describes an entry. */
export function describeEntry(shard: Shard, slot: number): EntryInfo {
  const { memory } = shard;
  return {
    valueBytes: valueBytesOf(memory, slot),
    keyBytes: keyBytesOf(memory, slot),
    chargedBytes: chargedBytes(memory, slot, shard.plan),
    filledAtMs: filledAtMs(memory, slot),
    expiresAtMs: expiryOf(memory, slot),
    staleUntilMs: graceEndOf(memory, slot),
    reads: readsOf(memory, slot),
  };
}

/** Counts a read of an entry. */
function countRead(shard: Shard, slot: number): void {
  const { words } = shard.memory;
  const at = slot * 2 + KEY_BYTES;
  const word = words[at]!;
  if (word >>> READ_SHIFT !== READ_LIMIT) words[at] = (word + (1 << READ_SHIFT)) | 0;
  shard.current.policy.hit(slot);
}
