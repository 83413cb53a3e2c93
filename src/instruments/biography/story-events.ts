import type { Interruption } from "./interruptions.ts";
import { INVALIDATED, REMOVED, type StoryRecord, splitRun } from "./story-record.ts";

/** What is told in one sentence. `removed`: how the invalidated entry left. */
export type StoryEvent = { readonly record: StoryRecord; readonly removed?: StoryRecord } | Interruption;

/** An entry leaves at most this long before or after the event that says why. */
const SAME_MS = 20;

/** Joins invalidations with the departures they caused, and puts everything in the order of time. */
export function storyEvents(
  records: readonly StoryRecord[],
  interruptions: readonly Interruption[],
): StoryEvent[] {
  const removals = removalsByInvalidation(records);
  const taken = new Set(removals.values());
  const events: StoryEvent[] = [];
  for (const [index, record] of records.entries()) {
    if (taken.has(record)) continue;
    const removed = removals.get(record);
    if (removed !== undefined) events.push({ record, removed });
    else if (!repeats(records, index)) events.push({ record });
  }
  for (const one of interruptions) interrupt(events, one);
  return events;
}

function interrupt(events: StoryEvent[], one: Interruption): void {
  let at = events.findIndex((event) => timeOf(event) > one.fromMs);
  if (at === -1) at = events.length;
  const before = events[at - 1];
  const parts = before !== undefined && "record" in before ? splitRun(before.record, one.fromMs) : undefined;
  if (parts === undefined) events.splice(at, 0, one);
  else events.splice(at - 1, 1, { record: parts[0] }, one, { record: parts[1] });
}

function timeOf(event: StoryEvent): number {
  return "record" in event ? event.record.atMs : event.fromMs;
}

/** Finds the invalidation closest to each removal. */
function removalsByInvalidation(records: readonly StoryRecord[]): Map<StoryRecord, StoryRecord> {
  const found = new Map<StoryRecord, StoryRecord>();
  for (const removal of records) {
    if (removal.kind !== REMOVED) continue;
    let closest: StoryRecord | undefined;
    let closestMs = SAME_MS + 1;
    for (const record of records) {
      const apartMs = Math.abs(record.atMs - removal.atMs);
      if (record.kind !== INVALIDATED || found.has(record) || apartMs >= closestMs) continue;
      closest = record;
      closestMs = apartMs;
    }
    if (closest !== undefined) found.set(closest, removal);
  }
  return found;
}

/** Whether another thread has just reported the same invalidation. */
function repeats(records: readonly StoryRecord[], index: number): boolean {
  const { kind, a, atMs } = records[index]!;
  if (kind !== INVALIDATED) return false;
  for (let i = index - 1; i >= 0 && records[i]!.atMs >= atMs - SAME_MS; i--) {
    const earlier = records[i]!;
    if (earlier.kind === REMOVED) continue;
    return earlier.kind === INVALIDATED && earlier.a === a;
  }
  return false;
}
