import { expect, test } from "bun:test";
import fc from "fast-check";
import { mergedMetrics } from "./merged-metrics.ts";
import { type NumberTable, shapeOf } from "./number-table.ts";
import { TableMetrics } from "./published-metrics.ts";
import { ThreadNumbers } from "./thread-numbers.ts";

const NUMBERS = {
  hits: { kind: "counter", metric: "reads", labels: { result: "hit" } },
  otherHits: { kind: "counter", metric: "reads", labels: { result: "hit" } },
  misses: { kind: "counter", metric: "reads", labels: { result: "miss" } },
  rare: { kind: "counter", metric: "reads", labels: { result: "rare" }, isSparse: true },
  own: { kind: "counter" },
  level: { kind: "gauge", metric: "level" },
  savedMs: { kind: "counter", metric: "saved_seconds" },
  micros: { kind: "histogram", metric: "seconds", labels: { of: "one" } },
  moreMicros: { kind: "histogram", metric: "seconds", labels: { of: "one" } },
} as const;
const TABLE: NumberTable = {
  numbers: NUMBERS,
  metrics: [
    { name: "reads", kind: "counter", help: "Reads." },
    { name: "level", kind: "gauge", help: "Level." },
    { name: "saved_seconds", kind: "counter", help: "Saved.", unit: 1e-3 },
    { name: "seconds", kind: "histogram", help: "Times.", unit: 1e-6 },
  ],
};
const SHAPE = shapeOf(NUMBERS);

function numbersOf(): ThreadNumbers<typeof SHAPE> {
  return new ThreadNumbers(SHAPE, 2, new SharedArrayBuffer(ThreadNumbers.bytes(SHAPE, 2)), 0);
}

test("numbers are told by their metric, added over threads and equal labels", () => {
  const numbers = numbersOf();
  numbers.set(0, "hits", 1);
  numbers.set(1, "hits", 2);
  numbers.set(1, "otherHits", 4);
  numbers.set(0, "level", 5);
  numbers.set(0, "savedMs", 1500);
  const told = new TableMetrics(TABLE).metrics(numbers).slice(0, 3);
  expect(told.map(({ name, samples }) => [name, samples])).toEqual([
    [
      "reads",
      [
        { labels: { result: "hit" }, value: 7 },
        { labels: { result: "miss" }, value: 0 },
      ],
    ],
    ["level", [{ labels: {}, value: 5 }]],
    ["saved_seconds", [{ labels: {}, value: 1.5 }]],
  ]);
  numbers.set(0, "rare", 1);
  expect(new TableMetrics(TABLE).metrics(numbers)[0]!.samples).toContainEqual({
    labels: { result: "rare" },
    value: 1,
  });
});

test("a told histogram counts what is below its bounds, but for the width of a bucket", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1), fc.nat(20_000_000)), { maxLength: 100 }), (values) => {
      const numbers = numbersOf();
      for (const [thread, value] of values) {
        numbers.histogram(thread, value % 2 === 0 ? "micros" : "moreMicros").record(value);
      }
      const [sample] = new TableMetrics(TABLE).metrics(numbers)[3]!.samples;
      expect(sample!.value).toBe(values.length);
      const sum = values.reduce((total, [, value]) => total + value, 0);
      expect(sample!.histogram!.sum).toBeCloseTo(sum / 1e6, 9);
      const below = (bound: number) => values.filter(([, value]) => value < bound).length;
      for (const { le, count } of sample!.histogram!.buckets) {
        const bound = Math.round(le * 1e6);
        expect(count).toBeLessThanOrEqual(below(bound));
        expect(count).toBeGreaterThanOrEqual(below(bound - bound / 32 - 1));
      }
      expect(
        new TableMetrics(TABLE).histograms(numbers).map(({ metric, histogram }) => [metric, histogram.count]),
      ).toEqual([["seconds", values.length]]);
    }),
  );
});

test("metrics of several sources are one if they have one name", () => {
  const metric = (name: string, help: string, value: number) =>
    ({ name, kind: "gauge", help, samples: [{ labels: {}, value }] }) as const;
  expect(
    mergedMetrics([metric("a", "First.", 1)], [metric("b", "B.", 2), metric("a", "Second.", 3)]),
  ).toEqual([
    {
      ...metric("a", "First.", 1),
      samples: [
        { labels: {}, value: 1 },
        { labels: {}, value: 3 },
      ],
    },
    metric("b", "B.", 2),
  ]);
});
