import { expect, test } from "bun:test";
import { Backpressure } from "./backpressure.ts";
import { PAUSE_READING_BYTES } from "./limits.ts";

/** A wire that notes when it is paused and resumed, and checks that it never is twice. */
function stage() {
  const wire = {
    isPaused: false,
    calls: [] as string[],
    pause() {
      expect(wire.isPaused).toBe(false);
      wire.isPaused = true;
      wire.calls.push("pause");
    },
    resume() {
      expect(wire.isPaused).toBe(true);
      wire.isPaused = false;
      wire.calls.push("resume");
    },
  };
  return { wire, backpressure: new Backpressure(wire) };
}

const turn = () => new Promise(setImmediate);

test("reading stops from a number of waiting bytes on, until it is resumed", () => {
  const { wire, backpressure } = stage();
  backpressure.pause(PAUSE_READING_BYTES - 1);
  backpressure.resume();
  expect(wire.calls).toEqual([]);
  backpressure.pause(PAUSE_READING_BYTES);
  backpressure.pause(PAUSE_READING_BYTES);
  expect(wire.calls).toEqual(["pause"]);
  backpressure.resume();
  backpressure.resume();
  expect(wire.calls).toEqual(["pause", "resume"]);
});

test("a client yields one turn of the event loop, however often it is asked to", async () => {
  const { wire, backpressure } = stage();
  backpressure.yieldTurn();
  backpressure.yieldTurn();
  expect(wire.calls).toEqual(["pause"]);
  await turn();
  expect(wire.calls).toEqual(["pause", "resume"]);
  backpressure.yieldTurn();
  await turn();
  expect(wire.calls).toEqual(["pause", "resume", "pause", "resume"]);
});

test("both reasons together stop reading until the last of them has ended", async () => {
  const { wire, backpressure } = stage();
  backpressure.yieldTurn();
  backpressure.pause(PAUSE_READING_BYTES);
  await turn();
  expect(wire.calls).toEqual(["pause"]);
  backpressure.yieldTurn();
  backpressure.resume();
  expect(wire.calls).toEqual(["pause"]);
  await turn();
  expect(wire.calls).toEqual(["pause", "resume"]);
});
