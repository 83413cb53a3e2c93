import { beforeEach, expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { NEVER } from "./engine.ts";
import { ExpiredKeys } from "./expired-keys.ts";
import { ABSENT, Overlay } from "./overlay.ts";
import { EXPIRY_BYTES, HASH_BYTES, readExpiry, writeExpiry, writeHash } from "./record.ts";
import type { Tables } from "./tables.ts";
import type { WriteBehind } from "./write-behind.ts";

const NOW_MS = 5000;
/** What the database has: expiry keys in order. */
let committed: Uint8Array[] = [];
/** How many of them were looked at. */
let visits = 0;
const pending = {
  overlay: new Overlay(),
  checkpoints: 0,
  isHiding: false,
  hidesDatabase: () => pending.isHiding,
};
let expired: ExpiredKeys;

const tables = {
  expiringUpTo(atMs: number, from: Uint8Array | undefined, visit: (expiryKey: Uint8Array) => boolean) {
    for (const key of committed) {
      if (readExpiry(key, 0) > atMs || (from !== undefined && Buffer.compare(key, from) < 0)) continue;
      visits++;
      if (!visit(key)) return;
    }
  },
} as unknown as Tables;

beforeEach(() => {
  committed = [];
  visits = 0;
  Object.assign(pending, { overlay: new Overlay(), checkpoints: 0, isHiding: false });
  expired = new ExpiredKeys(tables, pending as unknown as WriteBehind);
});

/** All keys have a hash of their own. */
function stored(name: string): Uint8Array {
  const key = new Uint8Array(HASH_BYTES + name.length);
  writeHash(key, 0, name.charCodeAt(0));
  key.set(utf8(name), HASH_BYTES);
  return key;
}

function commit(name: string, expiresAtMs: number): void {
  const key = stored(name);
  const expiryKey = new Uint8Array(EXPIRY_BYTES + key.length);
  writeExpiry(expiryKey, 0, expiresAtMs);
  expiryKey.set(key, EXPIRY_BYTES);
  committed.push(expiryKey);
  committed.sort(Buffer.compare);
}

/** Adds a pending write; `ABSENT` removes the key. */
function write(name: string, expiresAtMs: number): void {
  pending.overlay.add({
    ...{
      key: stored(name),
      hash: name.charCodeAt(0),
      expiresAtMs,
      committedExpiresAtMs: ABSENT,
      generation: 1,
    },
    ...{
      record: expiresAtMs === ABSENT ? undefined : utf8("\0"),
      isDirty: true,
      isUnjournaled: false,
      next: undefined,
    },
  });
}

function next(limit: number): string[] {
  return expired.next(limit, NOW_MS).map((key) => fromUtf8(key.subarray(HASH_BYTES)));
}

test("expired keys of the database come first, then those of pending writes, up to the limit", () => {
  for (const [at, name] of ["a", "b", "c"].entries()) commit(name, NOW_MS - 3 + at);
  commit("later", NOW_MS + 1);
  for (const name of ["x", "y", "z"]) write(name, NOW_MS);
  write("w", NOW_MS + 1);
  write("v", NEVER);
  expect(next(2)).toEqual(["a", "b"]);
  expired = new ExpiredKeys(tables, pending as unknown as WriteBehind);
  expect(next(3)).toEqual(["a", "b", "c"]);
  expired = new ExpiredKeys(tables, pending as unknown as WriteBehind);
  expect(next(5)).toEqual(["a", "b", "c", "x", "y"]);
  expired = new ExpiredKeys(tables, pending as unknown as WriteBehind);
  expect(next(100)).toEqual(["a", "b", "c", "x", "y", "z"]);
});

test("a pending write overrules what the database has of its key", () => {
  for (const name of ["again", "kept", "removed", "unchanged"]) commit(name, NOW_MS - 1);
  write("again", NOW_MS - 2);
  write("kept", NOW_MS + 1);
  write("removed", ABSENT);
  expect(next(100)).toEqual(["unchanged", "again"]);
});

test("a removal of everything hides the database", () => {
  commit("a", NOW_MS - 1);
  write("b", NOW_MS - 1);
  pending.isHiding = true;
  expect([next(100), visits]).toEqual([["b"], 0]);
  pending.isHiding = false;
  expect(next(100)).toEqual(["a", "b"]);
});

test("a search goes on where the last one ended, until a checkpoint has changed the database", () => {
  for (let i = 0; i < 20; i++) commit(String.fromCharCode(97 + i), NOW_MS - 100 + i);
  expect(next(5)).toEqual(["a", "b", "c", "d", "e"]);
  for (const name of ["a", "b", "c", "d", "e"]) write(name, ABSENT);
  visits = 0;
  expect(next(5)).toEqual(["f", "g", "h", "i", "j"]);
  // The last one found is looked at again.
  expect(visits).toBe(6);
  committed = committed.slice(5);
  commit("z", 1);
  for (const name of ["f", "g", "h", "i", "j"]) write(name, ABSENT);
  expect(next(2)).toEqual(["k", "l"]);
  pending.checkpoints++;
  expect(next(2)).toEqual(["z", "k"]);
  visits = 0;
  expect(next(1)).toEqual(["k"]);
  expect(visits).toBe(1);
});
