import { expect, test } from "bun:test";
import { HillClimber } from "./hill-climber.ts";

/** Lets a climber see samples of 100 requests. @returns the steps it takes */
function climb(hitsPerSample: readonly number[]): number[] {
  const sums = new Float64Array(1 + HillClimber.sums);
  return hitsPerSample.map((hits) => {
    const climber = new HillClimber(sums, 1, 1600, -1);
    for (let i = 0; i < 100; i++) {
      expect(climber.climb(100)).toBe(0);
      if (i < hits) climber.countHit();
      else climber.countMiss();
    }
    return climber.climb(100);
  });
}

test("goes on while the hit ratio does not fall, and turns round when it does", () => {
  expect(climb([50, 51, 51, 50, 50, 48])).toEqual([-100, -100, -98, 96, 94, -92]);
});

test("takes great steps again when the hit ratio changes much", () => {
  expect(climb([50, 50, 50, 50, 60, 60, 50, 50])).toEqual([-100, -100, -98, -96, -94, -100, 98, 100]);
});
