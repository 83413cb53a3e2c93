import { expect, test } from "bun:test";
import { ManualClock } from "../lib/clock.ts";
import { silentLog } from "../lib/log.ts";
import { LimitedMessages } from "./limited-messages.ts";

test("ten messages a minute are logged, with how many were not since the last one", () => {
  const clock = new ManualClock();
  const logged: string[] = [];
  const log = { ...silentLog, warn: (text: string | object) => void logged.push(String(text)) };
  const messages = new LimitedMessages(log, clock);
  const warn = (count: number) => {
    for (let index = 0; index < count; index++) messages.warn("m");
  };
  warn(9);
  clock.advance(59_999);
  warn(3);
  expect(logged).toEqual(new Array(10).fill("m"));
  clock.advance(1);
  warn(2);
  const others = "; 2 others were closed for the same reason and not logged";
  expect(logged.slice(10)).toEqual([`m${others}`, "m"]);
  // The minute began with its first message.
  clock.advance(59_999);
  warn(9);
  expect(logged.length).toBe(20);
  clock.advance(1);
  warn(1);
  expect(logged.slice(20)).toEqual(["m; 1 others were closed for the same reason and not logged"]);
});
