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

/** How entries are read. Called with the shard's lock held. */

export interface EntryInfo {
  valueBytes: number;
  keyBytes: number;
  /** Bytes of the arena that the entry takes. */
  chargedBytes: number;
  /** Unix milliseconds, exact. */
  filledAtMs: number;
  /** Unix milliseconds, 0 for never. */
  expiresAtMs: number;
  /** Unix milliseconds: until when it may be served as stale after that; 0 for no grace. */
  staleUntilMs: number;
  /** Since it was filled; stays at 65,535. */
  reads: number;
}

/**
 * The entry with this key if it is good enough, 0 when there is none. Looking removes nothing.
 * @param accepts the worst that is good enough
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

/** What a read answers where there is no entry. */
export const ABSENT = -1;

/**
 * Delivers an entry's value. A large one is pinned where the sink takes it little by little.
 * @returns how many bytes it has, `ABSENT` where there is no such entry; or the value that the sink is to be given once
 *   the lock is released
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
  // Not by `goodEntry`: a call less deep, the runtime compiles all of the hit as one.
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

/** @returns undefined where too much is pinned already */
function pinValue(shard: Shard, slot: number, holder: number): LargeValue | undefined {
  const { memory } = shard;
  const row = pinEntry(memory, slot, holder, chargedBytes(memory, slot, shard.plan));
  if (row === NO_PIN) return undefined;
  const valueBytes = valueBytesOf(memory, slot);
  const offsetBytes = valueOffsetOf(memory, slot);
  return new PinnedValue(shard, holder, row, slot, offsetBytes, valueBytes, serialOf(memory, row));
}

/** What is known of an entry. */
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
  shard.seated.policy.hit(slot);
}
