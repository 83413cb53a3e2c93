import { freePage, takePage } from "./arena.ts";
import { HASH, NEXT_IN_BUCKET, SLOT_BITS } from "./entry-layout.ts";
import {
  BUCKET_COUNT,
  BUCKET_MASK,
  ENTRIES,
  FREE_PAGES,
  INDEX_PAGE_CLASS,
  pageOf,
  type ShardMemory,
} from "./shard-memory.ts";

/**
 * The index: chains of entries in buckets that grow and shrink one at a time (W. Litwin, "Linear hashing: a new tool
 * for file and table addressing", VLDB 1980). The low bits of the hash pick the bucket. So in scan order, the order
 * of bit-reversed hashes, each bucket is one interval; splitting and merging cut and join intervals but move nothing
 * within that order. Buckets lie in pages of the arena, found through a directory.
 */

/** Below this many entries per bucket buckets are merged; above one they are split. */
const LEAST_LOAD = 0.5;
const SPLITS_PER_INSERTION = 2;

/** Starts with one page of empty buckets. Takes the page. */
export function resetIndex(memory: ShardMemory): void {
  const { words } = memory;
  const buckets = bucketsPerPage(memory);
  words[BUCKET_COUNT] = buckets;
  words[BUCKET_MASK] = buckets - 1;
  addBucketPage(memory, 0);
}

/** Returns the word that holds the first slot of the bucket of a hash. */
export function bucketWord(memory: ShardMemory, hash: number): number {
  return wordOfBucket(memory, bucketOf(memory.words, hash));
}

export function wordOfBucket(memory: ShardMemory, bucket: number): number {
  const shift = memory.pageShift - 2;
  return memory.words[memory.directory + (bucket >> shift)]! + (bucket & ((1 << shift) - 1));
}

export function linkEntry(memory: ShardMemory, slot: number, hash: number): void {
  const { words } = memory;
  const head = bucketWord(memory, hash);
  words[slot * 2 + NEXT_IN_BUCKET] = (words[slot * 2 + NEXT_IN_BUCKET]! & ~SLOT_BITS) | words[head]!;
  words[head] = slot;
}

export function unlinkEntry(memory: ShardMemory, slot: number): void {
  relinkEntry(memory, slot, memory.words[slot * 2 + NEXT_IN_BUCKET]! & SLOT_BITS);
}

/** Replaces `slot` by `successor` in its bucket's chain. */
export function relinkEntry(memory: ShardMemory, slot: number, successor: number): void {
  const { words } = memory;
  let word = bucketWord(memory, words[slot * 2 + HASH]!);
  for (;;) {
    const next = words[word]! & SLOT_BITS;
    if (next === slot) break;
    word = next * 2 + NEXT_IN_BUCKET;
  }
  words[word] = (words[word]! & ~SLOT_BITS) | successor;
}

/** Returns the free pages that the index needs to take one more entry without getting slower. */
export function indexPagesNeeded(memory: ShardMemory): number {
  const buckets = memory.words[BUCKET_COUNT]!;
  if (memory.words[ENTRIES]! < buckets) return 0;
  return (buckets & (bucketsPerPage(memory) - 1)) === 0 ? 1 : 0;
}

/** Splits buckets after an insertion, as far as the load requires and free pages allow. */
export function growIndex(memory: ShardMemory): void {
  const { words } = memory;
  for (let splits = 0; splits < SPLITS_PER_INSERTION && words[ENTRIES]! > words[BUCKET_COUNT]!; splits++) {
    if (!splitBucket(memory)) return;
  }
}

/** Merges buckets after a removal, as far as the load requires. */
export function shrinkIndex(memory: ShardMemory): void {
  const { words } = memory;
  const least = bucketsPerPage(memory);
  while (words[BUCKET_COUNT]! > least && words[ENTRIES]! < words[BUCKET_COUNT]! * LEAST_LOAD)
    mergeBucket(memory);
}

