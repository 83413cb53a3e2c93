import { describe, expect, test } from "bun:test";
import { CUT_WIRE, endedRun, factsOf, NEW, OLD } from "./run.ts";
import { timelineOf, timelineUntil } from "./timeline.ts";

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

  test("up to a moment shows nothing that comes later, and at the end all", () => {
    for (const failure of ["cut", "wire", "network", "busy"] as const) {
      const run = endedRun({ ...CUT_WIRE, failure });
      const whole = timelineOf(run);
      expect(timelineUntil(whole, whole.endMs)).toEqual(whole);
      for (let nowMs = 0; nowMs < whole.endMs; nowMs += 250) {
        const { beats, reads, entries, unproven, epochsAtMs, failure: span } = timelineUntil(whole, nowMs);
        const times = [
          ...beats.map(({ sentAtMs, answeredAtMs }) => answeredAtMs ?? sentAtMs),
          ...reads.map(({ atMs, endedAtMs }) => endedAtMs ?? atMs),
          ...entries.map(({ toMs, oldFromMs }) => Math.max(toMs, oldFromMs ?? 0)),
          ...unproven.map(({ toMs }) => toMs),
          ...epochsAtMs,
          span?.toMs ?? 0,
        ];
        expect(Math.max(...times)).toBeLessThanOrEqual(nowMs);
        const count = whole.reads.filter(({ atMs }) => atMs <= nowMs).length;
        expect(reads.length).toBe(count);
      }
    }
    const waiting = timelineUntil(timelineOf(endedRun({ ...CUT_WIRE, failure: "network" })), 7000);
    expect(waiting.reads.at(-1)!.kind).toBe("waiting");
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
