import { assert } from "../lib/assert.ts";
import type { ChainPlan } from "./chain-plan.ts";
import {
  CLASS_FREE_CHUNKS,
  CLASS_ROOMY_PAGES,
  CLASS_WORDS,
  FREE_PAGE_CLASS,
  FREE_PAGE_LIST,
  FREE_PAGES,
  FRESH_PAGE,
  PAGE_BEFORE,
  PAGE_CLASS,
  PAGE_FREE_CHUNK,
  PAGE_LIMIT,
  PAGE_NEXT,
  PAGE_USED_CHUNKS,
  pageOf,
  pageRow,
  type ShardMemory,
} from "./shard-memory.ts";

/**
 * Pages, and the chunks that they are cut into. A page belongs to one size class while any of its chunks is in use,
 * and becomes free with the last of them.
 */

/** Makes all pages free, up to the page limit. */
export function resetArena(memory: ShardMemory): void {
  const { words } = memory;
  words[FREE_PAGES] = words[PAGE_LIMIT]!;
  words[FREE_PAGE_LIST] = 0;
  words[FRESH_PAGE] = 1;
  words.fill(0, memory.classTable, memory.classTable + memory.sizes.count * CLASS_WORDS);
}

/** Takes a free page. The caller has made sure that there is one. */
export function takePage(memory: ShardMemory, pageClass: number): number {
  const { words } = memory;
  let page = words[FREE_PAGE_LIST]!;
  if (page !== 0) {
    words[FREE_PAGE_LIST] = words[pageRow(memory, page) + PAGE_NEXT]!;
  } else {
    page = words[FRESH_PAGE]!;
    assert(page <= memory.reservedPages, "no page is left");
    words[FRESH_PAGE] = page + 1;
  }
  words[FREE_PAGES]!--;
  words[pageRow(memory, page) + PAGE_CLASS] = pageClass;
  return page;
}

export function freePage(memory: ShardMemory, page: number): void {
  const { words } = memory;
  const row = pageRow(memory, page);
  words[row + PAGE_CLASS] = FREE_PAGE_CLASS;
  words[row + PAGE_NEXT] = words[FREE_PAGE_LIST]!;
  words[FREE_PAGE_LIST] = page;
  words[FREE_PAGES]!++;
}

/**
 * Lowers the page limit towards `pages`, as far as free pages allow.
 * @returns whether the limit is now at most `pages`
 */
export function lowerPageLimit({ words }: ShardMemory, pages: number): boolean {
  const taken = Math.max(0, Math.min(words[FREE_PAGES]!, words[PAGE_LIMIT]! - pages));
  words[FREE_PAGES]! -= taken;
  words[PAGE_LIMIT]! -= taken;
  return words[PAGE_LIMIT]! <= pages;
}

/** Raises the page limit to `pages`, if it is lower. */
export function raisePageLimit({ words }: ShardMemory, pages: number): void {
  const added = Math.max(0, pages - words[PAGE_LIMIT]!);
  words[FREE_PAGES]! += added;
  words[PAGE_LIMIT]! += added;
}

/** Takes a chunk. The caller has made sure that a chunk or a page is free. @returns its slot */
export function takeChunk(memory: ShardMemory, sizeClass: number): number {
  const { words } = memory;
  const classRow = memory.classTable + sizeClass * CLASS_WORDS;
  let page = words[classRow + CLASS_ROOMY_PAGES]!;
  if (page === 0) page = cutPage(memory, sizeClass);
  const row = pageRow(memory, page);
  const slot = words[row + PAGE_FREE_CHUNK]!;
  const next = words[slot * 2]!;
  words[row + PAGE_FREE_CHUNK] = next;
  words[row + PAGE_USED_CHUNKS]!++;
  words[classRow + CLASS_FREE_CHUNKS]!--;
  if (next === 0) unlinkRoomyPage(memory, page);
  return slot;
}

/** Frees a chunk, and its page if no other chunk of the page is in use. */
export function freeChunk(memory: ShardMemory, slot: number): void {
  const { words } = memory;
  const page = pageOf(memory, slot);
  const row = pageRow(memory, page);
  const sizeClass = words[row + PAGE_CLASS]!;
  const classRow = memory.classTable + sizeClass * CLASS_WORDS;
  const next = words[row + PAGE_FREE_CHUNK]!;
  words[slot * 2] = next;
  words[row + PAGE_FREE_CHUNK] = slot;
  words[classRow + CLASS_FREE_CHUNKS]!++;
  if (next === 0) linkRoomyPage(memory, page);
  if (--words[row + PAGE_USED_CHUNKS]! === 0) giveUpPage(memory, page);
}

