import { expect, test } from "bun:test";
import type { PolicyMemory } from "../../src/policy/policy.ts";
import { JudgedPolicy, type WrittenClass } from "./judged-policy.ts";

const MEMORY: PolicyMemory = {
  ...{ words: new Int32Array(0), stride: 0, offset: 0, state: new Int32Array(0), sums: new Float64Array(0) },
  ...{ capacity: 3, maxEntries: 3, weigh: () => 1, hashOf: (slot) => 10 + slot, seed: 5 },
};

/** A policy that evicts what it is told to. */
function judged(victims: readonly unknown[], more: object = {}) {
  const left = [...victims];
  const told: unknown[] = [];
  class Told {
    constructor(memory: unknown) {
      told.push(memory);
      Object.assign(this, more);
    }
    insert(): void {}
    hit(): void {}
    remove(): void {}
    evict(): unknown {
      return left.shift();
    }
  }
  const evicted: number[] = [];
  const sink = { push: (slot: number) => evicted.push(slot) };
  return { policy: new JudgedPolicy(Told as unknown as WrittenClass, MEMORY, sink), evicted, told };
}

test("a victim must be resident, and the message says what became of it", () => {
  const { policy, evicted } = judged([1, 1]);
  for (const slot of [1, 2]) policy.insert(slot, 10 + slot);
  expect(policy.evict(0)).toBe(1);
  expect(() => policy.evict(0)).toThrow("but no entry is resident in slot 1: its entry was evicted before");
  expect([evicted, policy.count]).toEqual([[1], 1]);

  const removed = judged([1, 3, 4, -1]).policy;
  for (const slot of [1, 2]) removed.insert(slot, 10 + slot);
  removed.remove(1);
  expect(() => removed.evict(0)).toThrow("in slot 1: its entry has left, as remove was told");
  expect(() => removed.evict(0)).toThrow("in slot 3: it has not been in use");
  expect(() => removed.evict(0)).toThrow("in slot 4: it has not been in use");
  expect(() => removed.evict(0)).toThrow(/slots are whole numbers from 1 on$/);
});

test("all can be drained, and then there is nothing", () => {
  const { policy, evicted } = judged([2, 1, 0]);
  for (const slot of [1, 2]) policy.insert(slot, 10 + slot);
  policy.drain();
  expect(evicted).toEqual([2, 1]);
  const more = judged([1, 1]).policy;
  more.insert(1, 11);
  expect(() => more.drain()).toThrow("evict returned 1, but nothing is resident: 0 says so");
});

test("is given a part of a policy's memory, and numbers that are the same each time", () => {
  const drawn = [1, 2].map(() => {
    const [memory] = judged([]).told as { random(): number; hashOf(slot: number): number }[];
    expect(Object.keys(memory!)).toEqual(["capacity", "maxEntries", "weigh", "hashOf", "seed", "random"]);
    expect(memory!.hashOf(2)).toBe(12);
    return [memory!.random(), memory!.random()];
  });
  expect(drawn[0]).toEqual(drawn[1]!);
  expect(drawn[0]![0]).not.toBe(drawn[0]![1]);
});

test("shows its queues as others do", () => {
  const { policy } = judged([], { queues: () => ({ small: [2], main: [3, 1] }), ghosts: () => [17] });
  for (const slot of [1, 2, 3]) policy.insert(slot, 10 + slot);
  const shown = policy.queues().map((queue) => {
    const members: number[] = [];
    for (let place = queue.next(0); place !== 0; place = queue.next(place)) members.push(queue.hashOf(place));
    const back: number[] = [];
    for (let place = queue.previous(0); place !== 0; place = queue.previous(place))
      back.unshift(queue.hashOf(place));
    expect(back).toEqual(members);
    return [queue.name, queue.kind, ...members];
  });
  expect(shown).toEqual([
    ["small", "resident", 12],
    ["main", "resident", 13, 11],
    ["ghosts", "ghost", 17],
  ]);
  expect(policy.explain(1).queue).toBe("main");
  const plain = judged([]).policy;
  plain.insert(2, 12);
  expect(plain.queues().map(({ name, next }) => [name, next(0)])).toEqual([["table", 2]]);
  expect(plain.explain(2).queue).toBe("table");
  expect(() => plain.move(2, 1)).toThrow("a written policy is told of no moves");
});

test("queues that the page has no room for, or that are none, are told", () => {
  for (const [queues, text] of [
    [
      Object.fromEntries(Array.from({ length: 7 }, (_, i) => [i, []])),
      "queues returned 7 queues; the page shows 6 at most",
    ],
    [{ a: 1 }, "queues returned no array of slots as a"],
    [{}, "queues returned neither an array of slots nor an object with such arrays"],
    [[1, 1], "queues shows slot 1 twice"],
    [[], "queues shows 0 of 1 resident entries"],
  ] as const) {
    const { policy } = judged([], { queues: () => queues });
    policy.insert(1, 11);
    expect(() => policy.check()).toThrow(text);
  }
});
