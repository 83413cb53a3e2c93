import { VALUE } from "../coherence/variant.ts";
import { assert } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { firstSlotOf } from "./arena.ts";
import { nextInBucket } from "./bucket-walk.ts";
import { ChainPlan } from "./chain-plan.ts";
import {
  argumentBytesOf,
  expiryOf,
  hasExtents,
  isPinned,
  keyBytesOf,
  kindOf,
  planEntry,
  readPayload,
  valueBytesOf,
  valueOffsetOf,
} from "./entry.ts";
import {
  EXTENT_AFTER,
  EXTENT_BEFORE,
  FIRST_EXTENT,
  HASH,
  KIND_BITS,
  KIND_ENTRY,
  KIND_EXTENT,
  KIND_FREE,
  SLOT_BITS,
} from "./entry-layout.ts";
import { bucketWord, wordOfBucket } from "./index-table.ts";
import { forEachPin } from "./pin-table.ts";
import type { Shard } from "./shard.ts";
import {
  BUCKET_COUNT,
  BUCKET_MASK,
  CLASS_FREE_CHUNKS,
  CLASS_ROOMY_PAGES,
  CLASS_WORDS,
  classOf,
  ENTRIES,
  EXPIRING,
  FREE_PAGE_CLASS,
  FREE_PAGE_LIST,
  FREE_PAGES,
  FRESH_PAGE,
  INDEX_PAGE_CLASS,
  PAGE_BEFORE,
  PAGE_CLASS,
  PAGE_FREE_CHUNK,
  PAGE_LIMIT,
  PAGE_NEXT,
  PAGE_USED_CHUNKS,
  PAYLOAD_BYTES,
  PINNED_BYTES,
  pageOf,
  pageRow,
  type ShardMemory,
  USED_BYTES,
  VALUES_BYTES,
  VARIANTS,
} from "./shard-memory.ts";

/**
 * Checks all invariants of a shard: pages, chunks, chains, index, counters and policy.
 * @param owns whether a hash belongs to this shard
 * @throws AssertionError
 */
export function checkShard(
  shard: Shard,
  owns: (hash: number) => boolean,
  hashOf: (key: Uint8Array) => number,
): void {
  const { memory } = shard;
  checkPages(memory);
  const chunks = checkEntries(memory, owns, hashOf);
  checkPins(memory, chunks);
  checkChunks(memory, chunks);
  let known = 0;
  shard.current.policy.forEach((slot) => {
    assert(chunks.get(slot) === KIND_ENTRY, `the policy knows of slot ${slot}, which is no entry`);
    known++;
  });
  assert(known === memory.words[ENTRIES], `the policy knows of ${known} of ${memory.words[ENTRIES]} entries`);
  shard.current.policy.check();
}

