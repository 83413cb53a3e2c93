import { expect, test } from "bun:test";
import { ManualClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { GuessLimit } from "./guess-limit.ts";

const limits = { guesses: 3, guessPauseMs: 1_000, guessingAddresses: 4 };

test("an address may be wrong some times, then once in a while", () => {
  const clock = new ManualClock();
  const limit = new GuessLimit(limits, clock);
  for (let i = 0; i < 3; i++) {
    expect(limit.waitMs("10.0.0.1")).toBe(0);
    limit.wrong("10.0.0.1");
  }
  expect(limit.waitMs("10.0.0.1")).toBe(1_000);
  expect(limit.waitMs("10.0.0.2")).toBe(0);
  clock.advance(999);
  expect(limit.waitMs("10.0.0.1")).toBeCloseTo(1);
  clock.advance(1);
  expect(limit.waitMs("10.0.0.1")).toBe(0);
  limit.wrong("10.0.0.1");
  expect(limit.waitMs("10.0.0.1")).toBe(1_000);
  clock.advance(3_000);
  expect(limit.waitMs("10.0.0.1")).toBe(0);
});

test("whatever is tried, one address gets no more guesses than the pause allows", () => {
  const clock = new ManualClock();
  const limit = new GuessLimit(limits, clock);
  const random = new SeededRandom(1);
  let guesses = 0;
  for (let i = 0; i < 2_000; i++) {
    clock.advance(random.below(400));
    if (limit.waitMs("10.0.0.1") > 0) continue;
    limit.wrong("10.0.0.1");
    guesses++;
  }
  expect(guesses).toBeLessThanOrEqual(
    limits.guesses + Math.floor(clock.monotonicMs() / limits.guessPauseMs) + 1,
  );
});

test("many addresses share one count, and take no more memory", () => {
  const clock = new ManualClock();
  const limit = new GuessLimit(limits, clock);
  let guesses = 0;
  for (let i = 0; i < 1_000; i++) {
    if (limit.waitMs(`10.0.0.${i}`) > 0) continue;
    limit.wrong(`10.0.0.${i}`);
    guesses++;
  }
  expect(limit.size).toBe(limits.guessingAddresses);
  expect(guesses).toBe(limits.guessingAddresses + limits.guesses);
  clock.advance(4_000);
  limit.wrong("10.1.0.1");
  expect(limit.size).toBe(1);
});

test("a network of IPv6 is one address, and a mapped address is the one of IPv4", () => {
  const limit = new GuessLimit(limits, new ManualClock());
  for (let i = 0; i < 3; i++) limit.wrong(`2001:db8:0:1::${i}`);
  expect(limit.waitMs("2001:db8:0:1:ffff::9")).toBe(1_000);
  expect(limit.waitMs("2001:db8:0:2::1")).toBe(0);
  for (let i = 0; i < 3; i++) limit.wrong("::ffff:10.0.0.7");
  expect(limit.waitMs("10.0.0.7")).toBe(1_000);
  expect(limit.waitMs("::1")).toBe(0);
});
