/** Counters that have come to their limit, which no test reaches by counting. */
import { expect, test } from "bun:test";
import { FrequencySketch } from "./frequency-sketch.ts";
import { hyperbolic } from "./policies/hyperbolic.ts";
import type { Policy } from "./policy.ts";

const LIMIT = 0x7fff_ffff;

function hyperbolicOf(state: Int32Array, sums: Float64Array): Policy {
  const memory = {
    ...{ words: new Int32Array(3), stride: 1, offset: 0, state, sums },
    ...{ capacity: 2, maxEntries: 2, weigh: () => 1, hashOf: (slot: number) => slot, seed: 1 },
  };
  return hyperbolic.create(memory, { sample: 64 });
}

test("a sketch's additions stay at their limit, and age from there", () => {
  const state = new Int32Array(FrequencySketch.words(64));
  const sketch = new FrequencySketch(state, 0, 64);
  for (let n = 0; n < 8; n++) sketch.add(1);
  state[state.indexOf(8)] = LIMIT - 1;
  sketch.ageEvery(2 ** 40);
  expect([sketch.additions(), sketch.estimate(1)]).toEqual([LIMIT - 1, 8]);
  for (let n = 0; n < 3; n++) sketch.add(2);
  expect(sketch.additions()).toBe(LIMIT);
  // A cache so large that it never ages by its own measure does so at the limit.
  sketch.ageEvery(2 ** 40);
  expect([sketch.additions(), sketch.estimate(1)]).toEqual([(LIMIT - 1) / 2, 4]);
});

test("hyperbolic caching tells ages up to 2^32 requests", () => {
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
