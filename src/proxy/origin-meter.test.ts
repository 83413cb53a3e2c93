import { expect, test } from "bun:test";
import { Histogram } from "../instruments/histogram.ts";
import { OriginMeter } from "./origin-meter.ts";

const EXCHANGE = { handedOverMs: 10, roundTripMs: 2.5, answeredMs: 20 };

function scene() {
  const [misses, others] = [new Histogram(), new Histogram()];
  const meter = new OriginMeter(misses, others);
  const counts = () => ({
    ...{ ok: meter.okCount, error: meter.errorCount, failed: meter.failureCount },
    ...{ misses: [misses.count, misses.sum], others: [others.count, others.sum] },
  });
  return { meter, counts };
}

const NOTHING = { ok: 0, error: 0, failed: 0, misses: [0, 0], others: [0, 0] };

test("a question for a value is counted by its answer, timed in microseconds, and the latest one", () => {
  const { meter, counts } = scene();
  expect([meter.latestMiss.handedOverMs, counts()]).toEqual([0, NOTHING]);
  meter.missed(false, EXCHANGE);
  expect(counts()).toEqual({ ...NOTHING, ok: 1, misses: [1, 2500] });
  expect(meter.latestMiss).toBe(EXCHANGE);
  meter.missed(true, EXCHANGE);
  expect(counts()).toEqual({ ...NOTHING, ok: 1, error: 1, misses: [2, 5000] });
});

test("one that no client has asked is the latest one, and counts nowhere", () => {
  const { meter, counts } = scene();
  meter.warmed(EXCHANGE);
  expect(meter.latestMiss).toBe(EXCHANGE);
  expect(counts()).toEqual(NOTHING);
});

test("any other request is timed apart, unless it may have blocked", () => {
  const { meter, counts } = scene();
  meter.answered(false, 1.5);
  meter.answered(true, undefined);
  expect(counts()).toEqual({ ...NOTHING, ok: 1, error: 1, others: [1, 1500] });
  expect(meter.latestMiss).not.toBe(EXCHANGE);
});

test("what was not answered has no time", () => {
  const { meter, counts } = scene();
  meter.failed();
  expect(counts()).toEqual({ ...NOTHING, failed: 1 });
});
