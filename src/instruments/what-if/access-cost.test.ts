import { expect, test } from "bun:test";
import { AccessCost } from "./access-cost.ts";

function measured(batches: number, msOf: (batch: number) => number): number {
  let nowMs = 0;
  const cost = new AccessCost(() => nowMs);
  for (let batch = 0; batch < batches; batch++) {
    cost.begin();
    nowMs += msOf(batch);
    cost.end(1000);
  }
  return cost.accessNs;
}

test("measures what an access costs", () => {
  expect(measured(1000, () => 0.1)).toBeCloseTo(100, 0);
});

test("waiting for a processor now and then is not taken for the cost of an access", () => {
  expect(measured(1000, (batch) => (batch % 50 === 0 ? 40 : 0.1))).toBeLessThan(110);
});

test("few accesses tell nothing", () => {
  let nowMs = 0;
  const cost = new AccessCost(() => nowMs);
  const before = cost.accessNs;
  cost.begin();
  nowMs += 100;
  cost.end(10);
  expect(cost.accessNs).toBe(before);
});
