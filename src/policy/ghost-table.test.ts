import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GhostTable, type GhostTableShape } from "./ghost-table.ts";

function createTable(shape: GhostTableShape): GhostTable {
  return new GhostTable(new Int32Array(5 + GhostTable.words(shape)), 5, new Float64Array(8), 1, shape);
}

describe("ghost table", () => {
  test("finds, takes and forgets as plain arrays do", () => {
    const operation = fc.record({
      kind: fc.constantFrom("add", "add", "add", "take", "drop", "shrink", "requeue"),
      queue: fc.nat(1),
      hash: fc.oneof(fc.nat(12), fc.integer({ min: 0xffff_fff0, max: 0xffff_ffff })),
      weight: fc.integer({ min: 1, max: 3_000_000_000 }),
    });
    fc.assert(
      fc.property(fc.nat(9), fc.array(operation, { maxLength: 200, size: "max" }), (limit, operations) => {
        const table = createTable({ limit, queues: 2, noteWords: 1 });
        const queues: { hash: number; weight: number }[][] = [[], []];
        const weigh = (queue: number) => queues[queue]!.reduce((sum, ghost) => sum + ghost.weight, 0);
        operations.forEach(({ kind, queue, hash, weight }, step) => {
          const queueModel = queues[queue]!;
          if (kind === "add") {
            const ghost = table.add(queue, hash, weight);
            if (ghost !== 0) table.setNote(ghost, 0, step);
            expect(ghost !== 0).toBe(limit > 0);
            if (queues[0]!.length + queues[1]!.length === limit) {
              (queueModel.length > 0 ? queueModel : queues[1 - queue]!).shift();
            }
            if (limit > 0) queueModel.push({ hash, weight });
            if (ghost !== 0) expect(table.note(table.find(hash), 0)).toBe(step);
          } else if (kind === "take") {
            const taken = table.take(hash);
            const found = queues.map((ghosts) => ghosts.findLastIndex((ghost) => ghost.hash === hash));
            expect(taken === -1).toBe(found[0] === -1 && found[1] === -1);
            if (taken !== -1) queues[taken]!.splice(found[taken]!, 1);
          } else if (kind === "requeue") {
            const ghost = table.find(hash);
            if (ghost === 0) return;
            const from = queues[table.queueOf(ghost)]!;
            from.splice(
              from.findLastIndex((other) => other.hash === hash),
              1,
            );
            table.requeue(ghost, queue, weight);
            queueModel.push({ hash, weight });
          } else if (kind === "drop") {
            table.dropOldest(queue);
            queueModel.shift();
          } else {
            table.shrinkTo(queue, weight);
            while (weigh(queue) > weight) queueModel.shift();
          }
          table.check();
          expect(table.isFull()).toBe(queues[0]!.length + queues[1]!.length === limit);
          for (const index of [0, 1]) {
            expect(table.count(index)).toBe(queues[index]!.length);
            expect(table.weight(index)).toBe(weigh(index));
          }
        });
      }),
      { seed: 1 },
    );
  });

  test("of two ghosts with one hash the younger is found first", () => {
    const table = createTable({ limit: 4, queues: 2, noteWords: 0 });
    table.add(0, 7, 1);
    table.add(1, 7, 1);
    const young = table.find(7);
    const old = table.findOlder(young);
    expect([table.queueOf(young), table.queueOf(old), table.findOlder(old)]).toEqual([1, 0, 0]);
    expect(table.take(7)).toBe(1);
    expect(table.take(7)).toBe(0);
    expect(table.take(7)).toBe(-1);
  });

  test("another object over the same memory is the same table", () => {
    const shape = { limit: 3, queues: 1, noteWords: 0 };
    const state = new Int32Array(GhostTable.words(shape));
    const sums = new Float64Array(1);
    new GhostTable(state, 0, sums, 0, shape).add(0, 9, 2);
    expect(new GhostTable(state, 0, sums, 0, shape).take(9)).toBe(0);
  });
});
