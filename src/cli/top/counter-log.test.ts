import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Metric } from "../../instruments/view.ts";
import { CounterLog } from "./counter-log.ts";

function counter(value: number, labels = {}): Metric {
  return { name: "c", kind: "counter", help: "", samples: [{ labels, value }] };
}

function gauge(value: number): Metric {
  return { name: "g", kind: "gauge", help: "", samples: [{ labels: {}, value }] };
}

describe("rates", () => {
  test("of the last interval, and of windows as far as they are known", () => {
    const log = new CounterLog();
    log.add([counter(100)], 0);
    expect(log.series()[0]).toMatchObject({
      perSecond: undefined,
      averages: [undefined, undefined, undefined],
    });
    for (let second = 1; second <= 200; second++)
      log.add([counter(100 + second * (second <= 100 ? 1 : 3))], second * 1000);
    const [series] = log.series();
    expect(series!.perSecond).toBe(3);
    expect(series!.averages.slice(0, 2)).toEqual([3, (100 + 600 - (100 + 100)) / 100]);
    expect(series!.averages[2]).toBe(3);
  });

  test("a program that has been started anew begins anew", () => {
    const log = new CounterLog();
    for (let second = 0; second < 20; second++) log.add([counter(1000 * second), gauge(5)], second * 1000);
    log.add([counter(7), gauge(1)], 20_000);
    expect(log.series()[0]).toMatchObject({
      perSecond: undefined,
      averages: [undefined, undefined, undefined],
    });
    expect(log.knownMs(10_000)).toBe(0);
    log.add([counter(9), gauge(1)], 21_000);
    expect(log.series()[0]!.perSecond).toBe(2);
    expect(log.series()[1]!.averages[0]).toBe(1);
  });

  test("a counter that is gone shows a new start, too", () => {
    const log = new CounterLog();
    log.add([counter(5, { a: "b" })], 0);
    log.add([counter(9)], 1000);
    expect(log.perSecond("c")).toBeUndefined();
  });

  test("a series that had not begun was 0", () => {
    const log = new CounterLog();
    log.add([counter(5)], 0);
    log.add([counter(5), counter(8, { late: "yes" })], 2000);
    expect(log.perSecond("c", { late: "yes" })).toBe(4);
    expect(log.perSecond("c")).toBe(4);
    expect(log.perSecond("c", { late: "no" })).toBeUndefined();
  });

  test("a gauge may fall, and has means", () => {
    const log = new CounterLog();
    for (const [second, value] of [10, 4, 1].entries()) log.add([gauge(value)], second * 1000);
    expect(log.series()[0]).toMatchObject({ perSecond: undefined, averages: [5, 5, 5] });
  });

  test("are never negative, whatever is told", () => {
    const steps = fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.integer({ min: 1, max: 5000 })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(steps, (told) => {
        const log = new CounterLog();
        let nowMs = 0;
        for (const [a, b, passedMs] of told) {
          nowMs += passedMs;
          log.add([counter(a), counter(b, { other: "one" })], nowMs);
          for (const { perSecond = 0, averages } of log.series()) {
            for (const rate of [perSecond, ...averages]) expect(rate ?? 0).toBeGreaterThanOrEqual(0);
          }
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test("of windows are those of a list of all figures", () => {
    const steps = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1000, max: 30_000 })), {
      minLength: 2,
      maxLength: 80,
    });
    fc.assert(
      fc.property(steps, (told) => {
        const log = new CounterLog();
        const all: { atMs: number; value: number }[] = [];
        let [value, atMs] = [0, 0];
        for (const [growth, passedMs] of told) {
          value += growth;
          atMs += passedMs;
          all.push({ atMs, value });
          log.add([counter(value)], atMs);
        }
        const expected = [10_000, 100_000, 1_000_000].map((windowMs) => {
          const before = all.slice(0, -1).findLast((one) => one.atMs <= atMs - windowMs) ?? all[0]!;
          return (1000 * (value - before.value)) / (atMs - before.atMs);
        });
        const { averages } = log.series()[0]!;
        for (const [at, rate] of averages.entries()) expect(rate).toBeCloseTo(expected[at]!, 9);
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  test("of a fast pace need little memory: what lies between seconds is forgotten", () => {
    const log = new CounterLog();
    for (let at = 0; at <= 1000; at++) log.add([counter(at)], at * 100);
    expect(log.series()[0]!.averages[0]).toBeCloseTo(10, 9);
    expect(log.series()[0]!.perSecond).toBeCloseTo(10, 9);
  });
});

describe("histograms", () => {
  const told = (...counts: number[]): Metric => {
    const total = counts.at(-1)!;
    const buckets = [0.001, 0.01].map((le, at) => ({ le, count: counts[at]! }));
    return {
      name: "h",
      kind: "histogram",
      help: "",
      samples: [{ labels: {}, value: total, histogram: { sum: total * 2, buckets } }],
    };
  };

  test("grow by bucket, those above all bounds included", () => {
    const log = new CounterLog();
    log.add([told(1, 3, 4)], 0);
    expect(log.bucketGrowth("h", {}, 10_000).map(({ count }) => count)).toEqual([1, 2, 1]);
    log.add([told(2, 7, 10)], 1000);
    expect(log.bucketGrowth("h", {}, 10_000)).toEqual([
      { le: 0.001, count: 1 },
      { le: 0.01, count: 3 },
      { le: Number.POSITIVE_INFINITY, count: 2 },
    ]);
    expect(log.meanOf(log.series()[0]!, 10_000)).toBe(2);
  });
});
