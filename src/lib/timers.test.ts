import { describe, expect, test } from "bun:test";
import { ManualTimers, systemTimers } from "./timers.ts";

describe("manual timers", () => {
  test("run in the order of their times, once or periodically, until they are stopped", () => {
    const timers = new ManualTimers();
    const ran: string[] = [];
    timers.after(30, () => ran.push("after 30"));
    const every = timers.every(10, () => ran.push("every 10"));
    timers.after(10, () => timers.after(5, () => ran.push("after 10 and 5")));
    const stopped = timers.after(1, () => ran.push("never"));
    stopped.stop();
    timers.advance(9);
    expect(ran).toEqual([]);
    timers.advance(1);
    expect(ran).toEqual(["every 10"]);
    timers.advance(19);
    expect(ran).toEqual(["every 10", "after 10 and 5", "every 10"]);
    timers.advance(1);
    expect(ran.slice(3).sort()).toEqual(["after 30", "every 10"]);
    every.stop();
    expect(timers.count).toBe(0);
    timers.advance(1000);
    expect(ran).toHaveLength(5);
  });
});

describe("the system's timers", () => {
  test("run once, or periodically", async () => {
    const ran: string[] = [];
    const done = Promise.withResolvers<void>();
    systemTimers.after(1, () => ran.push("after")).stop();
    systemTimers.after(1, () => ran.push("after"));
    const every = systemTimers.every(1, () => {
      if (ran.push("every") > 3) done.resolve();
    });
    await done.promise;
    every.stop();
    expect(ran.filter((name) => name === "after")).toHaveLength(1);
  });
});
