import { beforeEach, expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { NEVER } from "./engine.ts";
import type { Journal } from "./journal.ts";
import { ABSENT, type PendingWrite } from "./overlay.ts";
import { PendingWrites } from "./pending-writes.ts";
import { HASH_BYTES } from "./record.ts";

/** A journal that notes what is written to it. */
const noted: string[] = [];
const journal = {
  put: (key: Uint8Array, record: Uint8Array) => void noted.push(`put ${nameOf(key)} ${fromUtf8(record)}`),
  remove: (key: Uint8Array) => void noted.push(`remove ${nameOf(key)}`),
  removeAll: () => void noted.push("remove all"),
} as unknown as Journal;

let pending: PendingWrites;
beforeEach(() => {
  pending = new PendingWrites();
  noted.length = 0;
});

function nameOf(key: Uint8Array): string {
  return fromUtf8(key.subarray(HASH_BYTES));
}

/** Adds a pending write of a key that has none. */
function write(name: string, record?: string): PendingWrite {
  const added: PendingWrite = {
    key: utf8(`\0\0\0\0${name}`),
    hash: 0,
    record: record === undefined ? undefined : utf8(record),
    expiresAtMs: record === undefined ? ABSENT : NEVER,
    ...{ committedExpiresAtMs: ABSENT, generation: 1, isDirty: false, isUnjournaled: false, next: undefined },
  };
  pending.overlay.add(added);
  pending.changed(added);
  return added;
}

function journaled(): string[] {
  noted.length = 0;
  pending.writeTo(journal);
  return [...noted];
}

/** What a checkpoint that begins now takes. */
function taken(): [string[], boolean] {
  const { writes, isCleared } = pending.takeDirty();
  return [writes.map(({ key }) => nameOf(key)), isCleared];
}

test("nothing is pending at first", () => {
  pending.isJournaled = true;
  expect([pending.isDirty, pending.isCleared, pending.hasUnjournaled, pending.dirtyCount]).toEqual([
    ...[false, false, false, 0],
  ]);
  expect([journaled(), taken()]).toEqual([[], [[], false]]);
});

test("the journal gets each changed write once, as it is by then", () => {
  pending.isJournaled = true;
  const [a] = [write("a", "1"), write("b", "2"), write("gone")];
  pending.overlay.change(a, utf8("3"), NEVER);
  pending.changed(a);
  expect(pending.hasUnjournaled).toBe(true);
  expect(journaled()).toEqual(["put a 3", "put b 2", "remove gone"]);
  expect(pending.hasUnjournaled).toBe(false);
  expect(journaled()).toEqual([]);
  pending.changed(a);
  expect(pending.hasUnjournaled).toBe(true);
  expect(journaled()).toEqual(["put a 3"]);
});

test("a checkpoint takes each changed write once, whether or not the journal has it", () => {
  pending.isJournaled = true;
  const [a, b] = [write("a", "1"), write("b", "2")];
  pending.changed(a);
  journaled();
  expect([pending.isDirty, pending.dirtyCount]).toEqual([true, 2]);
  expect(taken()).toEqual([["a", "b"], false]);
  expect([pending.isDirty, pending.dirtyCount]).toEqual([false, 0]);
  pending.changed(b);
  expect([pending.isDirty, pending.dirtyCount]).toEqual([true, 1]);
  expect(taken()).toEqual([["b"], false]);
  expect(journaled()).toEqual(["put b 2"]);
});

test("without a journal nothing waits for one", () => {
  const a = write("a", "1");
  pending.clear();
  write("b", "2");
  expect([pending.hasUnjournaled, pending.isDirty, a.isUnjournaled]).toEqual([false, true, false]);
  pending.isJournaled = true;
  expect(journaled()).toEqual([]);
});

test("a removal of everything comes before the writes after it, and takes those before it away", () => {
  pending.isJournaled = true;
  write("a", "1");
  pending.clear();
  expect([pending.isDirty, pending.isCleared, pending.hasUnjournaled, pending.dirtyCount]).toEqual([
    ...[true, true, true, 0],
  ]);
  write("b", "2");
  expect(pending.overlay.count).toBe(1);
  expect(journaled()).toEqual(["remove all", "put b 2"]);
  expect([pending.hasUnjournaled, pending.isCleared]).toEqual([false, true]);
  expect(journaled()).toEqual([]);
  expect(taken()).toEqual([["b"], true]);
  expect([pending.isDirty, pending.isCleared]).toEqual([false, false]);
  expect(taken()).toEqual([[], false]);
});

test("what is forgotten reaches neither the journal nor the database", () => {
  pending.isJournaled = true;
  write("a", "1");
  pending.clear();
  write("b", "2");
  pending.forget();
  expect([pending.isDirty, pending.isCleared, pending.hasUnjournaled, pending.overlay.count]).toEqual([
    ...[false, false, false, 0],
  ]);
  expect([journaled(), taken()]).toEqual([[], [[], false]]);
});
