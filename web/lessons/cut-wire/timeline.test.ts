import { describe, expect, test } from "bun:test";
import { CUT_WIRE, endedRun, factsOf, NEW, OLD } from "./run.ts";
import { timelineOf } from "./timeline.ts";

describe("the drawing of a run", () => {
  test("shows a dead wire: beats without an answer, then nothing proven, then a new epoch", () => {
    const run = endedRun(CUT_WIRE);
    const { beats, unproven, reads, epochsAtMs, entries, failure, changedAtMs } = timelineOf(run);
    const facts = factsOf(run);
    const [lost] = beats.filter(({ answeredAtMs }) => answeredAtMs === undefined);
    expect(lost!.sentAtMs).toBeGreaterThan(CUT_WIRE.failsAtMs);
    expect(failure).toEqual({ fromMs: 2900, toMs: epochsAtMs[0]! });
    expect(reads.filter(({ kind }) => kind === "old").length).toBe(facts.oldReads);
    expect(entries.map(({ text, oldFromMs }) => [text, oldFromMs])).toEqual([
      [OLD, changedAtMs],
      [NEW, undefined],
    ]);
    // It is served until the proof ends, and a little later the connection is replaced.
    expect(unproven.length).toBe(1);
    expect(unproven[0]!.toMs).toBe(epochsAtMs[0]!);
  });

  test("shows reads that wait, and reads that are told of a failure", () => {
    const settings = { ...CUT_WIRE, failure: "network" as const };
    const waiting = timelineOf(endedRun(settings));
    expect(waiting.epochsAtMs).toEqual([]);
    expect(waiting.reads.filter(({ kind }) => kind === "late").length).toBeGreaterThan(20);
    const told = timelineOf(endedRun({ ...settings, lastsMs: 60_000 }));
    expect(told.reads.filter(({ kind }) => kind === "failed").length).toBeGreaterThan(50);
    expect(told.reads.filter(({ kind }) => kind === "waiting").length).toBeGreaterThan(0);
  });

  test("has a mark for each read, and each hit lies where something is proven", () => {
    for (const failure of ["cut", "wire", "network", "busy"] as const) {
      const run = endedRun({ ...CUT_WIRE, failure });
      const { reads, unproven, entries } = timelineOf(run);
      expect(reads.length).toBe(159);
      const isIn = (atMs: number, spans: readonly { fromMs: number; toMs: number }[]): boolean =>
        spans.some(({ fromMs, toMs }) => atMs > fromMs && atMs < toMs);
      for (const { atMs, kind } of reads) {
        if (kind !== "hit" && kind !== "old") continue;
        expect(isIn(atMs, unproven)).toBe(false);
        expect(isIn(atMs, entries)).toBe(true);
      }
    }
  });
});