/** Reverses the 32 bits of a hash, giving its position in scan order, or back. @returns an unsigned number */
export function reverseBits(value: number): number {
  let bits = value | 0;
  bits = ((bits >>> 1) & 0x5555_5555) | ((bits & 0x5555_5555) << 1);
  bits = ((bits >>> 2) & 0x3333_3333) | ((bits & 0x3333_3333) << 2);
  bits = ((bits >>> 4) & 0x0f0f_0f0f) | ((bits & 0x0f0f_0f0f) << 4);
  bits = ((bits >>> 8) & 0x00ff_00ff) | ((bits & 0x00ff_00ff) << 8);
  return ((bits >>> 16) | (bits << 16)) >>> 0;
}

/** Returns the bucket whose interval of the scan order holds a position. */
export function bucketAtPosition(memory: ShardMemory, position: number): number {
  return bucketOf(memory.words, reverseBits(position));
}

/**
 * Returns the end of the interval of the bucket at a position, which is where the next bucket begins; 2^32 for the
 * last.
 */
export function nextPosition(memory: ShardMemory, position: number): number {
  const { words } = memory;
  const mask = words[BUCKET_MASK]!;
  const half = (mask + 1) / 2;
  const low = reverseBits(position) & (mask >>> 1);
  const isSplit = low + half < words[BUCKET_COUNT]!;
  const width = 2 ** 32 / (isSplit ? mask + 1 : half);
  return (Math.floor(position / width) + 1) * width;
}

function bucketsPerPage(memory: ShardMemory): number {
  return 1 << (memory.pageShift - 2);
}

function bucketOf(words: Int32Array, hash: number): number {
  const mask = words[BUCKET_MASK]!;
  const bucket = hash & mask;
  return bucket < words[BUCKET_COUNT]! ? bucket : hash & (mask >>> 1);
}

function addBucketPage(memory: ShardMemory, row: number): void {
  const page = takePage(memory, INDEX_PAGE_CLASS);
  const first = (memory.pageBase + page * (1 << memory.pageShift)) / 4;
  memory.words.fill(0, first, first + bucketsPerPage(memory));
  memory.words[memory.directory + row] = first;
}

function splitBucket(memory: ShardMemory): boolean {
  const { words } = memory;
  const added = words[BUCKET_COUNT]!;
  if ((added & (bucketsPerPage(memory) - 1)) === 0) {
    if (words[FREE_PAGES] === 0) return false;
    addBucketPage(memory, added >> (memory.pageShift - 2));
  }
  if (added > words[BUCKET_MASK]!) words[BUCKET_MASK] = added * 2 - 1;
  words[BUCKET_COUNT] = added + 1;
  const mask = words[BUCKET_MASK]!;
  const keptHead = wordOfBucket(memory, added & (mask >>> 1));
  let keptTail = keptHead;
  let movedTail = wordOfBucket(memory, added);
  for (let slot = words[keptHead]!; slot !== 0; ) {
    const link = slot * 2 + NEXT_IN_BUCKET;
    const next = words[link]! & SLOT_BITS;
    if ((words[slot * 2 + HASH]! & mask) === added) {
      words[movedTail] = (words[movedTail]! & ~SLOT_BITS) | slot;
      movedTail = link;
    } else {
      words[keptTail] = (words[keptTail]! & ~SLOT_BITS) | slot;
      keptTail = link;
    }
    slot = next;
  }
  words[keptTail]! &= ~SLOT_BITS;
  words[movedTail]! &= ~SLOT_BITS;
  return true;
}

/** Appends the chain of the last bucket to that of the bucket it was split from. */
function mergeBucket(memory: ShardMemory): void {
  const { words } = memory;
  const last = words[BUCKET_COUNT]! - 1;
  const lastHead = wordOfBucket(memory, last);
  let tail = wordOfBucket(memory, last & (words[BUCKET_MASK]! >>> 1));
  for (let next = words[tail]! & SLOT_BITS; next !== 0; next = words[tail]! & SLOT_BITS) {
    tail = next * 2 + NEXT_IN_BUCKET;
  }
  words[tail] = (words[tail]! & ~SLOT_BITS) | words[lastHead]!;
  words[BUCKET_COUNT] = last;
  if (last === (words[BUCKET_MASK]! + 1) / 2) words[BUCKET_MASK]! >>>= 1;
  if ((last & (bucketsPerPage(memory) - 1)) === 0) freePage(memory, pageOf(memory, lastHead / 2));
}
