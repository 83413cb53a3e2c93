import { expect, test } from "bun:test";
import type { PolicyMemory } from "./policy.ts";
import { LIST_WORDS } from "./slot-list.ts";
import { checkCount, WeighedList } from "./weighed-list.ts";

/** A list of slots that weigh ten times their number. */
function scene() {
  const memory = {
    ...{ words: new Int32Array(100), stride: 3, offset: 1, state: new Int32Array(1 + LIST_WORDS) },
    ...{ sums: new Float64Array(3), maxEntries: 5, weigh: (slot: number) => 10 * slot },
  } as unknown as PolicyMemory;
  const list = new WeighedList(memory, 1, 2);
  const slots = () => {
    const visited: number[] = [];
    list.forEach((slot) => void visited.push(slot));
    return visited;
  };
  return { memory, list, slots };
}

test("keeps order and weight of what comes and goes at both ends", () => {
  const { list, slots, memory } = scene();
  list.pushBack(1);
  list.pushBack(2);
  list.pushFront(3);
  expect([slots(), list.front(), list.weight()]).toEqual([[3, 1, 2], 3, 60]);
  list.moveToBack(1);
  expect([slots(), list.weight()]).toEqual([[3, 2, 1], 60]);
  expect(list.check(() => true)).toBe(3);
  list.unlink(3);
  expect([slots(), list.front(), list.weight()]).toEqual([[2, 1], 2, 30]);
  expect([...memory.sums]).toEqual([0, 0, 30]);
  expect(list.list.back()).toBe(1);
});

test("takes the word of a caller that knows the weight", () => {
  const { list } = scene();
  list.pushBack(1, 7);
  list.pushFront(2, 5);
  expect(list.weight()).toBe(12);
  list.unlink(1, 4);
  expect(list.weight()).toBe(8);
  list.reweigh(3, 15);
  expect(list.weight()).toBe(20);
});

test("finds a slot where it has been copied to", () => {
  const { list, slots, memory } = scene();
  for (const slot of [1, 2, 3]) list.pushBack(slot);
  memory.words.copyWithin(4 * 3 + 1, 2 * 3 + 1, 2 * 3 + 4);
  list.relocate(4);
  expect(slots()).toEqual([1, 4, 3]);
});

test("a list that is not right is noticed", () => {
  const { list } = scene();
  list.pushBack(1);
  expect(() => list.check((slot) => slot !== 1)).toThrow("slot 1 is in a list of which it does not know");
  list.reweigh(0, 1);
  expect(() => list.check(() => true)).toThrow("listed slots weigh 10, summed up as 11");
});

test("lists together hold as many entries as may be resident, and no more", () => {
  const { memory } = scene();
  checkCount(memory, 5);
  expect(() => checkCount(memory, 6)).toThrow("6 entries, but at most 5 may be resident");
});
