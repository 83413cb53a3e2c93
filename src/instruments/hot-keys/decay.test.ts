import { expect, test } from "bun:test";
import fc from "fast-check";
import { Decay } from "./decay.ts";

test("a sum is that of all amounts, halved for each half-life since, also across scalings", () => {
  const steps = fc.array(
    fc.record({
      waitMs: fc.oneof(fc.constant(0), fc.nat(3000), fc.nat(60_000)),
      amount: fc.integer({ min: 1, max: 100 }),
    }),
    { minLength: 1, maxLength: 200, size: "max" },
  );
  fc.assert(
    fc.property(steps, (events) => {
      const decay = new Decay(1000, 0);
      let sum = 0;
      let exact = 0;
      let nowMs = 0;
      for (const { waitMs, amount } of events) {
        nowMs += waitMs;
        sum *= decay.advance(nowMs);
        sum += amount * decay.scale;
        exact = exact * 2 ** (-waitMs / 1000) + amount;
        expect(decay.present(sum) / exact).toBeCloseTo(1, 9);
      }
    }),
  );
});

test("a steady rate is told from the first second on", () => {
  const decay = new Decay(60_000, 5000);
  let sum = 0;
  for (let nowMs = 5000; nowMs <= 605_000; nowMs += 10) {
    sum *= decay.advance(nowMs);
    sum += 3 * decay.scale;
    if (nowMs >= 6000) expect(Math.abs(decay.perSecond(sum) / 300 - 1)).toBeLessThan(0.02);
  }
});

test("a clock set back a little stands still, one set back far starts there", () => {
  const decay = new Decay(1000, 100_000);
  let sum = decay.scale;
  decay.advance(99_500);
  expect(decay.nowMs).toBe(100_000);
  expect(decay.present(sum)).toBe(1);
  decay.advance(50_000);
  expect(decay.nowMs).toBe(50_000);
  sum *= decay.advance(51_000);
  expect(decay.present(sum)).toBeCloseTo(0.5, 9);
  for (let nowMs = 51_000; nowMs < 55_000; nowMs++) {
    sum *= decay.advance(nowMs);
    sum += decay.scale;
  }
  expect(Math.abs(decay.perSecond(sum) / 1000 - 1)).toBeLessThan(0.05);
  decay.advance(Number.NaN);
  expect(decay.nowMs).toBe(54_999);
});

test("a half-life must be positive", () => {
  expect(() => new Decay(0, 0)).toThrow("a half-life of 0 ms is not positive");
});
