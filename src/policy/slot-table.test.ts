import { expect, test } from "bun:test";
import fc from "fast-check";
import { SlotTable } from "./slot-table.ts";

const [STRIDE, OFFSET, AT, MOST] = [3, 2, 1, 8];

test("a slot table is a set of slots, each at an index of its own", () => {
  const operation = fc.record({
    kind: fc.constantFrom("add", "remove", "relocate"),
    slot: fc.integer({ min: 1, max: MOST }),
    other: fc.integer({ min: 1, max: MOST }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: "max" }), (operations) => {
      const words = new Int32Array((MOST + 1) * STRIDE + OFFSET);
      const state = new Int32Array(AT + SlotTable.words(MOST) + 1).fill(0);
      state[0] = -1;
      state[state.length - 1] = -1;
      const table = new SlotTable(words, STRIDE, OFFSET, state, AT);
      const model: number[] = [];
      for (const { kind, slot, other } of operations) {
        const at = model.indexOf(slot);
        if (kind === "add" && at < 0) {
          table.add(slot);
          model.push(slot);
          expect(table.indexOf(slot)).toBe(model.length - 1);
        } else if (kind === "remove" && at >= 0) {
          table.remove(slot);
          // The last one takes its place.
          const last = model.pop()!;
          if (last !== slot) model[at] = last;
        } else if (kind === "relocate" && at >= 0 && !model.includes(other)) {
          words[other * STRIDE + OFFSET] = words[slot * STRIDE + OFFSET]!;
          table.relocate(other);
          model[at] = other;
        }
        const visited: number[] = [];
        table.forEach((each) => void visited.push(each));
        expect(visited).toEqual(model);
        expect(model.map((each) => table.slotAt(table.indexOf(each)))).toEqual(model);
        expect(table.count()).toBe(model.length);
        table.check(MOST);
      }
      expect([state[0], state.at(-1)]).toEqual([-1, -1]);
    }),
  );
});

test("a table that is not right is noticed", () => {
  const words = new Int32Array(10);
  const table = new SlotTable(words, 1, 0, new Int32Array(10), 0);
  for (const slot of [1, 2]) table.add(slot);
  table.check(2);
  expect(() => table.check(1)).toThrow("a table holds 2 slots, more than 1");
  words[2] = 0;
  expect(() => table.check(2)).toThrow("slot 2 has lost its place");
});
