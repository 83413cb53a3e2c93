import { expect, test } from "bun:test";
import { NEVER } from "./engine.ts";
import { walkKeys } from "./key-walk.ts";
import { ABSENT, Overlay } from "./overlay.ts";
import { HASH_BYTES, MAXIMUM_HASH, readHash, writeHash } from "./record.ts";
import type { Tables } from "./tables.ts";
import type { WriteBehind } from "./write-behind.ts";

/** Walks through pending writes alone. @returns the hashes of each step, and where the next one begins */
function walk(overlay: Overlay, cursor: number, count: number, nowMs = 0): [hashes: number[], next: number] {
  const pending = { overlay, touchAll: () => undefined, hidesDatabase: () => true } as unknown as WriteBehind;
  const { keys, next } = walkKeys(undefined as unknown as Tables, pending, cursor, count, nowMs);
  return [keys.map((key) => readHash(key)).sort((one, other) => one - other), next];
}

function overlayOf(...hashes: number[]): Overlay {
  const overlay = new Overlay();
  hashes.forEach((hash, at) => void add(overlay, hash, at, NEVER));
  return overlay;
}

function add(overlay: Overlay, hash: number, name: number, expiresAtMs: number): void {
  const key = new Uint8Array(HASH_BYTES + 1).fill(name);
  writeHash(key, 0, hash);
  overlay.add({
    ...{ key, hash, record: expiresAtMs === ABSENT ? undefined : new Uint8Array(1), expiresAtMs },
    ...{ committedExpiresAtMs: ABSENT, generation: 1, isDirty: false, isUnjournaled: false, next: undefined },
  });
}

test("steps follow each other without a gap, in the order of hashes, up to the last one", () => {
  const overlay = overlayOf(MAXIMUM_HASH, 0, 5, 0x8000_0000, 6);
  expect(walk(overlay, 0, 1)).toEqual([[0, 5], 6]);
  expect(walk(overlay, 6, 1)).toEqual([[6, 0x8000_0000], 0x8000_0001]);
  expect(walk(overlay, 0x8000_0001, 1)).toEqual([[MAXIMUM_HASH], 0]);
  expect(walk(overlay, MAXIMUM_HASH, 1)).toEqual([[MAXIMUM_HASH], 0]);
  expect(walk(overlay, MAXIMUM_HASH + 1, 1)).toEqual([[], 0]);
  expect(walk(overlay, 0, 5)).toEqual([[0, 5, 6, 0x8000_0000, MAXIMUM_HASH], 0]);
});

test("all keys of one hash come in one step", () => {
  const overlay = overlayOf(3, 3, 3, 3, 9);
  expect(walk(overlay, 0, 1)).toEqual([[3, 3, 3, 3], 4]);
  expect(walk(overlay, 4, 1)).toEqual([[9], 0]);
});

test("keys that are removed or have expired are no part of a step, and do not end it", () => {
  const overlay = overlayOf(7, 8);
  add(overlay, 1, 90, ABSENT);
  add(overlay, 2, 91, 100);
  add(overlay, 3, 92, 101);
  expect(walk(overlay, 0, 1, 100)).toEqual([[3, 7], 8]);
  expect(walk(overlay, 0, 1, 99)).toEqual([[2, 3], 4]);
});
