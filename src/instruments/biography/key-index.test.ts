import { expect, test } from "bun:test";
import fc from "fast-check";
import { KeyIndex } from "./key-index.ts";

test("gives slots to the lowest positions, as a sorted list does", () => {
  const operation = fc.record({
    adds: fc.boolean(),
    position: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const index = new KeyIndex(5);
      const slots = new Map<number, number>();
      for (const { adds, position } of operations) {
        if (!adds) {
          index.remove(position);
          slots.delete(position);
        } else if (!slots.has(position)) {
          const last = Math.max(...slots.keys());
          const slot = index.add(position);
          expect(slot === -1).toBe(slots.size === 5 && last < position);
          if (slots.size === 5 && slot !== -1) slots.delete(last);
          if (slot !== -1) slots.set(position, slot);
        }
        const positions = [...slots.keys()].sort((a, b) => a - b);
        expect(Array.from({ length: index.size }, (_, rank) => index.positionAt(rank))).toEqual(positions);
        expect(positions.map((one) => index.find(one))).toEqual(positions.map((one) => slots.get(one)!));
        expect(new Set(slots.values()).size).toBe(slots.size);
        expect(index.find(13)).toBe(-1);
      }
    }),
  );
});

test("an index without room has no slots", () => {
  const index = new KeyIndex(0);
  expect([index.add(1), index.find(1), index.isFull]).toEqual([-1, -1, true]);
});
