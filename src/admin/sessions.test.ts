import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { ManualClock } from "../lib/clock.ts";
import { Sessions } from "./sessions.ts";

test("a session lasts until it is ended or expires", () => {
  const clock = new ManualClock();
  const sessions = new Sessions(10, 1_000, clock, randomBytes);
  const [one, other] = [sessions.open("me"), sessions.open("me")];
  expect(one).toMatch(/^[0-9a-f]{32}$/);
  expect(other).not.toBe(one);
  sessions.end(one);
  expect([one, other, ""].map((token) => sessions.userOf(token))).toEqual([undefined, "me", undefined]);
  clock.advance(999);
  expect(sessions.userOf(other)).toBe("me");
  clock.advance(1);
  expect(sessions.userOf(other)).toBeUndefined();
  expect(sessions.size).toBe(0);
});

test("the oldest session makes room for a new one", () => {
  const sessions = new Sessions(3, 1_000, new ManualClock(), randomBytes);
  const tokens = Array.from({ length: 5 }, () => sessions.open("me"));
  expect(tokens.map((token) => sessions.userOf(token) !== undefined)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(sessions.size).toBe(3);
});
