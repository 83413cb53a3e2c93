import { expect, test } from "bun:test";
import fc from "fast-check";
import { PriorityHeap } from "./priority-heap.ts";

test("a priority heap ranks slots as a sorted array does", () => {
  const operation = fc.record({
    kind: fc.constantFrom("set", "set", "set", "remove", "pop"),
    slot: fc.integer({ min: 1, max: 20 }),
    priority: fc.constantFrom(0, 1, 1.5, 2, 1e12, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200, size: "max" }), (operations) => {
      const state = new Int32Array(2 + PriorityHeap.words(20));
      const heap = new PriorityHeap(new Int32Array(70), 3, 1, state, 2, 20);
      let model: { slot: number; priority: number; tick: number }[] = [];
      operations.forEach(({ kind, slot, priority }, tick) => {
        const known = model.some((entry) => entry.slot === slot);
        if (kind === "pop") {
          expect(heap.top()).toBe(model[0]?.slot ?? 0);
          if (model.length > 0) heap.remove(heap.top());
          model.shift();
        } else if (kind === "remove") {
          if (known) heap.remove(slot);
          model = model.filter((entry) => entry.slot !== slot);
        } else {
          if (known) heap.update(slot, priority, tick);
          else heap.add(slot, priority, tick);
          model = model.filter((entry) => entry.slot !== slot);
          model.push({ slot, priority, tick });
          model.sort((a, b) =>
            a.priority === b.priority ? a.tick - b.tick : a.priority < b.priority ? -1 : 1,
          );
          expect([heap.priorityOf(slot), heap.tickOf(slot)]).toEqual([priority, tick]);
        }
        heap.check(20);
        const order: number[] = [];
        heap.forEach((visited) => {
          order.push(visited);
        });
        expect(order).toEqual(model.map((entry) => entry.slot));
      });
    }),
    { seed: 1 },
  );
});
