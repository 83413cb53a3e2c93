import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";
import { History, MARK_LENGTH, MARK_LIMIT, RESOLUTIONS } from "./history.ts";
import type { Resolution } from "./history-level.ts";
import { type HistorySeries, PROXY_SERIES, SERVER_SERIES } from "./history-series.ts";
import type { MetricHistogram } from "./published-metrics.ts";
import type { Metric } from "./view.ts";

const SERIES: readonly HistorySeries[] = [
  { metric: "count", kind: "rate" },
  { metric: "level", kind: "gauge" },
  { metric: "time", kind: "quantile", quantile: 0.5 },
  { metric: "time", kind: "quantile", quantile: 0.99 },
];
const SMALL: readonly Resolution[] = [
  { stepMs: 1_000, steps: 20 },
  { stepMs: 5_000, steps: 12 },
  { stepMs: 20_000, steps: 8 },
];

/** What there is to read at one moment. */
interface Moment {
  readonly atMs: number;
  readonly count: number;
  readonly level: number;
  /** All values of the histogram so far. */
  readonly times: readonly number[];
}

function metricsOf({ count, level }: Moment): Metric[] {
  const metric = (name: string, kind: "counter" | "gauge", value: number): Metric => ({
    ...{ name, kind, help: "" },
    samples: [{ labels: {}, value }],
  });
  return [metric("count", "counter", count), metric("level", "gauge", level)];
}

function histogramsOf({ times }: Moment): MetricHistogram[] {
  const histogram = new Histogram();
  for (const time of times) histogram.record(time);
  return [{ metric: "time", labels: {}, unit: 1e-6, histogram }];
}

const place = (times: readonly number[], share: number): number =>
  [...times].sort((a, b) => a - b)[Math.ceil(share * times.length) - 1]! * 1e-6;

/** What the complete steps of one resolution are, by their number, worked out from all moments. */
function stepsOf(
  moments: readonly Moment[],
  { stepMs, steps: kept }: Resolution,
): Map<number, (number | null)[]> {
  const steps = new Map<number, (number | null)[]>();
  const numberOf = ({ atMs }: Moment): number => Math.floor((atMs + 500) / stepMs);
  let begin = moments[0]!;
  let gauges: number[] = [];
  for (const [index, moment] of moments.entries()) {
    if (index === 0) continue;
    const before = moments[index - 1]!;
    if (moment.atMs < before.atMs) {
      // What lies in the future now is forgotten, and what it had replaced does not come back.
      for (const step of [...steps.keys()]) {
        if (step >= numberOf(moment) || step < numberOf(before) - kept) steps.delete(step);
      }
      begin = moment;
      gauges = [];
      continue;
    }
    gauges.push(moment.level);
    const [first, end] = [numberOf(begin), numberOf(moment)];
    if (first === end) continue;
    const isGap = end - first > 1 && moment.atMs - before.atMs >= stepMs + 750;
    const times = moment.times.slice(begin.times.length);
    const measured = [
      (moment.count - begin.count) / ((moment.atMs - begin.atMs) / 1000),
      gauges.reduce((sum, level) => sum + level, 0) / gauges.length,
      ...[0.5, 0.99].map((share) => (times.length === 0 ? null : place(times, share))),
    ];
    for (let step = first; step < end; step++) steps.set(step, isGap ? [null, null, null, null] : measured);
    begin = moment;
    gauges = [];
  }
  return steps;
}

/** What a report should say of a step: from the coarsest fine resolution that has it, else from a coarser one. */
function expected(moments: readonly Moment[], fromMs: number, toMs: number): (number | null)[] {
  const last = moments.at(-1)!;
  const fine = SMALL.filter(({ stepMs }) => stepMs <= toMs - fromMs).reverse();
  const coarse = SMALL.filter(({ stepMs }) => stepMs > toMs - fromMs);
  for (const resolution of [...fine, ...coarse]) {
    const { stepMs, steps: kept } = resolution;
    const end = Math.floor((last.atMs + 500) / stepMs);
    if (toMs > end * stepMs || Math.floor(fromMs / stepMs) < end - kept) continue;
    const steps = stepsOf(moments, resolution);
    return SERIES.map(({ kind }, series) => {
      let [sum, totalMs, largest] = [0, 0, Number.NEGATIVE_INFINITY];
      for (let ms = fromMs; ms < toMs; ms += 1000) {
        const value = steps.get(Math.floor(ms / stepMs))?.[series] ?? null;
        if (value === null) continue;
        sum += value * 1000;
        totalMs += 1000;
        largest = Math.max(largest, value);
      }
      if (totalMs === 0) return null;
      return kind === "quantile" ? largest : sum / totalMs;
    });
  }
  return SERIES.map(() => null);
}

const intervals = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 900, max: 1100 }) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 2500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2500, max: 60_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -30_000, max: -1 }) },
);

const histories = fc
  .array(fc.tuple(intervals, fc.nat(1000), fc.nat(9), fc.array(fc.nat(31), { maxLength: 4 })), {
    minLength: 1,
    maxLength: 120,
  })
  .map((changes) => {
    const moments: Moment[] = [{ atMs: 1_700_000_000_123, count: 7, level: 3, times: [5] }];
    for (const [interval, more, level, times] of changes) {
      const { atMs, count, times: before } = moments.at(-1)!;
      moments.push({ atMs: atMs + interval, count: count + more, level, times: [...before, ...times] });
    }
    return moments;
  });

