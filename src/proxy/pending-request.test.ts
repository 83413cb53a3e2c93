import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { notedArguments } from "../commands/shown-arguments.ts";
import { Histogram } from "../instruments/histogram.ts";
import type { SlowRecord } from "../instruments/slow-log.ts";
import { latin1 } from "../lib/bytes.ts";
import type { Connection } from "../net/connection.ts";
import { PendingRequest } from "./pending-request.ts";
import { ProxyStats } from "./proxy-stats.ts";
import { COALESCED, FORWARDED, MISS } from "./request-results.ts";

/** A request that came at 100 ms. What is kept as slow is told without its arguments. */
function scene(slowerThanMs = 10) {
  const kept: Partial<SlowRecord>[] = [];
  const histograms = new Map<string, Histogram>();
  const histogram = (name: string): Histogram => {
    const made = histograms.get(name) ?? new Histogram();
    histograms.set(name, made);
    return made;
  };
  const words: string[] = [];
  const log = {
    add(
      _index: number,
      { result, durationMs, originMs, otherReadMs, transferMs, fenceMs, body }: SlowRecord,
    ) {
      kept.push({ result, durationMs, originMs, otherReadMs, transferMs, fenceMs });
      words.push(
        notedArguments(body)
          .map((argument) => latin1(argument))
          .join(" "),
      );
    },
  };
  const settings = { slowerThanMs, slowRequests: 10 };
  const slow = { log: log as never, index: 0, settings, wallMs: () => 0 };
  const stats = new ProxyStats(histogram, () => 140, { next: () => 0.5 }, slow);
  const client = { arrivedMs: 100, remoteAddress: "1.2.3.4:5", name: "" } as Connection;
  const begin = (key: string) => new PendingRequest(stats, client, requestOf("GET", key), "get");
  return { begin, pending: begin("key"), kept, words, micros: (name: string) => histogram(name).sum };
}

const WAITS = { originMs: 0, otherReadMs: 0, transferMs: 0, fenceMs: 0 };

function exchange(handedOverMs: number, roundTripMs: number) {
  return { handedOverMs, roundTripMs, answeredMs: handedOverMs + roundTripMs };
}

test("ends now, and took as long as since it came", () => {
  const { pending, kept, micros } = scene();
  pending.answered(exchange(105, 30));
  pending.ended(FORWARDED);
  expect(micros("forwardedMicros")).toBe(40_000);
  // All of the time behind the question counts as the origin's.
  expect(kept).toEqual([{ ...WAITS, result: FORWARDED, durationMs: 40, originMs: 35 }]);
});

test("is slow from the limit on", () => {
  const { pending, kept } = scene(10);
  pending.ended(MISS, 109.5);
  expect(kept).toEqual([]);
  pending.ended(MISS, 110);
  expect(kept).toHaveLength(1);
});

test("keeps its own arguments, whatever comes behind it", () => {
  const { begin, pending, words } = scene();
  const second = begin("second");
  begin("third");
  second.ended(MISS, 200);
  pending.ended(MISS, 200);
  expect(words).toEqual(["GET second", "GET key"]);
});

test("without a limit nothing is kept, and all is timed", () => {
  const { pending, kept, micros } = scene(Number.POSITIVE_INFINITY);
  pending.ended(MISS, 5000);
  expect(kept).toEqual([]);
  expect(micros("missMicros")).toBe(4_900_000);
});

test.each(["fence", "transfer"] as const)("what is behind the answer's beginning is the %s's", (rest) => {
  const { pending, kept } = scene();
  pending.answered(exchange(105, 10), rest);
  pending.ended(MISS, 130);
  expect(kept).toEqual([{ ...WAITS, result: MISS, durationMs: 30, originMs: 10, [`${rest}Ms`]: 15 }]);
});

test("asked of several, the first question counts", () => {
  const { pending, kept } = scene();
  pending.answered(exchange(107, 10), "fence");
  pending.answered(exchange(105, 12), "fence");
  pending.ended(MISS, 130);
  expect(kept).toEqual([{ ...WAITS, result: MISS, durationMs: 30, originMs: 12, fenceMs: 13 }]);
});

test("asked at the clock's beginning, it was asked", () => {
  const { pending, kept } = scene();
  pending.answered(exchange(0, 10), "fence");
  pending.answered(exchange(105, 10), "fence");
  pending.ended(MISS, 130);
  expect(kept).toEqual([{ ...WAITS, result: MISS, durationMs: 30, originMs: 10, fenceMs: 120 }]);
});

test("that waited for another read's answer spent its time so, and none at the origin", () => {
  const { pending, kept } = scene();
  pending.ended(COALESCED, 130);
  expect(kept).toEqual([{ ...WAITS, result: COALESCED, durationMs: 30, otherReadMs: 30 }]);
});
