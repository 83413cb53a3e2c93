import { describe, expect, test } from "bun:test";
import type { PolicyMemory } from "./policy.ts";
import type { PolicyQueue } from "./policy-queue.ts";
import { ghostQueue, heapQueue, listQueue, tableQueue } from "./queue-views.ts";
import { LIST_WORDS, SlotList } from "./slot-list.ts";
import { SlotTable } from "./slot-table.ts";

const RULES = { name: "main", entrance: "new entries", exit: "out" };
const MEMORY = { hashOf: (slot: number) => 100 + slot } as PolicyMemory;

/** The places forwards and backwards. */
function walked({ next, previous }: Pick<PolicyQueue, "next" | "previous">): [number[], number[]] {
  const both = [next, previous].map((step) => {
    const places: number[] = [];
    for (let place = step(0); place !== 0; place = step(place)) places.push(place);
    return places;
  });
  return both as [number[], number[]];
}

describe("a view of", () => {
  test("a list has its slots in order", () => {
    const list = new SlotList(new Int32Array(20), 2, 0, new Int32Array(LIST_WORDS), 0);
    expect(walked(listQueue(MEMORY, list, RULES))).toEqual([[], []]);
    for (const slot of [4, 2, 7]) list.pushBack(slot);
    const queue = listQueue(MEMORY, list, RULES);
    expect(walked(queue)).toEqual([
      [4, 2, 7],
      [7, 2, 4],
    ]);
    expect(queue).toMatchObject({ ...RULES, kind: "resident", order: "line" });
    expect([queue.holds(2, 0), queue.hashOf(2)]).toEqual([true, 102]);
    const part = listQueue(MEMORY, list, { ...RULES, order: "hand", holds: (slot) => slot > 2 });
    expect([part.order, part.holds(2, 0), part.holds(4, 0)]).toEqual(["hand", false, true]);
  });

  test("a table has its slots in any order", () => {
    const table = new SlotTable(new Int32Array(20), 2, 0, new Int32Array(10), 0);
    expect(walked(tableQueue(MEMORY, table, RULES))).toEqual([[], []]);
    for (const slot of [4, 2, 7, 9]) table.add(slot);
    // Its place still has the number of one that has left.
    table.remove(9);
    const queue = tableQueue(MEMORY, table, RULES);
    expect(walked(queue)).toEqual([
      [4, 2, 7],
      [7, 2, 4],
    ]);
    expect(queue).toMatchObject({ ...RULES, kind: "resident", order: "none" });
    expect([queue.holds(2, 0), queue.hashOf(2)]).toEqual([true, 102]);
    const part = tableQueue(MEMORY, table, { ...RULES, holds: (slot) => slot > 2 });
    expect([part.holds(2, 0), part.holds(4, 0)]).toEqual([false, true]);
  });

  test("a heap has its slots in the heap's order, and says which leaves first", () => {
    const slots = [4, 2, 7];
    const heap = {
      count: () => slots.length,
      slotAt: (place: number) => slots[place] ?? 0,
      placeOf: (slot: number) => slots.indexOf(slot),
      isBefore: (one: number, other: number) => one < other,
    };
    const queue = heapQueue(MEMORY, heap as never, RULES);
    expect(walked(queue)).toEqual([
      [4, 2, 7],
      [7, 2, 4],
    ]);
    expect(queue).toMatchObject({ ...RULES, kind: "resident", order: "ranking" });
    expect([queue.isBefore!(2, 4), queue.isBefore!(4, 2)]).toEqual([true, false]);
    expect([queue.holds(2, 0), queue.hashOf(2)]).toEqual([true, 102]);
    const part = heapQueue(MEMORY, heap as never, { ...RULES, holds: (slot) => slot > 2 });
    expect([part.holds(2, 0), part.holds(4, 0)]).toEqual([false, true]);
  });

  test("ghosts has those of one queue, the oldest first", () => {
    const ghosts = [5, 6, 8];
    // Ghosts 6 and 8 have the same hash; 8, of another queue, is the younger one.
    const table = {
      oldest: (queue: number) => (queue === 1 ? 5 : 8),
      newest: (queue: number) => (queue === 1 ? 6 : 8),
      younger: (ghost: number) => (ghost === 5 ? 6 : 0),
      older: (ghost: number) => (ghost === 6 ? 5 : 0),
      hashOf: (ghost: number) => (ghost === 5 ? 105 : 106),
      find: (hash: number) => (hash === 106 ? 8 : hash === 105 ? 5 : 0),
      findOlder: (ghost: number) => (ghost === 8 ? 6 : 0),
      queueOf: (ghost: number) => (ghost === 8 ? 2 : 1),
    };
    const queue = ghostQueue(table as never, 1, RULES);
    expect(walked(queue)).toEqual([
      [5, 6],
      [6, 5],
    ]);
    expect(queue).toMatchObject({ ...RULES, kind: "ghost", order: "line" });
    expect(ghosts.map((ghost) => queue.holds(ghost, queue.hashOf(ghost)))).toEqual([true, true, false]);
    // A ghost that has been forgotten meanwhile.
    expect([queue.holds(9, 106), queue.holds(9, 107)]).toEqual([false, false]);
  });
});