describe("a history", () => {
  test("tells what a slow one that remembers everything would", () => {
    fc.assert(
      fc.property(histories, fc.nat(200), fc.constantFrom(1, 2, 5, 10, 20, 40), (moments, agoSteps, step) => {
        const history = new History(SERIES, SMALL);
        for (const moment of moments) history.take(moment.atMs, metricsOf(moment), histogramsOf(moment));
        const stepMs = step * 1000;
        const lastMs = moments.at(-1)!.atMs;
        const report = history.report(lastMs - agoSteps * 1000, stepMs);
        expect(report.stepMs).toBe(stepMs);
        expect(report.fromMs % stepMs).toBe(0);
        for (const [series, { values }] of report.series.entries()) {
          for (const [index, value] of values.entries()) {
            const fromMs = report.fromMs + index * stepMs;
            const wanted = expected(moments, fromMs, fromMs + stepMs)[series]!;
            if (wanted === null || value === null)
              expect([fromMs, series, value]).toEqual([fromMs, series, wanted]);
            else
              expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-5 * Math.max(1e-3, Math.abs(wanted)));
          }
        }
        // Nothing complete is left out.
        const counts = report.series.map(({ values }) => values.length);
        const endMs = Math.floor((Math.floor((lastMs + 500) / 1000) * 1000) / stepMs) * stepMs;
        for (const count of counts)
          expect(report.fromMs + count * stepMs).toBe(Math.max(endMs, report.fromMs));
      }),
      { numRuns: 300 },
    );
  });

  test("loses no growth: the rates of all steps add up to the counter", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 950, max: 1050 }), fc.nat(99)), { minLength: 10 }),
        (all) => {
          const history = new History(SERIES, RESOLUTIONS);
          let atMs = 1_700_000_000_000;
          let count = 0;
          history.take(atMs, metricsOf({ atMs, count, level: 0, times: [] }));
          for (const [intervalMs, more] of all) {
            atMs += intervalMs;
            count += more;
            history.take(atMs, metricsOf({ atMs, count, level: 0, times: [] }));
          }
          const [rates] = history.report(1_700_000_000_000, 1000).series;
          const sum = rates!.values.reduce<number>((total, rate) => total + (rate ?? 0), 0);
          // Steps are a second long, and the readings between which they lie are so only about.
          expect(Math.abs(sum - count)).toBeLessThanOrEqual(count * 0.06 + 120);
        },
      ),
    );
  });

  test("keeps each resolution for its time, and then the coarser one", () => {
    const history = new History(SERIES);
    const beginMs = 1_700_000_040_000;
    const seconds = 49 * 3600;
    let count = 0;
    for (let second = 0; second <= seconds; second++) {
      // A counter that grows by the number of the second.
      count += second;
      history.take(beginMs + second * 1000, [metricsOf({ atMs: 0, count, level: 0, times: [] })[0]!]);
    }
    const endMs = beginMs + seconds * 1000;
    const rateAgo = (agoMs: number) => Math.round(history.report(endMs - agoMs, 1000).series[0]!.values[0]!);
    const grown = (agoMs: number, stepMs: number) => {
      const first = Math.floor((endMs - agoMs - beginMs) / stepMs) * (stepMs / 1000);
      return Math.round(first + (stepMs / 1000 + 1) / 2);
    };
    expect(rateAgo(600_000)).toBe(grown(600_000, 1000));
    expect(rateAgo(601_000)).toBe(grown(601_000, 10_000));
    expect(rateAgo(3 * 3600_000)).toBe(grown(3 * 3600_000, 10_000));
    expect(rateAgo(3 * 3600_000 + 1000)).toBe(grown(3 * 3600_000 + 1000, 60_000));
    const all = history.report(0, 60_000);
    expect(all.fromMs).toBe(endMs - 48 * 3600_000);
    expect(all.series[0]!.values).toHaveLength(2880);
  }, 30_000);

  test("a metric that is not told has no series; a counter that appears late has grown from 0", () => {
    const history = new History([{ metric: "count", labels: { result: "error" }, kind: "rate" }, SERIES[1]!]);
    const told = (samples: Metric["samples"]): Metric[] => [
      { name: "count", kind: "counter", help: "", samples },
    ];
    history.take(10_000, told([]));
    history.take(11_000, told([]));
    history.take(12_000, told([{ labels: { family: "string", result: "error" }, value: 3 }]));
    expect(history.report(10_000, 1000).series).toEqual([
      { name: "count", labels: { result: "error" }, kind: "rate", values: [0, 3] },
    ]);
  });

  test("tells marks since the begin, and forgets the oldest of too many", () => {
    const history = new History(SERIES);
    history.take(0, []);
    for (let mark = 0; mark <= MARK_LIMIT; mark++) history.mark(mark * 1000, `mark ${mark}`);
    history.mark(5_000_000, "x".repeat(MARK_LENGTH + 1));
    const { marks } = history.report(0, 1000);
    expect(marks).toHaveLength(MARK_LIMIT);
    expect(marks[0]).toEqual({ atMs: 2000, text: "mark 2" });
    expect(marks.at(-1)!.text).toHaveLength(MARK_LENGTH);
  });

  test("before its first reading it has nothing to tell", () => {
    expect(new History(SERIES).report(0, 1000)).toEqual({ fromMs: 0, stepMs: 1000, series: [], marks: [] });
  });

  test.each([
    ["a proxy", PROXY_SERIES],
    ["a server", SERVER_SERIES],
  ])("of %s takes less than 4 MB", (_, series) => {
    expect(new History(series).bytes).toBeLessThan(4e6);
  });
});
