import { describe, expect, test } from "bun:test";
import { type KeyFacts, outcomesOf, outcomeText } from "./demo-outcomes.ts";

const read = (atMs: number, ...keys: string[]) => ({ text: "", keys, atMs });

/** A key of which the proxy has told at 1000 ms. */
const facts = (more: Partial<KeyFacts>): KeyFacts => ({
  ...{ isCached: true, ageMs: 100, reads: 0, answeredAtMs: 1000, isShared: false },
  ...{ namedAtMs: Number.NEGATIVE_INFINITY, ...more },
});
const told = (reads: ReturnType<typeof read>[], entries: Record<string, KeyFacts>) =>
  outcomesOf(reads, new Map(Object.entries(entries))).map((text) => text.trim());

describe("reads of one key", () => {
  test.each([
    ["an entry older than the reads", { ageMs: 5000, reads: 9 }, ["a hit", "a hit"]],
    ["an entry that the first of them filled", { ageMs: 140, reads: 1 }, ["a miss", "a hit"]],
    ["an entry that the first of them filled, shown late", { ageMs: 600, reads: 1 }, ["a miss", "a hit"]],
    ["no entry", { isCached: false }, ["a miss", "a miss"]],
    ["a key that was written since", { namedAtMs: 900 }, ["", ""]],
    ["a key that was written before", { namedAtMs: 800, reads: 1 }, ["a miss", "a hit"]],
    ["a key that others read as well", { isShared: true, reads: 7 }, ["", ""]],
    ["a key of theirs that has gone", { isShared: true, isCached: false }, ["", ""]],
    ["a key of theirs that was there before", { isShared: true, ageMs: 5000, reads: 7 }, ["a hit", "a hit"]],
    ["a key of theirs that nobody has read again", { isShared: true }, ["a miss", "a miss"]],
  ] as [string, Partial<KeyFacts>, string[]][])("%s", (_, entry, outcomes) => {
    expect(told([read(850, "a"), read(860, "a")], { a: facts(entry) })).toEqual(outcomes);
  });
});

test("several keys in one read", () => {
  const entries = { a: facts({ ageMs: 5000 }), b: facts({ isCached: false }) };
  expect(told([read(850, "a", "b"), read(860, "a")], entries)).toEqual(["1 hit, 1 miss", "a hit"]);
  expect(told([read(850, "a", "unknown")], entries)).toEqual([""]);
});

test("counts in words", () => {
  expect(
    [outcomeText(0, 0), outcomeText(1, 0), outcomeText(0, 1), outcomeText(2, 1)].map((text) => text.trim()),
  ).toEqual(["", "a hit", "a miss", "2 hits, 1 miss"]);
});
