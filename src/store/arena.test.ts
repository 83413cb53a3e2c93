import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import {
  emptiestPage,
  firstSlotOf,
  freeChunk,
  freePage,
  isWasteful,
  planFits,
  resetArena,
  takeChunk,
  takePage,
} from "./arena.ts";
import { ChainPlan, planChunk } from "./chain-plan.ts";
import {
  CLASS_FREE_CHUNKS,
  CLASS_WORDS,
  classOf,
  FREE_PAGES,
  INDEX_PAGE_CLASS,
  pageOf,
  SHARD_LEAST_BYTES,
  SHARD_LIMIT_BYTES,
  ShardMemory,
} from "./shard-memory.ts";

function freshArena(shardBytes = 1_000_000): ShardMemory {
  const memory = ShardMemory.create(shardBytes);
  resetArena(memory);
  return memory;
}

function freeChunks(memory: ShardMemory, sizeClass: number): number {
  return memory.words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_FREE_CHUNKS]!;
}

describe("shard memory", () => {
  test("has parts that do not overlap and leave little unused", () => {
    for (const bytes of [SHARD_LEAST_BYTES, 200_000, 1 << 20, 12_345_672, 64 << 20, 300 << 20]) {
      const memory = ShardMemory.create(bytes);
      const pageBytes = memory.sizes.pageBytes;
      const lastRow = memory.pageTable + (memory.reservedPages + 1) * 5;
      expect(lastRow * 4).toBeLessThanOrEqual(memory.policyState.byteOffset);
      const pagesStart = memory.pageBase + pageBytes;
      expect(memory.policyState.byteOffset + memory.policyState.byteLength).toBeLessThanOrEqual(pagesStart);
      expect(memory.policyState.byteOffset % 8).toBe(0);
      expect(pagesStart % 8).toBe(0);
      const end = pagesStart + memory.reservedPages * pageBytes;
      expect(end).toBeLessThanOrEqual(bytes);
      expect(bytes - end).toBeLessThan(pageBytes + 64);
    }
  });

  test("knows its limits", () => {
    expect(() => ShardMemory.create(SHARD_LEAST_BYTES - 8)).toThrow("out of range");
    expect(SHARD_LIMIT_BYTES).toBeLessThan(2 ** 31);
  });
});

describe("arena", () => {
  test("hands every page out once and takes it back", () => {
    const memory = freshArena();
    const pages = new Set<number>();
    for (let i = 0; i < memory.reservedPages; i++) pages.add(takePage(memory, INDEX_PAGE_CLASS));
    expect(pages.size).toBe(memory.reservedPages);
    expect(memory.words[FREE_PAGES]).toBe(0);
    expect(() => takePage(memory, INDEX_PAGE_CLASS)).toThrow("no page is left");
    for (const page of pages) freePage(memory, page);
    expect(memory.words[FREE_PAGES]).toBe(memory.reservedPages);
    for (let i = 0; i < memory.reservedPages; i++)
      expect(pages.delete(takePage(memory, INDEX_PAGE_CLASS))).toBe(true);
  });

  test("hands out chunks that do not overlap, and gives pages back when they are empty", () => {
    const memory = freshArena();
    const random = new SeededRandom(7);
    const taken: { slot: number; sizeClass: number }[] = [];
    const owner = new Map<number, number>();
    for (let step = 0; step < 20_000; step++) {
      const sizeClass = random.below(memory.sizes.count);
      const chunkSlots = memory.sizes.chunkBytes[sizeClass]! / 8;
      const isTaking = random.below(100) < (step % 4000 < 2000 ? 70 : 30);
      if (isTaking && (memory.words[FREE_PAGES]! > 0 || freeChunks(memory, sizeClass) > 0)) {
        const slot = takeChunk(memory, sizeClass);
        expect(classOf(memory, slot)).toBe(sizeClass);
        expect(pageOf(memory, slot)).toBe(pageOf(memory, slot + chunkSlots - 1));
        for (let i = 0; i < chunkSlots; i++) {
          if (owner.has(slot + i)) throw new Error(`slot ${slot + i} was taken twice`);
          owner.set(slot + i, slot);
        }
        taken.push({ slot, sizeClass });
      } else if (taken.length > 0) {
        const [{ slot, sizeClass: freed }] = taken.splice(random.below(taken.length), 1) as [
          (typeof taken)[0],
        ];
        for (let i = 0; i < memory.sizes.chunkBytes[freed]! / 8; i++) owner.delete(slot + i);
        freeChunk(memory, slot);
      }
    }
    for (const { slot } of taken) freeChunk(memory, slot);
    expect(memory.words[FREE_PAGES]).toBe(memory.reservedPages);
    for (let sizeClass = 0; sizeClass < memory.sizes.count; sizeClass++) {
      expect(freeChunks(memory, sizeClass)).toBe(0);
    }
  });

  test("names the emptiest page once a page's worth of chunks is free", () => {
    const memory = freshArena();
    const sizeClass = 10;
    const chunks = memory.sizes.chunksPerPage[sizeClass]!;
    const slots = Array.from({ length: chunks * 3 }, () => takeChunk(memory, sizeClass));
    const secondPage = pageOf(memory, slots[chunks]!);
    expect(emptiestPage(memory, sizeClass)).toBe(0);
    for (let i = 0; i < 3; i++) freeChunk(memory, slots[i]!);
    for (let i = 0; i < chunks - 2; i++) freeChunk(memory, slots[chunks + i]!);
    expect(isWasteful(memory, sizeClass)).toBe(false);
    expect(emptiestPage(memory, sizeClass)).toBe(secondPage);
    freeChunk(memory, slots[2 * chunks]!);
    expect(isWasteful(memory, sizeClass)).toBe(true);
    expect(firstSlotOf(memory, secondPage)).toBeLessThanOrEqual(slots[chunks]!);
  });

  test("tells whether chunks can be had", () => {
    const memory = freshArena();
    const plan = new ChainPlan();
    planChunk(plan, memory.sizes, 0);
    plan.counts[0] = memory.sizes.chunksPerPage[0]! * memory.reservedPages;
    expect(planFits(memory, plan, 0)).toBe(true);
    expect(planFits(memory, plan, 1)).toBe(false);
    plan.counts[0]!++;
    expect(planFits(memory, plan, 0)).toBe(false);
  });
});
