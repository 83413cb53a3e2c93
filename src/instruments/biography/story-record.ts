import * as events from "../events/event-kinds.ts";

/**
 * The records of a story. The meaning of `a`, `b` and `c` by kind:
 *
 * | kind | a | b | c |
 * | --- | --- | --- | --- |
 * | HIT, COALESCED | ms from the first to the last | how many | value bytes |
 * | FILLED | value bytes | time to live (ms; −1: none) | ms since the question was sent |
 * | REFUSED, INVALIDATED | index of `REFUSALS`, `INVALIDATORS` | | |
 * | WROTE | 1: it leaves no value | | |
 * | EVICTED, EXPIRED, REMOVED | age (ms) | remaining time to live (ms; −1: none) | value bytes |
 */
export const { HIT, MISS, COALESCED, FILLED, REFUSED, WROTE, INVALIDATED } = events;
export const EVICTED = 16;
export const EXPIRED = 17;
/** Left because of a write, a delete or an invalidation. */
export const REMOVED = 18;

export interface StoryRecord {
  readonly kind: number;
  readonly atMs: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Of a departure: reads since the fill, up to 65,535. */
  readonly reads: number;
  /** Of an eviction: the number of the place that was left. */
  readonly place: number;
}

/** Whether records of this kind stand for several events, from the first to the last. */
export function isRun(kind: number): boolean {
  return kind === HIT || kind === COALESCED;
}

export function isDeparture(kind: number): boolean {
  return kind >= EVICTED;
}

/** Makes the record of an event. */
export function storyRecord(kind: number, atMs: number, a = 0, b = 0, c = 0): StoryRecord {
  return { kind, atMs, a, b, c, reads: 0, place: 0 };
}

/**
 * Splits a run in which something else happened. Only the times of the first and the last event are known: the others
 * are taken to have come evenly.
 * @returns undefined: it did not happen within a run
 */
export function splitRun(run: StoryRecord, atMs: number): [StoryRecord, StoryRecord] | undefined {
  const lastMs = run.atMs + run.a;
  if (!isRun(run.kind) || run.atMs >= atMs || lastMs <= atMs) return undefined;
  const before = 1 + Math.round((run.b - 2) * ((atMs - run.atMs) / run.a));
  const rest = run.b - before;
  const restMs = rest === 1 ? lastMs : Math.min(lastMs, atMs + 1);
  return [
    { ...run, a: before === 1 ? 0 : Math.max(0, atMs - 1 - run.atMs), b: before },
    { ...run, atMs: restMs, a: lastMs - restMs, b: rest },
  ];
}
