import { expect, test } from "bun:test";
import fc from "fast-check";
import { Stories } from "./stories.ts";
import { FILLED, HIT, INVALIDATED, type StoryRecord, storyRecord } from "./story-record.ts";

const LATE_MS = 3;

const hit = (atMs: number): StoryRecord => storyRecord(HIT, atMs, 0, 1, 7);

/** A record for each event in order; hits that follow each other are one. */
function model(events: readonly StoryRecord[]): StoryRecord[] {
  const told: StoryRecord[] = [];
  for (const event of events) {
    const last = told.at(-1);
    if (event.kind === HIT && last?.kind === HIT) {
      told[told.length - 1] = { ...last, a: event.atMs - last.atMs, b: last.b + 1 };
    } else told.push(event);
  }
  return told;
}

/** What is exact however late events come: the order, and the number of hits in all. */
function outline(records: readonly StoryRecord[]): unknown[] {
  const hits = records.reduce((sum, { kind, b }) => sum + (kind === HIT ? b : 0), 0);
  return [hits, ...records.filter(({ kind }) => kind !== HIT).map(({ kind, atMs }) => [kind, atMs])];
}

const kinds = fc.array(fc.constantFrom(HIT, HIT, HIT, FILLED, INVALIDATED), { maxLength: 40 });

function eventsOf(list: readonly number[]): StoryRecord[] {
  return list.map((kind, index) => (kind === HIT ? hit(index) : storyRecord(kind, index, 1)));
}

test("events in order become the records of the model; beyond the limit the oldest are forgotten", () => {
  fc.assert(
    fc.property(kinds, (list) => {
      const stories = new Stories(3, 8);
      const events = eventsOf(list);
      for (const event of events) stories.put(1, event);
      const all = model(events);
      const kept = all.slice(-8);
      expect(stories.read(1)).toEqual(kept);
      const count = (records: readonly StoryRecord[]): number =>
        records.reduce((sum, { kind, b }) => sum + (kind === HIT ? b : 1), 0);
      expect(stories.forgottenOf(1)).toBe(count(all) - count(kept));
      expect([stories.read(0), stories.read(2)]).toEqual([[], []]);
      stories.copy(0, stories, 1);
      expect(stories.read(0)).toEqual(kept);
      stories.clear(1);
      expect([stories.read(1), stories.forgottenOf(1), stories.latestMs(1)]).toEqual([[], 0, 0]);
    }),
  );
});

test("events that come somewhat late are put where they belong", () => {
  const late = fc.array(fc.integer({ min: 0, max: LATE_MS }), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(kinds, late, (list, delaysMs) => {
      const stories = new Stories(1, 100);
      const events = eventsOf(list);
      const arrivals = events.toSorted((a, b) => a.atMs + delaysMs[a.atMs]! - (b.atMs + delaysMs[b.atMs]!));
      for (const event of arrivals) stories.put(0, event);
      const told = stories.read(0);
      expect(outline(told)).toEqual(outline(events));
      // Runs end before what follows them, and none lies beside another.
      for (const [index, record] of told.entries()) {
        const next = told[index + 1];
        if (record.kind !== HIT || next === undefined) continue;
        expect(next.kind).not.toBe(HIT);
        expect(record.atMs + record.a).toBeLessThanOrEqual(next.atMs);
      }
    }),
  );
});

test("a run of two hits is split exactly, a longer one evenly", () => {
  const stories = new Stories(2, 10);
  for (const atMs of [100, 200]) stories.put(0, hit(atMs));
  stories.put(0, storyRecord(INVALIDATED, 130));
  expect(stories.read(0).map(({ kind, atMs, a, b }) => [kind, atMs, a, b])).toEqual([
    [HIT, 100, 0, 1],
    [INVALIDATED, 130, 0, 0],
    [HIT, 200, 0, 1],
  ]);
  for (let atMs = 0; atMs <= 1000; atMs += 10) stories.put(1, hit(atMs));
  stories.put(1, storyRecord(INVALIDATED, 255));
  const [before, , after] = stories.read(1);
  expect([before!.b, after!.b]).toEqual([26, 75]);
});
