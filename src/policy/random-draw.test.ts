import { expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { drawBelow } from "./random-draw.ts";

test.each([0, 7, 0xffff_ffff, -3])("draws the sequence of SeededRandom(%p)", (seed) => {
  const random = new SeededRandom(seed);
  const state = new Int32Array(3);
  for (let bound = 1; bound < 2000; bound++)
    expect(drawBelow(bound, seed, state, 1)).toBe(random.below(bound));
  expect([state[0], state[2]]).toEqual([0, 0]);
});
