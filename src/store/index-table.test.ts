import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mix32 } from "../lib/hash.ts";
import { SeededRandom } from "../lib/random.ts";
import { freeChunk, resetArena, takeChunk } from "./arena.ts";
import { HASH, KIND_ENTRY, NEXT_IN_BUCKET, SLOT_BITS } from "./entry-layout.ts";
import {
  bucketAtPosition,
  bucketWord,
  growIndex,
  indexPagesNeeded,
  linkEntry,
  nextPosition,
  relinkEntry,
  resetIndex,
  reverseBits,
  shrinkIndex,
  unlinkEntry,
  wordOfBucket,
} from "./index-table.ts";
import { BUCKET_COUNT, ENTRIES, FREE_PAGES, ShardMemory } from "./shard-memory.ts";

function freshIndex(shardBytes = 2_000_000): ShardMemory {
  const memory = ShardMemory.create(shardBytes);
  resetArena(memory);
  resetIndex(memory);
  return memory;
}

function insert(memory: ShardMemory, hash: number): number {
  const slot = takeChunk(memory, 0);
  memory.words[slot * 2] = KIND_ENTRY;
  memory.words[slot * 2 + HASH] = hash;
  linkEntry(memory, slot, hash);
  memory.words[ENTRIES]!++;
  growIndex(memory);
  return slot;
}

function remove(memory: ShardMemory, slot: number): void {
  unlinkEntry(memory, slot);
  freeChunk(memory, slot);
  memory.words[ENTRIES]!--;
  shrinkIndex(memory);
}

function chain(memory: ShardMemory, head: number): number[] {
  const slots: number[] = [];
  for (
    let slot = memory.words[head]!;
    slot !== 0;
    slot = memory.words[slot * 2 + NEXT_IN_BUCKET]! & SLOT_BITS
  ) {
    slots.push(slot);
  }
  return slots;
}

/** Returns the slots in scan order. */
function walk(memory: ShardMemory): number[] {
  const slots: number[] = [];
  for (let position = 0; position < 2 ** 32; position = nextPosition(memory, position)) {
    slots.push(...chain(memory, wordOfBucket(memory, bucketAtPosition(memory, position))));
  }
  return slots;
}

describe("index", () => {
  test("reverses bits both ways", () => {
    expect(reverseBits(1)).toBe(2 ** 31);
    expect(reverseBits(0x8000_0001)).toBe(0x8000_0001);
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (value) => {
        expect(reverseBits(reverseBits(value))).toBe(value);
        expect(reverseBits(value).toString(2).padStart(32, "0")).toBe(
          [...value.toString(2).padStart(32, "0")].reverse().join(""),
        );
      }),
    );
  });

  test("finds what was inserted while it grows and shrinks, and walks it in one order", () => {
    const memory = freshIndex();
    const random = new SeededRandom(11);
    const resident = new Map<number, number>();
    const least = memory.words[BUCKET_COUNT]!;
    let most = 0;
    for (let round = 0; round < 4; round++) {
      const target = [9000, 100, 5000, 0][round]!;
      while (resident.size !== target) {
        if (resident.size < target) {
          const hash = mix32(random.below(2 ** 32));
          resident.set(insert(memory, hash), hash);
        } else {
          const slot = resident.keys().next().value as number;
          remove(memory, slot);
          resident.delete(slot);
        }
        most = Math.max(most, memory.words[BUCKET_COUNT]!);
        expect(memory.words[BUCKET_COUNT]!).toBeLessThanOrEqual(Math.max(least, 2 * resident.size));
        expect(memory.words[BUCKET_COUNT]!).toBeGreaterThanOrEqual(Math.max(least, resident.size));
      }
      for (const [slot, hash] of resident) {
        expect(chain(memory, bucketWord(memory, hash))).toContain(slot);
      }
      const walked = walk(memory);
      expect(walked.length).toBe(resident.size);
      const width = 2 ** 32 / memory.words[BUCKET_COUNT]!;
      for (let i = 1; i < walked.length; i++) {
        const before = reverseBits(resident.get(walked[i - 1]!)!);
        // In order, but for those within one bucket.
        expect(reverseBits(resident.get(walked[i]!)!)).toBeGreaterThan(before - 2 * width);
      }
    }
    expect(most).toBe(9000);
    expect(memory.words[BUCKET_COUNT]).toBe(least);
    expect(memory.words[FREE_PAGES]).toBe(memory.reservedPages - 1);
  });

  test("moves a link to another slot", () => {
    const memory = freshIndex();
    const slots = [insert(memory, 5), insert(memory, 5), insert(memory, 5)];
    const [oldest, middle, youngest] = slots as [number, number, number];
    const moved = takeChunk(memory, 0);
    memory.words.copyWithin(moved * 2, middle * 2, middle * 2 + 10);
    relinkEntry(memory, middle, moved);
    expect(chain(memory, bucketWord(memory, 5))).toEqual([youngest, moved, oldest]);
    unlinkEntry(memory, youngest);
    unlinkEntry(memory, oldest);
    expect(chain(memory, bucketWord(memory, 5))).toEqual([moved]);
  });

  test("asks for a page before it needs one, and works on without one", () => {
    const memory = freshIndex(200_000);
    const least = memory.words[BUCKET_COUNT]!;
    for (let i = 0; i < least; i++) {
      expect(indexPagesNeeded(memory)).toBe(0);
      insert(memory, mix32(i));
    }
    expect(indexPagesNeeded(memory)).toBe(1);
    while (memory.words[FREE_PAGES]! > 0) takeChunk(memory, memory.sizes.count - 1);
    const slot = insert(memory, mix32(least));
    expect(memory.words[BUCKET_COUNT]).toBe(least);
    expect(chain(memory, bucketWord(memory, mix32(least)))).toContain(slot);
  });
});
