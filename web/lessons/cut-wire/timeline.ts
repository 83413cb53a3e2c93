import type { Happening } from "../../model/happenings.ts";
import { judge } from "../../model/promises.ts";
import { textsOf } from "../../model/sentences.ts";
import type { CutWireRun } from "./run.ts";

/** A read, as a mark on the line of its time. */
export interface ReadMark {
  readonly atMs: number;
  /** `old`: a hit on the old price after it had changed. `late`: it had to wait; `failed`: it was told so. */
  readonly kind: "hit" | "origin" | "old" | "late" | "failed" | "waiting";
  /** When it was answered; undefined: never. */
  readonly endedAtMs: number | undefined;
}

/** A span of time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A heartbeat's question, and when its answer came; undefined: never. */
export interface Beat {
  readonly sentAtMs: number;
  readonly answeredAtMs: number | undefined;
}

/** An entry; from `oldFromMs` on the origin had another value. */
export interface Entry extends Span {
  readonly text: string;
  readonly oldFromMs: number | undefined;
}

/** What a drawing of a run shows: time goes to the right. */
export interface Timeline {
  readonly endMs: number;
  /** Up to where it is drawn. */
  readonly nowMs: number;
  readonly failsAtMs: number;
  readonly changedAtMs: number;
  /** While the wire let nothing through, or the origin did nothing. */
  readonly failure: Span | undefined;
  readonly beats: readonly Beat[];
  /** When the cache could not be proven to have missed nothing, so nothing was served from it. */
  readonly unproven: readonly Span[];
  readonly reads: readonly ReadMark[];
  readonly epochsAtMs: readonly number[];
  /** What the cache held, whether it was served or not. */
  readonly entries: readonly Entry[];
}

/** A wait longer than there and back. */
const LATE_MS = 50;

/** Turns a run that has come to its end into a drawing. */
export function timelineOf({ world, settings, changedAtMs }: CutWireRun): Timeline {
  const { happenings, nowMs: endMs } = world;
  const { failsAtMs, lastsMs, failure } = settings;
  const reads = readsOf(happenings);
  const isLong = failure === "network" || failure === "busy";
  const mendedAtMs = failure === "wire" ? (firstAt(happenings, "wire-lost") ?? endMs) : failsAtMs + lastsMs;
  return {
    endMs,
    nowMs: endMs,
    failsAtMs,
    changedAtMs,
    failure:
      isLong || failure === "wire" ? { fromMs: failsAtMs, toMs: Math.min(endMs, mendedAtMs) } : undefined,
    beats: beatsOf(happenings),
    unproven: unprovenOf(happenings, endMs),
    reads,
    epochsAtMs: happenings.flatMap((one) => (one.what === "invalidated-all" ? [one.atMs] : [])),
    entries: entriesOf(happenings, changedAtMs, endMs),
  };
}

/** Returns what could be known of a run at a moment. */
export function timelineUntil(timeline: Timeline, nowMs: number): Timeline {
  const { failure, beats, unproven, reads, epochsAtMs, entries } = timeline;
  const cut = <S extends Span>(spans: readonly S[]): S[] =>
    spans.flatMap((span) => (span.fromMs > nowMs ? [] : { ...span, toMs: Math.min(span.toMs, nowMs) }));
  return {
    ...timeline,
    nowMs,
    failure: cut(failure === undefined ? [] : [failure])[0],
    // A beat is lost only once its answer is overdue; one that will be answered is not shown before.
    beats: beats.filter(({ sentAtMs, answeredAtMs }) => (answeredAtMs ?? sentAtMs) <= nowMs),
    unproven: cut(unproven),
    reads: reads
      .filter(({ atMs }) => atMs <= nowMs)
      .map((read) =>
        (read.endedAtMs ?? 0) > nowMs ? { ...read, kind: "waiting", endedAtMs: undefined } : read,
      ),
    epochsAtMs: epochsAtMs.filter((ms) => ms <= nowMs),
    entries: cut(entries).map((entry) => ({
      ...entry,
      oldFromMs: (entry.oldFromMs ?? nowMs) < nowMs ? entry.oldFromMs : undefined,
    })),
  };
}

