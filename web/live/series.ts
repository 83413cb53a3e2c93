import type { CountedHistogram, Counters } from "./sections.ts";

/** What labels a series must have; labels that are not named may have any value. */
export type Labels = Readonly<Record<string, string>>;

/** Returns the sum of all series of a metric with these labels; undefined: there is none. */
export function figureOf(counters: Counters, metric: string, labels: Labels = {}): number | undefined {
  let sum: number | undefined;
  for (const [, value] of matching(counters, metric, labels)) {
    sum = (sum ?? 0) + (typeof value === "number" ? value : value.count);
  }
  return sum;
}

/** Returns the values that a label has among a metric's series, in their order. */
export function labelValues(counters: Counters, metric: string, label: string): string[] {
  const values = new Set<string>();
  for (const [name] of matching(counters, metric, {})) {
    const value = labelsOf(name)[label];
    if (value !== undefined) values.add(value);
  }
  return [...values];
}

/** Returns a histogram: the sum of all series of a metric with these labels. */
export function histogramOf(
  counters: Counters,
  metric: string,
  labels: Labels = {},
): CountedHistogram | undefined {
  let sum: CountedHistogram | undefined;
  for (const [, value] of matching(counters, metric, labels)) {
    if (typeof value === "number") continue;
    sum = sum === undefined ? value : added(sum, value, 1);
  }
  return sum;
}

/** Returns `a + factor · b`, bucket by bucket. */
export function added(a: CountedHistogram, b: CountedHistogram, factor: number): CountedHistogram {
  const buckets: Record<string, number> = { ...a.buckets };
  for (const [le, count] of Object.entries(b.buckets)) buckets[le] = (buckets[le] ?? 0) + factor * count;
  return { count: a.count + factor * b.count, sum: a.sum + factor * b.sum, buckets };
}

function* matching(
  counters: Counters,
  metric: string,
  labels: Labels,
): Generator<readonly [string, number | CountedHistogram]> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  for (const name of namesOf(counters, metric)) {
    if (wanted.every((label) => name.includes(`{${label}`) || name.includes(`,${label}`))) {
      yield [name, counters[name]!];
    }
  }
}

/** The names of all series by their metric. Some hundred figures are read of the same counters, so it is kept. */
const INDEXES = new WeakMap<Counters, Map<string, string[]>>();

function namesOf(counters: Counters, metric: string): readonly string[] {
  let index = INDEXES.get(counters);
  if (index === undefined) {
    index = new Map();
    for (const name in counters) {
      const end = name.indexOf("{");
      const family = end < 0 ? name : name.slice(0, end);
      const names = index.get(family);
      if (names === undefined) index.set(family, [name]);
      else names.push(name);
    }
    INDEXES.set(counters, index);
  }
  return index.get(metric) ?? [];
}

function labelsOf(name: string): Labels {
  const labels: Record<string, string> = {};
  for (const [, label, value] of name.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) labels[label!] = value!;
  return labels;
}
