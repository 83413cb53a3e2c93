import { KIND_LIMIT, type Variant } from "../coherence/variant.ts";
import { assert } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { equalBytes } from "../lib/bytes.ts";
import { hashSlotOf } from "../lib/hash-slot.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { freeChunk, takeChunk } from "./arena.ts";
import { type ChainPlan, planChain, planChunk } from "./chain-plan.ts";
import {
  ARGUMENT_BYTES,
  ENTRY_HEADER_BYTES,
  EPOCH_BITS,
  EPOCH_SHIFT,
  EXPIRY_BYTES,
  EXPIRY_FLOAT,
  EXTENDED_HEADER_BYTES,
  EXTENT_AFTER,
  EXTENT_BEFORE,
  EXTENT_HEADER_BYTES,
  FILLED_HIGH,
  FILLED_HIGH_BITS,
  FILLED_LOW,
  FIRST_EXTENT,
  FORM_BITS,
  GRACE_FLOAT,
  HAS_EXPIRY,
  HAS_EXTENTS,
  HASH,
  IS_EXTENDED,
  IS_PINNED,
  KEY_BITS,
  KEY_BYTES,
  KIND_BITS,
  KIND_ENTRY,
  KIND_EXTENT,
  LONG_HEADER_BYTES,
  NEXT_IN_BUCKET,
  READ_SHIFT,
  SLOT_BITS,
  VALUE_BITS,
  VALUE_BYTES,
  VARIANT_BITS,
  VARIANT_SHIFT,
} from "./entry-layout.ts";
import { bucketWord } from "./index-table.ts";
import { classOf, type ShardMemory } from "./shard-memory.ts";

/** Reads and writes entries. Each is a chain of chunks that a `ChainPlan` describes. */

/** Copies up to this length are faster by hand than by a call. */
const SHORT_COPY_BYTES = 24;

/** Returns the slot of the entry with this key and variant, fresh or not; 0: none. */
export function findEntry(memory: ShardMemory, key: KeyRef, variant: Variant): number {
  const { words } = memory;
  const { bytes, start, end, hash } = key;
  const keyBytes = end - start;
  const kindBits = variant.kind << VARIANT_SHIFT;
  let slot = words[bucketWord(memory, hash)]!;
  // The loop is no function of its own: with one call less the runtime compiles the whole hit as one function.
  while (slot !== 0) {
    const at = slot * 2;
    if (
      words[at + HASH] === (hash | 0) &&
      (words[at + KEY_BYTES]! & KEY_BITS) === keyBytes &&
      (words[at + FILLED_HIGH]! & VARIANT_BITS) === kindBits &&
      keyEquals(memory, slot, bytes, start, end) &&
      (kindBits === 0 || argumentEquals(memory, slot, variant))
    ) {
      return slot;
    }
    slot = words[at + NEXT_IN_BUCKET]! & SLOT_BITS;
  }
  return 0;
}

/** Returns the slot of an entry with this key, of any variant but `spared`; 0: none. */
export function findAny(
  memory: ShardMemory,
  { bytes, start, end, hash }: KeyRef,
  spared: Variant | undefined,
): number {
  const { words } = memory;
  let slot = words[bucketWord(memory, hash)]!;
  while (slot !== 0) {
    if (
      words[slot * 2 + HASH] === (hash | 0) &&
      keyBytesOf(memory, slot) === end - start &&
      keyEquals(memory, slot, bytes, start, end) &&
      !(spared !== undefined && isOfVariant(memory, slot, spared))
    ) {
      return slot;
    }
    slot = words[slot * 2 + NEXT_IN_BUCKET]! & SLOT_BITS;
  }
  return 0;
}

/** Whether an entry answers this question about its key. */
export function isOfVariant(memory: ShardMemory, slot: number, variant: Variant): boolean {
  return kindOf(memory, slot) === variant.kind && argumentEquals(memory, slot, variant);
}

export function keyBytesOf(memory: ShardMemory, slot: number): number {
  return memory.words[slot * 2 + KEY_BYTES]! & KEY_BITS;
}

/** Returns the hash slot of an entry's key, from 0 to 16,383. */
export function hashSlotOfEntry(memory: ShardMemory, slot: number): number {
  const keyBytes = keyBytesOf(memory, slot);
  const at = slot * 8 + payloadOffset(memory, slot);
  if (!hasExtents(memory, slot) || at + keyBytes <= endOfChunk(memory, slot)) {
    return hashSlotOf(memory.bytes, at, at + keyBytes);
  }
  const key = new ByteBuffer(keyBytes);
  readPayload(memory, slot, 0, keyBytes, key);
  return hashSlotOf(key.bytes, 0, keyBytes);
}

