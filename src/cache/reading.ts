import type { ValueSink } from "../lib/byte-buffer.ts";
import {
  chargedBytes,
  expiryOf,
  filledAtMs,
  findEntry,
  isLive,
  keyBytesOf,
  readPayload,
  readsOf,
  valueBytesOf,
} from "./entry.ts";
import { KEY_BYTES, READ_LIMIT, READ_SHIFT } from "./entry-layout.ts";
import { removeStale } from "./leaving.ts";
import type { Shard } from "./shard.ts";
import { HITS, MISSES } from "./shard-memory.ts";

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
  /** Since it was filled; stays at 65,535. */
  reads: number;
}

/** The live entry with this key, 0 when there is none; one that is dead or expired is removed. */
export function liveEntry(
  shard: Shard,
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
  epoch: number,
  nowMs: number,
): number {
  const slot = findEntry(shard.memory, bytes, start, end, hash);
  if (slot === 0 || isLive(shard.memory, slot, epoch, nowMs)) return slot;
  removeStale(shard, slot, epoch);
  return 0;
}

export function readEntry(
  shard: Shard,
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
  epoch: number,
  nowMs: number,
  sink: ValueSink,
): boolean {
  const { memory } = shard;
  const slot = liveEntry(shard, bytes, start, end, hash, epoch, nowMs);
  if (slot === 0) {
    memory.floats[MISSES]!++;
    return false;
  }
  memory.floats[HITS]!++;
  countRead(shard, slot);
  const valueBytes = valueBytesOf(memory, slot);
  const target = sink.openValue(valueBytes);
  target.reserve(valueBytes);
  readPayload(memory, slot, keyBytesOf(memory, slot), valueBytes, target);
  sink.closeValue();
  return true;
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