function firstAt(happenings: readonly Happening[], what: Happening["what"]): number | undefined {
  return happenings.find((one) => one.what === what)?.atMs;
}

function readsOf(happenings: readonly Happening[]): ReadMark[] {
  const answers = new Map(
    judge(happenings, Number.POSITIVE_INFINITY).answers.map((answer) => [answer.read, answer]),
  );
  const failed = new Map(
    happenings.flatMap((one) => (one.what === "read-failed" ? [[one.read, one.atMs] as const] : [])),
  );
  return happenings.flatMap((one): ReadMark[] => {
    if (one.what !== "asked") return [];
    const { atMs, read } = one;
    const failedAtMs = failed.get(read);
    if (failedAtMs !== undefined) return [{ atMs, kind: "failed", endedAtMs: failedAtMs }];
    const answer = answers.get(read);
    if (answer === undefined) return [{ atMs, kind: "waiting", endedAtMs: undefined }];
    const { source, staleMs, answeredAtMs } = answer;
    const isLate = answeredAtMs - atMs > LATE_MS;
    const kind = staleMs > 0 ? "old" : isLate ? "late" : source === "hit" ? "hit" : "origin";
    return [{ atMs, kind, endedAtMs: answeredAtMs }];
  });
}

function beatsOf(happenings: readonly Happening[]): Beat[] {
  const sent: { readonly sentAtMs: number; readonly wire: string; answeredAtMs: number | undefined }[] = [];
  const pings = new Set<number>();
  for (const one of happenings) {
    if (one.what === "sent") {
      const { load, frame, wire } = one;
      if (load.up && load.requests.some(({ command }) => command === "ping")) {
        sent.push({ sentAtMs: one.atMs, wire, answeredAtMs: undefined });
      } else if (
        !load.up &&
        load.answers.some((answer) => answer.kind === "reply" && answer.to.command === "ping")
      ) {
        pings.add(frame);
      }
    } else if (one.what === "arrived" && pings.has(one.frame)) {
      const beat = sent.find(({ wire, answeredAtMs }) => wire === one.wire && answeredAtMs === undefined);
      if (beat !== undefined) beat.answeredAtMs = one.atMs;
    }
  }
  return sent;
}

/** The spans between the end of one proof and the next one. A connection that ends takes all that it vouched for. */
function unprovenOf(happenings: readonly Happening[], endMs: number): Span[] {
  const spans: Span[] = [];
  let untilMs = Number.POSITIVE_INFINITY;
  const renew = (atMs: number, nextMs: number): void => {
    if (atMs > untilMs) spans.push({ fromMs: untilMs, toMs: atMs });
    untilMs = nextMs;
  };
  for (const one of happenings) {
    // A late answer may prove less than has passed.
    if (one.what === "proven" && (one.untilMs > one.atMs || untilMs > one.atMs)) renew(one.atMs, one.untilMs);
    else if (one.what === "invalidated-all") renew(one.atMs, Number.POSITIVE_INFINITY);
  }
  renew(endMs, endMs);
  return spans;
}

function entriesOf(happenings: readonly Happening[], changedAtMs: number, endMs: number): Entry[] {
  const entries: Entry[] = [];
  const textOf = textsOf(happenings);
  const newest = happenings.findLast((one) => one.what === "changed");
  let held: { readonly fromMs: number; readonly version: number } | undefined;
  const end = (toMs: number): void => {
    if (held === undefined) return;
    const { fromMs, version } = held;
    const isOld = newest?.what === "changed" && version < newest.version && toMs > changedAtMs;
    entries.push({ fromMs, toMs, text: textOf(version)!, oldFromMs: isOld ? changedAtMs : undefined });
    held = undefined;
  };
  for (const one of happenings) {
    if (one.what === "stored") {
      end(one.atMs);
      held = { fromMs: one.atMs, version: one.version };
    } else if (one.what === "invalidated" || one.what === "invalidated-all") {
      end(one.atMs);
    }
  }
  end(endMs);
  return entries;
}
