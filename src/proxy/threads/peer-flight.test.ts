import { expect, test } from "bun:test";
import type { Flight } from "../../coherence/flight.ts";
import { MISSING, type NoValue } from "../../coherence/waiter.ts";
import type { LargeValue } from "../../lib/byte-buffer.ts";
import { LOOK_AGAIN, missingSinceMs, PeerWaiter } from "./peer-flight.ts";
import type { Answer } from "./peers.ts";

/** A waiter for a flight that was sent at 1000.5 ms, and what it has told the other thread. */
function scene(): { waiter: PeerWaiter; told: Answer[] } {
  const told: Answer[] = [];
  const waiter = new PeerWaiter({ sentAtMs: 1000.5 } as Flight, (answer) => told.push(answer));
  return { waiter, told };
}

test("only that a key does not exist is passed on, with the time of the question", () => {
  const { waiter, told } = scene();
  waiter.without(MISSING);
  expect(told.map(missingSinceMs)).toEqual([1000.5]);
});

test("behind any other end the other thread looks again", () => {
  const refused: NoValue = { kind: "refused", message: "ERR", isWrongType: false };
  const { waiter, told } = scene();
  waiter.without(refused);
  waiter.found();
  waiter.arrived();
  expect(told).toEqual([LOOK_AGAIN, LOOK_AGAIN, LOOK_AGAIN]);
  expect(told.map(missingSinceMs)).toEqual([undefined, undefined, undefined]);
});

test("a large value is of no use before it is whole, and is given back", () => {
  const { waiter, told } = scene();
  let released = 0;
  waiter.arriving({ release: () => released++ } as unknown as LargeValue);
  expect([released, told]).toEqual([1, []]);
});
