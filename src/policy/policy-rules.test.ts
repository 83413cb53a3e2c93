import { expect, test } from "bun:test";
import { faultOfOrder, faultOfVictim } from "./policy-rules.ts";

const held = new Set([2, 5]);
const residents = { count: held.size, has: (slot: number) => held.has(slot) };
const nothing = { count: 0, has: () => false };

test("a victim is a resident entry, or 0 where there is none", () => {
  expect(faultOfVictim(5, residents)).toBeUndefined();
  expect(faultOfVictim(0, nothing)).toBeUndefined();
  for (const [victim, fault] of [
    [
      0,
      "evict returned 0, which says that nothing is resident, but 2 entries are: the policy has lost sight",
    ],
    [3, "evict returned 3, but no entry is resident in slot 3"],
    [undefined, "evict returned nothing (undefined), which is no slot"],
    [null, "evict returned null, which is no slot"],
    [2.5, "evict returned 2.5, which is no slot"],
    [-2, "evict returned -2, which is no slot"],
    [Number.NaN, "evict returned NaN, which is no slot"],
    ["2", 'evict returned the text "2", which is no slot'],
    [2n, "evict returned the bigint 2n, which is no slot"],
    [true, "evict returned true, which is no slot"],
    [[2], "evict returned an array, which is no slot"],
    [Promise.resolve(2), "evict returned a promise, which is no slot"],
    [{ slot: 2 }, "evict returned a value of type object, which is no slot"],
  ] as const) {
    expect(faultOfVictim(victim, residents)).toStartWith(fault);
  }
  expect(faultOfVictim(2, nothing)).toBe("evict returned 2, but nothing is resident: 0 says so");
  expect(faultOfVictim(0, { count: 1, has: () => true })).toContain("but 1 entry is:");
});

test("what is shown is each resident entry, once", () => {
  const fault = (order: readonly unknown[]) => faultOfOrder(order, residents, "queues shows");
  expect(fault([5, 2])).toBeUndefined();
  expect(fault([5])).toBe("queues shows 1 of 2 resident entries");
  expect(fault([5, 2, 5])).toBe("queues shows slot 5 twice");
  expect(fault([5, 3])).toBe("queues shows slot 3, in which no entry is resident");
  expect(fault([5, "2"])).toStartWith('queues shows the text "2", which is no slot');
  expect(faultOfOrder([], nothing, "queues shows")).toBeUndefined();
});
