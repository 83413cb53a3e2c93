import { beforeEach, expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { ABSENT, Overlay, type PendingWrite } from "./overlay.ts";
import { HASH_BYTES, writeHash } from "./record.ts";

let overlay: Overlay;
beforeEach(() => {
  overlay = new Overlay();
});

/** Adds a pending write; with a record of -1 bytes its key is removed. */
function add(name: string, hash: number, recordBytes = 10): PendingWrite {
  const record = recordBytes < 0 ? undefined : new Uint8Array(recordBytes);
  const key = new Uint8Array(HASH_BYTES + name.length);
  writeHash(key, 0, hash);
  key.set(utf8(name), HASH_BYTES);
  const write: PendingWrite = {
    ...{ key, hash, record, expiresAtMs: 0, committedExpiresAtMs: ABSENT, generation: 1 },
    ...{ isDirty: false, isUnjournaled: false, next: undefined },
  };
  overlay.add(write);
  return write;
}

function find(name: string, hash: number): PendingWrite | undefined {
  const key = utf8(`<${name}>`);
  return overlay.find(key, 1, key.length - 1, hash);
}

function all(): PendingWrite[] {
  const writes: PendingWrite[] = [];
  overlay.forEach((write) => void writes.push(write));
  return writes;
}

test("keys are found by their hash and all of their bytes", () => {
  const [a, b] = [add("a", 0xffff_ffff), add("b", 1)];
  expect([find("a", 0xffff_ffff), find("b", 1)]).toEqual([a, b]);
  expect([find("a", 1), find("ab", 0xffff_ffff), find("", 1), find("c", 1)]).toEqual([
    ...[undefined, undefined, undefined, undefined],
  ]);
});

test.each([0, 1, 2])(
  "of keys that have one hash, each is found, also when number %d has been removed",
  (gone) => {
    const names = ["a", "b", "c"];
    const writes = names.map((name) => add(name, 7));
    const other = add("a", 8);
    expect(names.map((name) => find(name, 7))).toEqual(writes);
    overlay.remove(writes[gone]!);
    expect(names.map((name) => find(name, 7))).toEqual(
      writes.map((write, at) => (at === gone ? undefined : write)),
    );
    // What is gone is not removed again.
    overlay.remove(writes[gone]!);
    expect([overlay.count, all().length]).toEqual([3, 3]);
    for (const write of writes) overlay.remove(write);
    expect(all()).toEqual([other]);
  },
);

test("memory is that of keys, of records and of what is needed besides", () => {
  expect(overlay.bytes).toBe(0);
  const write = add("abc", 1);
  const bytes = 256 + HASH_BYTES + 3;
  expect(overlay.bytes).toBe(bytes + 10);
  overlay.change(write, new Uint8Array(25), 5);
  expect([overlay.bytes, write.record?.length, write.expiresAtMs]).toEqual([bytes + 25, 25, 5]);
  overlay.change(write, undefined, ABSENT);
  expect([overlay.bytes, write.record, write.expiresAtMs]).toEqual([bytes, undefined, ABSENT]);
  add("d", 1, -1);
  overlay.remove(write);
  expect([overlay.count, overlay.bytes]).toEqual([1, 256 + HASH_BYTES + 1]);
  overlay.clear();
  expect([overlay.count, overlay.bytes, all(), find("d", 1)]).toEqual([0, 0, [], undefined]);
});