/** Checks that every page is either free, the index's, or of one size class, and that the rows agree. */
function checkPages(memory: ShardMemory): void {
  const { words, sizes } = memory;
  const fresh = words[FRESH_PAGE]!;
  let unused = memory.reservedPages + 1 - fresh;
  for (let page = words[FREE_PAGE_LIST]!; page !== 0; page = words[pageRow(memory, page) + PAGE_NEXT]!) {
    assert(words[pageRow(memory, page) + PAGE_CLASS] === FREE_PAGE_CLASS, `page ${page} is listed as free`);
    assert(++unused <= memory.reservedPages, "the list of free pages does not end");
  }
  const free = words[PAGE_LIMIT]! - (memory.reservedPages - unused);
  assert(free === words[FREE_PAGES], `${free} pages are free, counted as ${words[FREE_PAGES]}`);
  assert(free >= 0, `${-free} pages too many are in use`);
  let indexPages = 0;
  const freeChunks = new Int32Array(sizes.count);
  const roomyPages = new Int32Array(sizes.count);
  let freeRows = memory.reservedPages + 1 - fresh;
  for (let page = 1; page < fresh; page++) {
    const row = pageRow(memory, page);
    const pageClass = words[row + PAGE_CLASS]!;
    if (pageClass === FREE_PAGE_CLASS) freeRows++;
    else if (pageClass === INDEX_PAGE_CLASS) indexPages++;
    else {
      const used = words[row + PAGE_USED_CHUNKS]!;
      const room = sizes.chunksPerPage[pageClass]! - used;
      assert(used > 0 && room >= 0, `page ${page} has ${used} chunks in use`);
      freeChunks[pageClass]! += room;
      if (room > 0) roomyPages[pageClass]!++;
      let listed = 0;
      for (let slot = words[row + PAGE_FREE_CHUNK]!; slot !== 0; slot = words[slot * 2]!) {
        assert(pageOf(memory, slot) === page, `slot ${slot} is listed as free in page ${page}`);
        assert(++listed <= room, `page ${page} lists too many free chunks`);
      }
      assert(listed === room, `page ${page} lists ${listed} of ${room} free chunks`);
    }
  }
  assert(freeRows === unused, `${freeRows} pages are marked as free, ${unused} are listed`);
  const bucketsPerPage = sizes.pageBytes / 4;
  const wantedPages = Math.ceil(words[BUCKET_COUNT]! / bucketsPerPage);
  assert(indexPages === wantedPages, `${indexPages} index pages for ${words[BUCKET_COUNT]} buckets`);
  for (let sizeClass = 0; sizeClass < sizes.count; sizeClass++) {
    const row = memory.classTable + sizeClass * CLASS_WORDS;
    assert(
      words[row + CLASS_FREE_CHUNKS] === freeChunks[sizeClass],
      `free chunks of class ${sizeClass} are off`,
    );
    assert(freeChunks[sizeClass]! <= sizes.chunksPerPage[sizeClass]! + 1, `class ${sizeClass} wastes a page`);
    let listed = 0;
    let before = 0;
    for (let page = words[row + CLASS_ROOMY_PAGES]!; page !== 0; ) {
      const pageAt = pageRow(memory, page);
      assert(words[pageAt + PAGE_CLASS] === sizeClass, `page ${page} is listed for class ${sizeClass}`);
      assert(words[pageAt + PAGE_BEFORE] === before, `page ${page} links back wrongly`);
      assert(++listed <= roomyPages[sizeClass]!, `the pages of class ${sizeClass} do not end`);
      before = page;
      page = words[pageAt + PAGE_NEXT]!;
    }
    assert(listed === roomyPages[sizeClass], `class ${sizeClass} lists ${listed} pages with room`);
  }
}

/**
 * Checks that every entry is in its bucket, has the chunks of its plan and is counted.
 * @returns the chunks by slot
 */
function checkEntries(
  memory: ShardMemory,
  owns: (hash: number) => boolean,
  hashOf: (key: Uint8Array) => number,
): Map<number, number> {
  const { words, floats } = memory;
  const chunks = new Map<number, number>();
  const plan = new ChainPlan();
  const bucketCount = words[BUCKET_COUNT]!;
  const mask = words[BUCKET_MASK]!;
  assert(bucketCount <= mask + 1 && bucketCount > mask / 2, `mask ${mask} for ${bucketCount} buckets`);
  let entries = 0;
  let expiring = 0;
  let variants = 0;
  let usedBytes = 0;
  let payloadBytes = 0;
  let valuesBytes = 0;
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const names = new Set<string>();
    for (let slot = words[wordOfBucket(memory, bucket)]!; slot !== 0; slot = nextInBucket(memory, slot)) {
      assert(!chunks.has(slot), `slot ${slot} is linked twice`);
      assert((words[slot * 2]! & KIND_BITS) === KIND_ENTRY, `slot ${slot} is no entry`);
      const hash = words[slot * 2 + HASH]! >>> 0;
      assert(owns(hash), `slot ${slot} is in the wrong shard`);
      assert(
        bucketWord(memory, hash) === wordOfBucket(memory, bucket),
        `slot ${slot} is in the wrong bucket`,
      );
      const key = new ByteBuffer(keyBytesOf(memory, slot));
      readPayload(memory, slot, 0, key.bytes.length, key);
      assert(hashOf(key.view()) === hash, `slot ${slot} has the wrong hash`);
      planEntry(memory, slot, plan);
      checkChain(memory, slot, plan, chunks);
      entries++;
      if (expiryOf(memory, slot) !== 0) expiring++;
      usedBytes += plan.bytes;
      payloadBytes += valueOffsetOf(memory, slot) + valueBytesOf(memory, slot);
      valuesBytes += valueBytesOf(memory, slot);
      if (kindOf(memory, slot) !== VALUE.kind) variants++;
      const name = new ByteBuffer(valueOffsetOf(memory, slot));
      readPayload(memory, slot, 0, name.bytes.length, name);
      const asked = `${kindOf(memory, slot)} ${argumentBytesOf(memory, slot)} ${latin1(name.bytes, 0, name.length)}`;
      assert(!names.has(asked), `slot ${slot} is the second entry of its key and variant`);
      names.add(asked);
    }
  }
  assert(entries === words[ENTRIES], `${entries} entries, counted as ${words[ENTRIES]}`);
  assert(expiring === words[EXPIRING], `${expiring} entries expire, counted as ${words[EXPIRING]}`);
  assert(variants === words[VARIANTS], `${variants} variants, counted as ${words[VARIANTS]}`);
  assert(usedBytes === floats[USED_BYTES], `${usedBytes} bytes used, counted as ${floats[USED_BYTES]}`);
  assert(
    payloadBytes === floats[PAYLOAD_BYTES],
    `payload ${payloadBytes}, counted as ${floats[PAYLOAD_BYTES]}`,
  );
  assert(valuesBytes === floats[VALUES_BYTES], `values ${valuesBytes}, counted as ${floats[VALUES_BYTES]}`);
  return chunks;
}

