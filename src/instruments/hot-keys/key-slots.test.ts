import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { KeySlots } from "./key-slots.ts";

test("finds exactly the keys that are there, under any collisions", () => {
  const steps = fc.array(
    fc.record({ what: fc.constantFrom("add", "remove", "rename"), key: fc.nat(30), other: fc.nat(30) }),
    { maxLength: 200, size: "max" },
  );
  fc.assert(
    fc.property(steps, fc.constantFrom(1, 3, 1000), (list, hashes) => {
      const slots = new KeySlots(12, 8);
      const model = new Map<number, number>();
      const bytesOf = (key: number): Uint8Array => utf8(`:${key}:`);
      const hashOf = (key: number): number => (key * 7919) % hashes;
      const find = (key: number): number => slots.find(hashOf(key), bytesOf(key), 0, bytesOf(key).length);
      for (const { what, key, other } of list) {
        const [bytes, slot] = [bytesOf(key), model.get(key)];
        if (what === "add" && slot === undefined) {
          const added = slots.add(hashOf(key), bytes, 0, bytes.length);
          if (model.size === 12) expect(added).toBe(0);
          else model.set(key, added);
        } else if (what === "remove" && slot !== undefined) {
          slots.remove(slot);
          model.delete(key);
        } else if (what === "rename" && slot !== undefined && !model.has(other)) {
          slots.rename(slot, hashOf(other), bytesOf(other), 0, bytesOf(other).length);
          model.delete(key);
          model.set(other, slot);
        }
        for (let each = 0; each <= 30; each++) expect(find(each)).toBe(model.get(each) ?? 0);
        expect(slots.count).toBe(model.size);
        const told: string[] = [];
        slots.forEach((each) => {
          told.push(fromUtf8(slots.bytesOf(each)));
        });
        expect(told.sort()).toEqual([...model.keys()].map((each) => `:${each}:`).sort());
      }
    }),
    { numRuns: 100 },
  );
});

test("long keys are kept in part, and told apart by that part, their length and their hash", () => {
  const slots = new KeySlots(4, 8);
  const add = (hash: number, key: string): number => slots.add(hash, utf8(key), 0, key.length);
  const find = (hash: number, key: string): number => slots.find(hash, utf8(key), 0, key.length);
  const slot = add(1, "longer than eight");
  expect(fromUtf8(slots.bytesOf(slot))).toBe("longer t");
  expect(slots.lengthOf(slot)).toBe(17);
  expect(find(1, "longer than eight")).toBe(slot);
  expect([find(1, "longer tham nine!?"), find(2, "longer than eight"), find(1, "shorter")]).toEqual([
    0, 0, 0,
  ]);
});

test("all keys of one hash can be visited, and removed meanwhile", () => {
  const slots = new KeySlots(4, 8);
  const added = ["a", "b", "c"].map((key) => slots.add(key === "b" ? 5 : 4, utf8(key), 0, 1));
  const seen: number[] = [];
  slots.forEachOf(4, (slot) => {
    seen.push(slot);
    slots.remove(slot);
  });
  expect(seen).toEqual([added[0]!, added[2]!]);
  expect(slots.count).toBe(1);
});