/** Returns the length of the entry's argument. */
export function argumentBytesOf(memory: ShardMemory, slot: number): number {
  return isExtended(memory, slot) ? memory.words[slot * 2 + ARGUMENT_BYTES]! : 0;
}

/** Returns where the value begins in the payload: behind key and argument. */
export function valueOffsetOf(memory: ShardMemory, slot: number): number {
  return keyBytesOf(memory, slot) + argumentBytesOf(memory, slot);
}

/** Returns the kind of the entry's variant. */
export function kindOf(memory: ShardMemory, slot: number): number {
  return (memory.words[slot * 2 + FILLED_HIGH]! & VARIANT_BITS) >> VARIANT_SHIFT;
}

export function valueBytesOf(memory: ShardMemory, slot: number): number {
  return memory.words[slot * 2 + VALUE_BYTES]! & VALUE_BITS;
}

/** Returns the entry's expiry in Unix milliseconds; 0: it never expires. */
export function expiryOf(memory: ShardMemory, slot: number): number {
  return hasExpiryField(memory, slot) ? memory.floats[slot + EXPIRY_FLOAT]! : 0;
}

/** Returns until when an expired entry may be served stale, in Unix milliseconds; 0: not at all. */
export function graceEndOf(memory: ShardMemory, slot: number): number {
  return isExtended(memory, slot) ? memory.floats[slot + GRACE_FLOAT]! : 0;
}

export function isExtended(memory: ShardMemory, slot: number): boolean {
  return (memory.words[slot * 2 + FILLED_HIGH]! & IS_EXTENDED) !== 0;
}

/** Whether the entry's header has room for an expiry. */
export function hasExpiryField(memory: ShardMemory, slot: number): boolean {
  return (memory.words[slot * 2 + VALUE_BYTES]! & (HAS_EXPIRY | HAS_EXTENTS)) !== 0;
}

export function hasExtents(memory: ShardMemory, slot: number): boolean {
  return (memory.words[slot * 2 + VALUE_BYTES]! & HAS_EXTENTS) !== 0;
}

export function isPinned(memory: ShardMemory, slot: number): boolean {
  return (memory.words[slot * 2 + VALUE_BYTES]! & IS_PINNED) !== 0;
}

export function filledAtMs(memory: ShardMemory, slot: number): number {
  const { words } = memory;
  return (
    (words[slot * 2 + FILLED_HIGH]! & FILLED_HIGH_BITS) * 2 ** 32 + (words[slot * 2 + FILLED_LOW]! >>> 0)
  );
}

/** Sets fill time and epoch; the form stays. @param epoch its lowest 16 bits are stored */
export function setFilledAt(memory: ShardMemory, slot: number, filledMs: number, epoch: number): void {
  const { words } = memory;
  const form = words[slot * 2 + FILLED_HIGH]! & FORM_BITS;
  words[slot * 2 + FILLED_LOW] = filledMs | 0;
  words[slot * 2 + FILLED_HIGH] =
    (Math.floor(filledMs / 2 ** 32) & FILLED_HIGH_BITS) | form | (epoch << EPOCH_SHIFT);
}

/** Sets the form of the header and the variant's kind. */
export function setForm(memory: ShardMemory, slot: number, isExtended: boolean, variant: Variant): void {
  const { words } = memory;
  assert(variant.kind <= KIND_LIMIT, "there is no such kind of variant");
  words[slot * 2 + FILLED_HIGH] = (isExtended ? IS_EXTENDED : 0) | (variant.kind << VARIANT_SHIFT);
  if (isExtended) words[slot * 2 + ARGUMENT_BYTES] = variant.end - variant.start;
}

/** Returns how often the entry was read since it was filled, up to 65,535. */
export function readsOf(memory: ShardMemory, slot: number): number {
  return memory.words[slot * 2 + KEY_BYTES]! >>> READ_SHIFT;
}

export function isOfEpoch(memory: ShardMemory, slot: number, epoch: number): boolean {
  return memory.words[slot * 2 + FILLED_HIGH]! >>> EPOCH_SHIFT === (epoch & EPOCH_BITS);
}

/** Returns the bytes of all chunks of the entry: its weight. */
export function chargedBytes(memory: ShardMemory, slot: number, plan: ChainPlan): number {
  if (!hasExtents(memory, slot) || memory.words[slot * 2 + FIRST_EXTENT] === 0) {
    return memory.sizes.chunkBytes[classOf(memory, slot)]!;
  }
  planEntry(memory, slot, plan);
  return plan.bytes;
}

