import { describe, expect, test } from "bun:test";
import { type Signal, signal } from "@preact/signals";
import { type Moment, Recent, RecentFigures } from "./recent.ts";
import type { Counters, Reading } from "./sections.ts";
import { SeriesReader } from "./series.ts";

const HITS = 'glasscache_keys_read_total{result="hit"}';
const MISSES = 'glasscache_keys_read_total{result="miss"}';

/** Figures over states as they come. */
class Shown extends RecentFigures {
  readonly #recent = new Recent();
  readonly #moments: Signal<readonly Moment[]>;

  constructor() {
    const moments = signal<readonly Moment[]>([]);
    super(moments);
    this.#moments = moments;
  }

  add(state: Reading): void {
    this.#recent.add(state);
    this.#moments.value = this.#recent.moments;
  }
}

function reading(number: number, atMs: number, counters: Counters): Reading {
  return { number, atMs, service: "proxy", sections: { counters } };
}

describe("the last ten seconds", () => {
  test("give a counter's growth per second", () => {
    const recent = new Shown();
    expect(recent.rate("glasscache_keys_read_total")).toBeUndefined();
    recent.add(reading(1, 1000, { [HITS]: 100, [MISSES]: 50 }));
    expect(recent.rate("glasscache_keys_read_total")).toBeUndefined();
    recent.add(reading(2, 3000, { [HITS]: 300, [MISSES]: 60 }));
    expect(recent.rate("glasscache_keys_read_total", { result: "hit" })).toBe(100);
    expect(recent.rate("glasscache_keys_read_total")).toBe(105);
    expect(recent.rate("glasscache_other_total")).toBeUndefined();
  });

  test("forget what is older", () => {
    const recent = new Shown();
    recent.add(reading(1, 0, { [HITS]: 0 }));
    recent.add(reading(2, 5000, { [HITS]: 1000 }));
    recent.add(reading(3, 15_000, { [HITS]: 2000 }));
    expect(recent.rate("glasscache_keys_read_total")).toBe(100);
    expect(recent.moments.value).toHaveLength(2);
  });

  test("begin anew when the service was started again", () => {
    const recent = new Shown();
    recent.add(reading(700, 1000, { [HITS]: 100_000 }));
    recent.add(reading(1, 2000, { [HITS]: 3 }));
    expect(recent.rate("glasscache_keys_read_total")).toBeUndefined();
    recent.add(reading(2, 3000, { [HITS]: 10 }));
    expect(recent.rate("glasscache_keys_read_total")).toBe(7);
  });

  test("give what a histogram has gained", () => {
    const name = "glasscache_request_duration_seconds";
    const recent = new Shown();
    recent.add(
      reading(1, 0, { [`${name}{result="hit"}`]: { count: 2, sum: 1, buckets: { "0.1": 1, "1": 2 } } }),
    );
    recent.add(
      reading(2, 500, { [`${name}{result="hit"}`]: { count: 5, sum: 3, buckets: { "0.1": 1, "1": 5 } } }),
    );
    expect(recent.gained(name, { result: "hit" })).toEqual({
      histogram: { count: 3, sum: 2, buckets: { "0.1": 0, "1": 3 } },
      seconds: 0.5,
    });
  });
});

describe("series by name", () => {
  const series = new SeriesReader();
  const counters: Counters = {
    'm{kind="a",result="hit"}': 1,
    'm{kind="b",result="hit"}': 2,
    'm{kind="b",result="hit_slow"}': 4,
    'm_total{kind="a"}': 8,
    plain: 16,
  };

  test("are added where labels agree, and a longer name is another metric", () => {
    expect(series.figure(counters, "m")).toBe(7);
    expect(series.figure(counters, "m", { result: "hit" })).toBe(3);
    expect(series.figure(counters, "m", { kind: "b" })).toBe(6);
    expect(series.figure(counters, "plain")).toBe(16);
    expect(series.figure(counters, "m", { kind: "c" })).toBeUndefined();
  });

  test("tell a label's values", () => {
    expect(series.labelValues(counters, "m", "kind")).toEqual(["a", "b"]);
  });
});