/** Takes a page whose chunks are all free away from its size class. */
function giveUpPage(memory: ShardMemory, page: number): void {
  const { words } = memory;
  const row = pageRow(memory, page);
  const sizeClass = words[row + PAGE_CLASS]!;
  unlinkRoomyPage(memory, page);
  words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_FREE_CHUNKS]! -=
    memory.sizes.chunksPerPage[sizeClass]!;
  freePage(memory, page);
}

/** Whether the chunks of a plan can be taken, and `otherPages` pages as well. */
export function planFits(memory: ShardMemory, plan: ChainPlan, otherPages: number): boolean {
  const { words } = memory;
  let pages = otherPages;
  for (let run = 0; run < plan.runs; run++) {
    const sizeClass = plan.classes[run]!;
    const missing =
      plan.counts[run]! - words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_FREE_CHUNKS]!;
    if (missing > 0) pages += Math.ceil(missing / memory.sizes.chunksPerPage[sizeClass]!);
  }
  return pages <= words[FREE_PAGES]!;
}

/** Whether a size class has enough free chunks to empty one of its pages and keep a free chunk. */
export function isWasteful(memory: ShardMemory, sizeClass: number): boolean {
  return (
    memory.words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_FREE_CHUNKS]! >
    memory.sizes.chunksPerPage[sizeClass]! + 1
  );
}

/** Returns the page of a size class with the fewest chunks in use, among pages with a free one; 0: none. */
export function emptiestPage(memory: ShardMemory, sizeClass: number): number {
  const { words } = memory;
  let emptiest = 0;
  let fewest = memory.sizes.chunksPerPage[sizeClass]!;
  let page = words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_ROOMY_PAGES]!;
  while (page !== 0) {
    const row = pageRow(memory, page);
    const used = words[row + PAGE_USED_CHUNKS]!;
    if (used < fewest) {
      fewest = used;
      emptiest = page;
    }
    page = words[row + PAGE_NEXT]!;
  }
  return emptiest;
}

/** Keeps `takeChunk` from choosing a page. None of the page's chunks may be freed from then on. */
export function unlinkRoomyPage(memory: ShardMemory, page: number): void {
  const { words } = memory;
  const row = pageRow(memory, page);
  const next = words[row + PAGE_NEXT]!;
  const before = words[row + PAGE_BEFORE]!;
  if (before !== 0) words[pageRow(memory, before) + PAGE_NEXT] = next;
  else words[memory.classTable + words[row + PAGE_CLASS]! * CLASS_WORDS + CLASS_ROOMY_PAGES] = next;
  if (next !== 0) words[pageRow(memory, next) + PAGE_BEFORE] = before;
}

function linkRoomyPage(memory: ShardMemory, page: number): void {
  const { words } = memory;
  const row = pageRow(memory, page);
  const head = memory.classTable + words[row + PAGE_CLASS]! * CLASS_WORDS + CLASS_ROOMY_PAGES;
  const next = words[head]!;
  words[row + PAGE_BEFORE] = 0;
  words[row + PAGE_NEXT] = next;
  if (next !== 0) words[pageRow(memory, next) + PAGE_BEFORE] = page;
  words[head] = page;
}

/** Returns the slot of a page's first chunk. */
export function firstSlotOf(memory: ShardMemory, page: number): number {
  return (memory.pageBase + page * (1 << memory.pageShift)) / 8;
}

/** Cuts a free page into the chunks of a size class. */
function cutPage(memory: ShardMemory, sizeClass: number): number {
  const { words } = memory;
  const page = takePage(memory, sizeClass);
  const row = pageRow(memory, page);
  const slots = memory.sizes.chunkBytes[sizeClass]! / 8;
  const chunks = memory.sizes.chunksPerPage[sizeClass]!;
  const first = firstSlotOf(memory, page);
  const last = first + (chunks - 1) * slots;
  for (let slot = first; slot < last; slot += slots) words[slot * 2] = slot + slots;
  words[last * 2] = 0;
  words[row + PAGE_USED_CHUNKS] = 0;
  words[row + PAGE_FREE_CHUNK] = first;
  words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_FREE_CHUNKS]! += chunks;
  linkRoomyPage(memory, page);
  return page;
}