/** Plans the chunks of an entry, even of a truncated one. */
export function planChunks(memory: ShardMemory, slot: number, plan: ChainPlan): void {
  if (hasExtents(memory, slot) && memory.words[slot * 2 + FIRST_EXTENT] === 0) {
    planChunk(plan, memory.sizes, classOf(memory, slot));
  } else {
    planEntry(memory, slot, plan);
  }
}

/** Plans the chunks of a complete entry. */
export function planEntry(memory: ShardMemory, slot: number, plan: ChainPlan): void {
  const payloadBytes = valueOffsetOf(memory, slot) + valueBytesOf(memory, slot);
  planChain(plan, memory.sizes, payloadBytes, shortHeaderBytes(memory, slot));
}

/** Takes the chunks of a plan, which must fit, and links them. @returns the slot of the first one */
export function takeChain(memory: ShardMemory, plan: ChainPlan): number {
  const { words } = memory;
  let first = 0;
  let before = 0;
  for (let run = 0; run < plan.runs; run++) {
    for (let count = plan.counts[run]!; count > 0; count--) {
      const slot = takeChunk(memory, plan.classes[run]!);
      if (first === 0) {
        first = slot;
        words[slot * 2] = KIND_ENTRY;
      } else {
        words[slot * 2 + EXTENT_BEFORE] = KIND_EXTENT | before;
        words[before * 2 + (before === first ? FIRST_EXTENT : EXTENT_AFTER)] = slot;
        words[slot * 2 + EXTENT_AFTER] = 0;
      }
      before = slot;
    }
  }
  return first;
}

/** Frees all chunks of an entry. */
export function freeChain(memory: ShardMemory, slot: number): void {
  if (hasExtents(memory, slot)) freeExtents(memory, slot);
  freeChunk(memory, slot);
}

/** Frees all chunks of an entry but the first, and marks it as having no others. */
export function freeExtents(memory: ShardMemory, slot: number): void {
  const { words } = memory;
  let extent = words[slot * 2 + FIRST_EXTENT]!;
  while (extent !== 0) {
    const after = words[extent * 2 + EXTENT_AFTER]!;
    freeChunk(memory, extent);
    extent = after;
  }
  words[slot * 2 + FIRST_EXTENT] = 0;
}

/** Makes the neighbours of a chunk that was copied to `to` refer to its new place. */
export function relinkChunk(memory: ShardMemory, to: number): void {
  const { words } = memory;
  let after: number;
  if ((words[to * 2]! & KIND_BITS) === KIND_ENTRY) {
    after = hasExtents(memory, to) ? words[to * 2 + FIRST_EXTENT]! : 0;
  } else {
    const before = words[to * 2 + EXTENT_BEFORE]! & SLOT_BITS;
    const beforeIsEntry = (words[before * 2]! & KIND_BITS) === KIND_ENTRY;
    words[before * 2 + (beforeIsEntry ? FIRST_EXTENT : EXTENT_AFTER)] = to;
    after = words[to * 2 + EXTENT_AFTER]!;
  }
  if (after !== 0) words[after * 2 + EXTENT_BEFORE] = KIND_EXTENT | to;
}

/** Writes source[start, end) at `offset` of the entry's payload (key, argument, value). */
export function writePayload(
  memory: ShardMemory,
  slot: number,
  offset: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  const { words, bytes } = memory;
  let at = slot * 8 + payloadOffset(memory, slot) + offset;
  if (!hasExtents(memory, slot)) {
    copyIn(source, start, end, bytes, at);
    return;
  }
  let chunkEnd = endOfChunk(memory, slot);
  let next = words[slot * 2 + FIRST_EXTENT]!;
  for (let from = start; from < end; ) {
    while (at >= chunkEnd) {
      const beyond = at - chunkEnd;
      chunkEnd = endOfChunk(memory, next);
      at = next * 8 + EXTENT_HEADER_BYTES + beyond;
      next = words[next * 2 + EXTENT_AFTER]!;
    }
    const count = Math.min(end - from, chunkEnd - at);
    copyIn(source, from, from + count, bytes, at);
    from += count;
    at += count;
  }
}

