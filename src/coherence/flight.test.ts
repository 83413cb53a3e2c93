import { expect, test } from "bun:test";
import type { LargeValue } from "../lib/byte-buffer.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { Flight, NO_SUCH_KEY } from "./flight.ts";
import { VALUE } from "./variant.ts";
import { MISSING, type Waiter } from "./waiter.ts";

const VALUE_BYTES = new Uint8Array(10);
const LOST = Object.assign(new Error("lost"), { code: "ORIGINDOWN", maybeExecuted: false });

/** A flight that was sent at 1000 ms. Everything that it says is written as a line. */
function scene() {
  const lines: string[] = [];
  const names = new Map<Waiter, string>();
  const waiter = (name: string): Waiter => {
    const made: Waiter = {
      found: (_bytes, start, end, source, remainingMs) =>
        lines.push(`${name} found ${end - start} ${source} ${remainingMs}`),
      without: ({ kind }) => lines.push(`${name} without ${kind}`),
      arriving: (value, source, remainingMs) =>
        lines.push(`${name} arriving ${value.lengthBytes} ${source} ${remainingMs}`),
      arrived: (error) => lines.push(`${name} arrived ${error?.code ?? "whole"}`),
    };
    names.set(made, name);
    return made;
  };
  const key = new KeyRef().refer(new Uint8Array([1]), 0, 1, 7);
  const owner = {
    answered: (hash: number, to: Waiter, bytes: number, remainingMs: number) =>
      lines.push(`${names.get(to)} answered ${hash} ${bytes} ${remainingMs}`),
    askAgain: (_flight: Flight, to: Waiter) => lines.push(`${names.get(to)} asks again`),
  };
  const flight = new Flight(key, VALUE, 5, 0, owner as never, waiter("first"));
  flight.sent(1000);
  return { flight, waiter, told: () => lines.splice(0) };
}

const LARGE = { lengthBytes: 99, reader: () => ({ lengthBytes: 99 }) as LargeValue };

test("the first waiter has missed, those that joined share its answer", () => {
  const { flight, waiter, told } = scene();
  flight.join(waiter("second"), 1001);
  flight.timeToLive(-1);
  flight.found(VALUE_BYTES, 2, 6);
  expect(told()).toEqual([
    ...["first answered 7 4 -1", "first found 4 miss -1"],
    ...["second answered 7 4 -1", "second found 4 coalesced -1"],
  ]);
});

test("who joined when the value may have expired asks again", () => {
  const { flight, waiter, told } = scene();
  flight.join(waiter("early"), 1019);
  flight.join(waiter("late"), 1020);
  flight.timeToLive(20);
  flight.found(VALUE_BYTES, 0, 10);
  expect(told()).toEqual([
    ...["first answered 7 10 20", "first found 10 miss 20"],
    ...["early answered 7 10 20", "early found 10 coalesced 20"],
    "late asks again",
  ]);
});

test("a value that lives for no time is of those that joined in the moment of the question", () => {
  const { flight, waiter, told } = scene();
  flight.join(waiter("at once"), 1000);
  flight.join(waiter("late"), 1001);
  flight.timeToLive(0);
  flight.found(VALUE_BYTES, 0, 10);
  expect(told().slice(2)).toEqual([
    "at once answered 7 10 0",
    "at once found 10 coalesced 0",
    "late asks again",
  ]);
});

test("all are told of no value", () => {
  const { flight, waiter, told } = scene();
  flight.join(waiter("second"), 1001);
  flight.without(MISSING);
  expect(told()).toEqual(["first without missing", "second without missing"]);
});

test("a large value is handed to whoever waits, and to those that join while it arrives", () => {
  const { flight, waiter, told } = scene();
  flight.join(waiter("early"), 1019);
  flight.join(waiter("late"), 1020);
  flight.timeToLive(20);
  expect(flight.hasExpired(1020)).toBe(false);
  flight.arrives(LARGE);
  expect(told()).toEqual([
    ...["first answered 7 99 20", "first arriving 99 miss 20"],
    ...["early answered 7 99 20", "early arriving 99 coalesced 20"],
    "late asks again",
  ]);
  expect([flight.hasExpired(1019), flight.hasExpired(1020)]).toEqual([false, true]);
  flight.join(waiter("next"), 1002);
  expect(told()).toEqual(["next answered 7 99 20", "next arriving 99 coalesced 20"]);
  flight.arrived(LOST);
  expect(told()).toEqual(["first arrived ORIGINDOWN", "early arrived ORIGINDOWN", "next arrived ORIGINDOWN"]);
});

test("a large value reaches a waiter that is alone", () => {
  const { flight, told } = scene();
  flight.timeToLive(-1);
  flight.arrives(LARGE);
  flight.arrived();
  expect(told()).toEqual(["first answered 7 99 -1", "first arriving 99 miss -1", "first arrived whole"]);
  expect(flight.hasExpired(Number.MAX_VALUE)).toBe(false);
});

test("sent again, what the earlier answer said is forgotten", () => {
  const { flight } = scene();
  expect([flight.isUnanswered, flight.remainingMs]).toEqual([true, NO_SUCH_KEY]);
  flight.timeToLive(30);
  expect([flight.isUnanswered, flight.remainingMs]).toEqual([false, 30]);
  flight.sent(2000);
  expect([flight.sentAtMs, flight.isUnanswered, flight.remainingMs]).toEqual([2000, true, NO_SUCH_KEY]);
  flight.timeToLive(undefined);
  expect([flight.isUnanswered, flight.remainingMs]).toEqual([false, NO_SUCH_KEY]);
});

test("made void, it has a lease that the key never had before", () => {
  const { flight } = scene();
  flight.void();
  expect(flight.lease).toBe(4);
  flight.lease = -(2 ** 31);
  flight.void();
  expect(flight.lease).toBe(2 ** 31 - 1);
});
