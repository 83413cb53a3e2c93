import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { ManualClock } from "../lib/clock.ts";
import { Sessions } from "./sessions.ts";

test("a session lasts until it is ended or expires", () => {
  const clock = new ManualClock();
  const sessions = new Sessions(10, 1_000, clock, randomBytes);
  const [one, other] = [sessions.open(), sessions.open()];
  expect(one).toMatch(/^[0-9a-f]{32}$/);
  expect(other).not.toBe(one);
  sessions.end(one);
  expect([sessions.has(one), sessions.has(other), sessions.has("")]).toEqual([false, true, false]);
  clock.advance(999);
  expect(sessions.has(other)).toBe(true);
  clock.advance(1);
  expect(sessions.has(other)).toBe(false);
  expect(sessions.size).toBe(0);
});

test("the oldest session makes room for a new one", () => {
  const sessions = new Sessions(3, 1_000, new ManualClock(), randomBytes);
  const tokens = Array.from({ length: 5 }, () => sessions.open());
  expect(tokens.map((token) => sessions.has(token))).toEqual([false, false, true, true, true]);
  expect(sessions.size).toBe(3);
});
