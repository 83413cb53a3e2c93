import type { CountedHistogram, Counters } from "./sections.ts";

/** What labels a series must have; labels that are not named may have any value. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Reads figures from counters. Some hundred are read from the same counters, so it keeps the names of their series by
 * metric.
 */
export class SeriesReader {
  readonly #names = new WeakMap<Counters, ReadonlyMap<string, readonly string[]>>();

  /** Returns the sum of all series of a metric with these labels; undefined: there is none. */
  figure(counters: Counters, metric: string, labels: Labels = {}): number | undefined {
    let sum: number | undefined;
    for (const value of this.#matching(counters, metric, labels)) {
      sum = (sum ?? 0) + (typeof value === "number" ? value : value.count);
    }
    return sum;
  }

  /** Returns the values that a label has among a metric's series, in their order. */
  labelValues(counters: Counters, metric: string, label: string): string[] {
    const values = this.#namesOf(counters, metric).map((name) => labelsOf(name)[label]);
    return [...new Set(values)].filter((value) => value !== undefined);
  }

  /** Returns a histogram: the sum of all series of a metric with these labels. */
  histogram(counters: Counters, metric: string, labels: Labels = {}): CountedHistogram | undefined {
    let sum: CountedHistogram | undefined;
    for (const value of this.#matching(counters, metric, labels)) {
      if (typeof value === "number") continue;
      sum = sum === undefined ? value : added(sum, value, 1);
    }
    return sum;
  }

  #matching(counters: Counters, metric: string, labels: Labels): (number | CountedHistogram)[] {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return this.#namesOf(counters, metric)
      .filter((name) => wanted.every((label) => name.includes(`{${label}`) || name.includes(`,${label}`)))
      .map((name) => counters[name]!);
  }

  #namesOf(counters: Counters, metric: string): readonly string[] {
    let names = this.#names.get(counters);
    if (names === undefined) {
      names = Map.groupBy(Object.keys(counters), (name) => name.replace(/\{.*/, ""));
      this.#names.set(counters, names);
    }
    return names.get(metric) ?? [];
  }
}

/** Returns `a + factor · b`, bucket by bucket. */
export function added(a: CountedHistogram, b: CountedHistogram, factor: number): CountedHistogram {
  const buckets: Record<string, number> = { ...a.buckets };
  for (const [le, count] of Object.entries(b.buckets)) buckets[le] = (buckets[le] ?? 0) + factor * count;
  return { count: a.count + factor * b.count, sum: a.sum + factor * b.sum, buckets };
}

function labelsOf(name: string): Labels {
  const labels: Record<string, string> = {};
  for (const [, label, value] of name.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) labels[label!] = value!;
  return labels;
}