/** Appends `count` bytes from `offset` of the entry's payload to `target`, which has room for them. */
export function readPayload(
  memory: ShardMemory,
  slot: number,
  offset: number,
  count: number,
  target: ByteBuffer,
): void {
  const { words, bytes } = memory;
  let at = slot * 8 + payloadOffset(memory, slot) + offset;
  if (!hasExtents(memory, slot)) {
    copyOut(bytes, at, at + count, target.bytes, target.length);
    target.length += count;
    return;
  }
  let chunkEnd = endOfChunk(memory, slot);
  let next = words[slot * 2 + FIRST_EXTENT]!;
  for (let rest = count; rest > 0; ) {
    while (at >= chunkEnd) {
      const beyond = at - chunkEnd;
      chunkEnd = endOfChunk(memory, next);
      at = next * 8 + EXTENT_HEADER_BYTES + beyond;
      next = words[next * 2 + EXTENT_AFTER]!;
    }
    const run = Math.min(rest, chunkEnd - at);
    copyOut(bytes, at, at + run, target.bytes, target.length);
    target.length += run;
    rest -= run;
    at += run;
  }
}

/** Returns the bytes from an entry's beginning to its key. */
export function payloadOffset(memory: ShardMemory, slot: number): number {
  const flags = memory.words[slot * 2 + VALUE_BYTES]!;
  if ((flags & (HAS_EXPIRY | HAS_EXTENTS)) === 0) return ENTRY_HEADER_BYTES;
  if (isExtended(memory, slot)) return EXTENDED_HEADER_BYTES;
  return (flags & HAS_EXTENTS) !== 0 ? LONG_HEADER_BYTES : ENTRY_HEADER_BYTES + EXPIRY_BYTES;
}

/** Returns the bytes of the entry's header, as if it had no extents. */
function shortHeaderBytes(memory: ShardMemory, slot: number): number {
  if (isExtended(memory, slot)) return EXTENDED_HEADER_BYTES;
  const hasExpiry = (memory.words[slot * 2 + VALUE_BYTES]! & HAS_EXPIRY) !== 0;
  return hasExpiry ? ENTRY_HEADER_BYTES + EXPIRY_BYTES : ENTRY_HEADER_BYTES;
}

/** Returns the address of the first byte behind a chunk. */
export function endOfChunk(memory: ShardMemory, slot: number): number {
  return slot * 8 + memory.sizes.chunkBytes[classOf(memory, slot)]!;
}

/** Whether an entry's key is bytes[start, end), which has the same length. */
export function keyEquals(
  memory: ShardMemory,
  slot: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const at = slot * 8 + payloadOffset(memory, slot);
  if (hasExtents(memory, slot) && at + end - start > endOfChunk(memory, slot)) {
    return payloadEquals(memory, slot, 0, bytes, start, end);
  }
  // Keys begin at whole words, so the stored key is read a word at a time.
  const { words } = memory;
  let from = start;
  let word = at >> 2;
  for (const last = end - 3; from < last; from += 4, word++) {
    const four = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
    if (words[word] !== four) return false;
  }
  return equalBytes(bytes, from, end, memory.bytes, word << 2);
}

/** Whether an entry's argument is that of the variant. */
function argumentEquals(memory: ShardMemory, slot: number, { bytes, start, end }: Variant): boolean {
  return (
    argumentBytesOf(memory, slot) === end - start &&
    (start === end || payloadEquals(memory, slot, keyBytesOf(memory, slot), bytes, start, end))
  );
}

/** Whether an entry's payload at `offset`, extents included, is bytes[start, end). */
function payloadEquals(
  memory: ShardMemory,
  slot: number,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let at = slot * 8 + payloadOffset(memory, slot) + offset;
  let chunkEnd = endOfChunk(memory, slot);
  let next = hasExtents(memory, slot) ? memory.words[slot * 2 + FIRST_EXTENT]! : 0;
  for (let from = start; from < end; ) {
    while (at >= chunkEnd) {
      const beyond = at - chunkEnd;
      chunkEnd = endOfChunk(memory, next);
      at = next * 8 + EXTENT_HEADER_BYTES + beyond;
      next = memory.words[next * 2 + EXTENT_AFTER]!;
    }
    const count = Math.min(end - from, chunkEnd - at);
    if (!equalBytes(bytes, from, from + count, memory.bytes, at)) return false;
    from += count;
    at += count;
  }
  return true;
}

function copyIn(source: Uint8Array, start: number, end: number, target: Buffer, at: number): void {
  if (end - start <= SHORT_COPY_BYTES) {
    for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
  } else {
    // Unlike `target.set(source.subarray(…))` this makes no view.
    Buffer.prototype.copy.call(source as Buffer, target, at, start, end);
  }
}

function copyOut(source: Buffer, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start <= SHORT_COPY_BYTES) {
    for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
  } else {
    source.copy(target, at, start, end);
  }
}
