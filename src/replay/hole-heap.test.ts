import { expect, test } from "bun:test";
import fc from "fast-check";
import { HoleHeap } from "./hole-heap.ts";

test("gives the greatest position first, as a sorted list does", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(1000))), (steps) => {
      const heap = new HoleHeap();
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) {
          heap.pop();
          model.pop();
        } else if (!model.includes(step)) {
          heap.push(step);
          model.push(step);
          model.sort((one, other) => one - other);
        }
        expect(heap.greatest).toBe(model.at(-1));
      }
      heap.renumber((position) => position + 7);
      expect(heap.greatest).toBe(model.length === 0 ? undefined : model.at(-1)! + 7);
    }),
    { seed: 1 },
  );
});
