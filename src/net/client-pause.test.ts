import { expect, test } from "bun:test";
import { ManualClock } from "../lib/clock.ts";
import { ClientPause, PAUSE_NUMBERS } from "./client-pause.ts";

function pauseOf(clock = new ManualClock(), shared = new Float64Array(PAUSE_NUMBERS)) {
  return { clock, pause: new ClientPause(shared, () => clock.monotonicMs()) };
}

/** The turn of the event loop in which waiting commands go on is over. */
const turn = () => new Promise(setImmediate);

test("waiting commands go on at the end of the turn in which the pause ends", async () => {
  const { pause } = pauseOf();
  const resumed: string[] = [];
  pause.begin(1000, "all");
  pause.wait(() => resumed.push("a"));
  pause.wait(() => resumed.push("b"));
  expect(pause.waitingCount).toBe(2);
  pause.end();
  expect([pause.isOn, pause.waitingCount, resumed]).toEqual([false, 0, []]);
  await turn();
  expect(resumed).toEqual(["a", "b"]);
});

test("a cancelled wait ends, also after the pause and while commands go on", async () => {
  const { pause } = pauseOf();
  const resumed: string[] = [];
  pause.begin(1000, "all");
  pause.wait(() => resumed.push("before"))();
  expect(pause.waitingCount).toBe(0);
  const cancelAfter = pause.wait(() => resumed.push("after"));
  pause.wait(() => {
    resumed.push("first");
    cancelMeanwhile();
  });
  const cancelMeanwhile = pause.wait(() => resumed.push("meanwhile"));
  pause.end();
  cancelAfter();
  await turn();
  expect(resumed).toEqual(["first"]);
});

test("a command that waits again during the same turn waits for the next pause", async () => {
  const { pause } = pauseOf();
  let calls = 0;
  pause.begin(1000, "all");
  const again = () => {
    calls++;
    pause.begin(1000, "all");
    pause.wait(again);
  };
  pause.wait(again);
  pause.end();
  await turn();
  expect([calls, pause.waitingCount]).toEqual([1, 1]);
});

test("a pause is over at its end, and no sooner", () => {
  const { clock, pause } = pauseOf();
  expect(pause.mode).toBeUndefined();
  pause.begin(10, "write");
  clock.advance(9);
  expect([pause.mode, pause.isOn]).toEqual(["write", true]);
  clock.advance(1);
  expect([pause.mode, pause.isOn]).toEqual([undefined, false]);
});

test("of two pauses the longer time and the stricter mode count", () => {
  const { clock, pause } = pauseOf();
  pause.begin(10, "all");
  pause.begin(5, "write");
  clock.advance(9);
  expect(pause.mode).toBe("all");
  clock.advance(1);
  expect(pause.mode).toBeUndefined();
  // A pause that is over makes the next one no stricter.
  pause.begin(5, "write");
  expect(pause.mode).toBe("write");
  pause.begin(10, "all");
  clock.advance(9);
  expect(pause.mode).toBe("all");
});

test("threads share a pause", () => {
  const clock = new ManualClock();
  const shared = new Float64Array(PAUSE_NUMBERS);
  const [here, there] = [pauseOf(clock, shared).pause, pauseOf(clock, shared).pause];
  here.begin(10, "write");
  expect([there.isOn, there.mode]).toEqual([true, "write"]);
  there.end();
  expect([here.isOn, here.mode]).toEqual([false, undefined]);
});