function checkChain(memory: ShardMemory, entry: number, plan: ChainPlan, chunks: Map<number, number>): void {
  const { words } = memory;
  assert(plan.hasExtents === hasExtents(memory, entry), `slot ${entry} has the wrong number of chunks`);
  let slot = entry;
  let before = 0;
  for (let run = 0; run < plan.runs; run++) {
    for (let count = plan.counts[run]!; count > 0; count--) {
      assert(slot !== 0 && !chunks.has(slot), `the chain of slot ${entry} is cut or shared`);
      assert(classOf(memory, slot) === plan.classes[run], `slot ${slot} is of the wrong class`);
      const kind = words[slot * 2]! & KIND_BITS;
      assert(kind === (before === 0 ? KIND_ENTRY : KIND_EXTENT), `slot ${slot} is of the wrong kind`);
      if (before !== 0) {
        assert((words[slot * 2 + EXTENT_BEFORE]! & SLOT_BITS) === before, `slot ${slot} links back wrongly`);
      }
      chunks.set(slot, kind);
      before = slot;
      if (slot !== entry) slot = words[slot * 2 + EXTENT_AFTER]!;
      else slot = plan.hasExtents ? words[slot * 2 + FIRST_EXTENT]! : 0;
    }
  }
  assert(slot === 0, `the chain of slot ${entry} is too long`);
}

/**
 * Checks that every pinned entry is in the index or has a chain of its own, complete unless it grows. Adds these
 * chunks.
 */
function checkPins(memory: ShardMemory, chunks: Map<number, number>): void {
  const { words, floats } = memory;
  const plan = new ChainPlan();
  const seen = new Set<number>();
  let pinnedBytes = 0;
  forEachPin(memory, (slot, isResident, isGrowing) => {
    assert(isPinned(memory, slot), `slot ${slot} is in the pin table and not marked so`);
    if (seen.has(slot)) return;
    seen.add(slot);
    planEntry(memory, slot, plan);
    pinnedBytes += plan.bytes;
    if (isResident) assert(chunks.get(slot) === KIND_ENTRY, `slot ${slot} is pinned and no entry`);
    else if (!isGrowing) checkChain(memory, slot, plan, chunks);
    else {
      chunks.set(slot, KIND_ENTRY);
      for (let extent = words[slot * 2 + FIRST_EXTENT]!; extent !== 0; ) {
        chunks.set(extent, KIND_EXTENT);
        extent = words[extent * 2 + EXTENT_AFTER]!;
      }
    }
  });
  assert(
    pinnedBytes === floats[PINNED_BYTES],
    `${pinnedBytes} bytes pinned, counted as ${floats[PINNED_BYTES]}`,
  );
  for (const [slot, kind] of chunks) {
    if (kind === KIND_ENTRY)
      assert(isPinned(memory, slot) === seen.has(slot), `slot ${slot} is marked as pinned`);
  }
}

/** Checks that every chunk that is not free belongs to an entry. */
function checkChunks(memory: ShardMemory, chunks: Map<number, number>): void {
  const { words, sizes } = memory;
  let used = 0;
  for (let page = 1; page < words[FRESH_PAGE]!; page++) {
    const pageClass = words[pageRow(memory, page) + PAGE_CLASS]!;
    if (pageClass < 0) continue;
    const first = firstSlotOf(memory, page);
    for (let chunk = 0; chunk < sizes.chunksPerPage[pageClass]!; chunk++) {
      const slot = first + (chunk * sizes.chunkBytes[pageClass]!) / 8;
      if ((words[slot * 2]! & KIND_BITS) === KIND_FREE) continue;
      assert(chunks.has(slot), `slot ${slot} belongs to no entry`);
      used++;
    }
  }
  assert(used === chunks.size, `${chunks.size} chunks are in use, ${used} marked so`);
}
