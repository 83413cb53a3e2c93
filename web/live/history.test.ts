import { describe, expect, test } from "bun:test";
import type { HistoryReport } from "../../src/instruments/view.ts";
import { extended, seriesOf } from "./history.ts";

function report(
  fromMs: number,
  values: (number | null)[],
  marks: HistoryReport["marks"] = [],
): HistoryReport {
  return { fromMs, stepMs: 1000, series: [{ name: "m", labels: {}, kind: "rate", values }], marks };
}

describe("a history", () => {
  test("is continued, and its last steps are replaced", () => {
    const known = report(10_000, [1, 2, 3]);
    const next = extended(known, report(11_000, [20, 30, 40, 50]), 10);
    expect(next.fromMs).toBe(10_000);
    expect(next.series[0]!.values).toEqual([1, 20, 30, 40, 50]);
  });

  test("keeps at most so many steps, the newest", () => {
    const next = extended(report(10_000, [1, 2, 3]), report(12_000, [30, 40, 50]), 4);
    expect(next.fromMs).toBe(11_000);
    expect(next.series[0]!.values).toEqual([2, 30, 40, 50]);
    const far = extended(report(10_000, [1, 2, 3]), report(12_000, [3, 4, 5, 6]), 2);
    expect(far.fromMs).toBe(14_000);
    expect(far.series[0]!.values).toEqual([5, 6]);
  });

  test("begins anew after a gap that is longer than what is asked for again", () => {
    const news = report(60_000, [1]);
    expect(extended(report(10_000, [1, 2, 3]), news, 10)).toEqual(news);
  });

  test("keeps each mark once", () => {
    const known = report(
      10_000,
      [1, 2, 3],
      [
        { atMs: 10_500, text: "a" },
        { atMs: 12_500, text: "b" },
      ],
    );
    const next = extended(
      known,
      report(
        12_000,
        [3, 4],
        [
          { atMs: 12_500, text: "b" },
          { atMs: 13_100, text: "c" },
        ],
      ),
      10,
    );
    expect(next.marks.map(({ text }) => text)).toEqual(["a", "b", "c"]);
  });

  test("adds series of different labels, and keeps gaps", () => {
    const two: HistoryReport = {
      ...report(0, []),
      series: [
        { name: "m", labels: { kind: "a" }, kind: "rate", values: [1, null, null] },
        { name: "m", labels: { kind: "b" }, kind: "rate", values: [2, 5, null] },
      ],
    };
    expect(seriesOf(two, "m")).toEqual([3, 5, null]);
    expect(seriesOf(two, "m", { kind: "a" })).toEqual([1, null, null]);
    expect(seriesOf(two, "n")).toEqual([]);
  });
});
