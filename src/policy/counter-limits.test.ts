/** Counters at their limits, which no other test reaches by counting. */
import { expect, test } from "bun:test";
import { gdsf } from "./policies/gdsf.ts";
import { hyperbolic } from "./policies/hyperbolic.ts";
import { lfuDa } from "./policies/lfu-da.ts";
import type { Policy } from "./policy.ts";

const LIMIT = 0x7fff_ffff;

function hyperbolicOf(state: Int32Array, sums: Float64Array): Policy {
  const memory = {
    ...{ words: new Int32Array(3), stride: 1, offset: 0, state, sums },
    ...{ capacity: 2, maxEntries: 2, weigh: () => 1, hashOf: (slot: number) => slot, seed: 1 },
  };
  return hyperbolic.create(memory, { sample: 64 });
}

test("hyperbolic caching distinguishes ages up to 2^32 requests", () => {
  const sums = new Float64Array(hyperbolic.sums);
  const policy = hyperbolicOf(new Int32Array(hyperbolic.stateWords(2, { sample: 64 })), sums);
  sums[0] = 2 ** 32 - 3;
  policy.insert(1, 1);
  for (let reads = 0; reads < 9; reads++) policy.hit(1);
  expect(policy.explain(1).detail["age"]).toBe(10);
  sums[0]! += 2 ** 31;
  expect(policy.explain(1).detail["age"]).toBe(2 ** 31 + 10);
});

test("a frequency of hyperbolic caching stays at its limit", () => {
  const state = new Int32Array(hyperbolic.stateWords(2, { sample: 64 }));
  const policy = hyperbolicOf(state, new Float64Array(hyperbolic.sums));
  for (const slot of [1, 2]) policy.insert(slot, slot);
  for (let reads = 0; reads < 9; reads++) policy.hit(1);
  state[state.lastIndexOf(10)] = LIMIT - 1;
  for (let reads = 0; reads < 3; reads++) policy.hit(1);
  policy.check();
  expect(policy.explain(1).detail["frequency"]).toBe(LIMIT);
  expect([policy.evict(0), policy.evict(0)]).toEqual([2, 1]);
});

test.each([gdsf, lfuDa])("a frequency of $name stays at its limit", (type) => {
  const words = new Int32Array(3 * type.wordsPerSlot);
  const memory = {
    ...{ words, stride: type.wordsPerSlot, offset: 0, seed: 1 },
    ...{ state: new Int32Array(type.stateWords(2, {})), sums: new Float64Array(type.sums) },
    ...{ capacity: 2, maxEntries: 2, weigh: () => 1, hashOf: (slot: number) => slot },
  };
  const policy = type.create(memory, {});
  for (const slot of [1, 2]) policy.insert(slot, slot);
  for (let reads = 0; reads < 9; reads++) policy.hit(1);
  words[words.lastIndexOf(10)] = LIMIT - 1;
  policy.hit(1);
  expect(policy.explain(1).detail).toEqual({ frequency: LIMIT, priority: LIMIT });
  policy.hit(1);
  expect(policy.explain(1).detail).toEqual({ frequency: LIMIT, priority: LIMIT });
  policy.check();
  expect([policy.evict(0), policy.evict(0)]).toEqual([2, 1]);
});
