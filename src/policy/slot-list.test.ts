import { expect, test } from "bun:test";
import fc from "fast-check";
import { LINK_BITS, SlotList } from "./slot-list.ts";

test("a slot list is an array of slots, and leaves flags alone", () => {
  const operation = fc.record({
    kind: fc.constantFrom("pushBack", "pushFront", "insertAfter", "unlink", "moveToBack", "relocate"),
    slot: fc.integer({ min: 1, max: 12 }),
    other: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120, size: "max" }), (operations) => {
      const [stride, offset] = [3, 1];
      const words = new Int32Array(13 * stride + offset);
      const list = new SlotList(words, stride, offset, new Int32Array(5), 2);
      let model: number[] = [];
      const setFlags = (slot: number) => {
        words[slot * stride + offset] = slot << 29;
        words[slot * stride + offset + 1] = ~slot << 29;
      };
      for (const { kind, slot, other } of operations) {
        const known = model.includes(slot);
        if (kind === "pushBack" && !known) {
          setFlags(slot);
          list.pushBack(slot);
          model.push(slot);
        } else if (kind === "pushFront" && !known) {
          setFlags(slot);
          list.pushFront(slot);
          model.unshift(slot);
        } else if (kind === "insertAfter" && !known && model.includes(other)) {
          setFlags(slot);
          list.insertAfter(other, slot);
          model.splice(model.indexOf(other) + 1, 0, slot);
        } else if (kind === "unlink" && known) {
          list.unlink(slot);
          model = model.filter((listed) => listed !== slot);
        } else if (kind === "moveToBack" && known) {
          list.moveToBack(slot);
          model = [...model.filter((listed) => listed !== slot), slot];
        } else if (kind === "relocate" && known && !model.includes(other)) {
          setFlags(other);
          for (const word of [0, 1]) {
            words[other * stride + offset + word]! &= ~LINK_BITS;
            words[other * stride + offset + word]! |= words[slot * stride + offset + word]! & LINK_BITS;
          }
          words.fill(-1, slot * stride + offset, slot * stride + offset + 2);
          list.relocate(other);
          model[model.indexOf(slot)] = other;
        }
        expect(list.check(12)).toBe(model.length);
        const slots: number[] = [];
        list.forEach((listed) => {
          slots.push(listed);
        });
        expect(slots).toEqual(model);
        expect([list.front(), list.back()]).toEqual([model[0] ?? 0, model.at(-1) ?? 0]);
        for (const listed of model) {
          expect(words[listed * stride + offset]! & ~LINK_BITS).toBe((listed << 29) | 0);
          expect(words[listed * stride + offset + 1]! & ~LINK_BITS).toBe((~listed << 29) | 0);
        }
      }
    }),
    { seed: 1 },
  );
});
