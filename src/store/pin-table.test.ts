import { expect, test } from "bun:test";
import { mayPin, NO_PIN, pinEntry, pinGrowing, releaseRow, serialOf, takeRow } from "./pin-table.ts";
import { PAGE_LIMIT, PIN_ROWS, PINS, ShardMemory } from "./shard-memory.ts";

/** Slots whose words nothing else uses: the memory is not formatted. */
function slotOf(index: number): number {
  return 100_000 + 8 * index;
}

test("has a row for each thread's pins of an entry, and none beyond the last", () => {
  const memory = ShardMemory.create(4 << 20);
  for (let row = 0; row < PIN_ROWS; row++) expect(pinGrowing(memory, slotOf(row), 1, 0)).toBe(row);
  expect(pinGrowing(memory, slotOf(PIN_ROWS), 1, 0)).toBe(NO_PIN);
  expect(pinEntry(memory, slotOf(3), 2, 0)).toBe(NO_PIN);
  // The same thread needs no other row.
  expect(pinEntry(memory, slotOf(3), 1, 0)).toBe(3);
  expect([releaseRow(memory, 3), releaseRow(memory, 3)]).toEqual([false, true]);
  const serial = serialOf(memory, 3);
  expect(takeRow(memory, 3)).toBe(-slotOf(3));
  expect([serialOf(memory, 3), memory.floats[PINS]]).toEqual([serial + 1, PIN_ROWS - 1]);
  expect(pinEntry(memory, slotOf(4), 2, 0)).toBe(3);
});

test("lets pinned entries take half of the pages, and no more", () => {
  const memory = ShardMemory.create(4 << 20);
  const half = (memory.words[PAGE_LIMIT]! * memory.sizes.pageBytes) / 2;
  expect([mayPin(memory, half), mayPin(memory, half + 1)]).toEqual([true, false]);
  expect(pinEntry(memory, slotOf(0), 1, half - 10)).toBe(0);
  expect([mayPin(memory, 10), mayPin(memory, 11)]).toEqual([true, false]);
});
