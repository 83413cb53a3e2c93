import { expect, test } from "bun:test";
import { healthOf } from "./health.ts";
import { ThreadBeats, type ThreadState } from "./thread-beats.ts";

const NOW_MS = 1_800_000_000_000;

function beatsOf(...threads: readonly [agoMs: number, state: ThreadState][]): ThreadBeats {
  const beats = new ThreadBeats(new SharedArrayBuffer(ThreadBeats.bytes(threads.length)), 0, threads.length);
  threads.forEach(([agoMs, state], thread) => {
    beats.beat(thread, NOW_MS - agoMs, state);
  });
  return beats;
}

test("threads that are ready are healthy", () => {
  const report = healthOf(beatsOf([0, "ready"], [250, "ready"]), NOW_MS, undefined);
  expect(report).toEqual({ alive: true, ready: true, problems: [] });
});

test("a thread without a sign of life is told, and so is one that cannot reach the origin", () => {
  const hangs = healthOf(beatsOf([0, "ready"], [9000, "ready"]), NOW_MS, undefined);
  expect(hangs).toMatchObject({ alive: false, ready: false });
  expect(hangs.problems[0]).toBe("thread 1 has given no sign of life for 9 s");
  const down = healthOf(beatsOf([0, "origin-down"], [0, "ready"]), NOW_MS, undefined);
  expect(down).toMatchObject({ alive: true, ready: false });
  expect(down.problems[0]).toStartWith("thread 0 cannot reach the origin");
  expect(healthOf(beatsOf([0, "draining"]), NOW_MS, undefined).problems[0]).toStartWith(
    "the service is ending",
  );
});

test("a thread that reaches a part of the origin is ready, and tells what it lacks", () => {
  const report = healthOf(beatsOf([0, "node-down"], [0, "ready"]), NOW_MS, undefined);
  expect(report).toMatchObject({ alive: true, ready: true });
  expect(report.problems).toEqual([expect.stringContaining("thread 0 cannot reach a part of the origin")]);
});

test("a thread that has not begun yet is starting, not hanging", () => {
  const beats = new ThreadBeats(new SharedArrayBuffer(ThreadBeats.bytes(1)), 0, 1);
  expect(healthOf(beats, NOW_MS, undefined)).toMatchObject({ alive: true, ready: false });
});

test("a thread that has drained is not taken for one that hangs", () => {
  const report = healthOf(beatsOf([9000, "draining"], [0, "draining"]), NOW_MS, undefined);
  expect(report).toMatchObject({ alive: true, ready: false });
});

test("a restart of the instruments is told for a minute", () => {
  const beats = beatsOf([0, "ready"]);
  expect(healthOf(beats, NOW_MS, NOW_MS - 3000)).toEqual({
    alive: true,
    ready: true,
    problems: ["the thread of the instruments was started again 3 s ago: figures begin anew"],
  });
  expect(healthOf(beats, NOW_MS, NOW_MS - 60_001).problems).toEqual([]);
});

test("old values that audits have found are a problem, and no reason to end the service", () => {
  const report = (brokenPromises: number) =>
    healthOf(beatsOf([0, "ready"]), NOW_MS, undefined, brokenPromises);
  expect(report(0).problems).toEqual([]);
  expect(report(1)).toEqual({
    alive: true,
    ready: true,
    problems: [expect.stringContaining("served 1 old value whose invalidation never came")],
  });
  expect(report(3).problems[0]).toContain("served 3 old values whose invalidation never came");
});
