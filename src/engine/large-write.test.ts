import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { NEVER } from "./engine.ts";
import { type ArenaWrite, RecordWrite } from "./large-write.ts";
import { recordExpiry, valueOffset } from "./record.ts";

/** An arena that takes so many pieces, and then perhaps the whole. */
class FakeArena {
  readonly taken: string[] = [];
  released = 0;
  readonly #mostPieces: number;
  readonly #stores: boolean;

  constructor(mostPieces: number, stores: boolean) {
    this.#mostPieces = mostPieces;
    this.#stores = stores;
  }

  tryAppend(source: Uint8Array, start: number, end: number): boolean {
    this.taken.push(Buffer.from(source.subarray(start, end)).toString());
    return this.taken.length <= this.#mostPieces;
  }

  tryStore(): boolean {
    this.taken.push("stored");
    return this.#stores;
  }

  release(): void {
    this.released++;
  }
}

function write(arena: FakeArena | undefined, expiresAtMs: number) {
  const told: string[] = [];
  const large = new RecordWrite(
    6,
    expiresAtMs,
    arena as unknown as ArenaWrite | undefined,
    (record) => {
      const value = Buffer.from(record.subarray(valueOffset(record))).toString();
      told.push(`${value} until ${recordExpiry(record)}`);
    },
    () => told.push("forgotten in the arena"),
  );
  large.append(utf8("<abcd>"), 1, 5);
  large.append(utf8("ef"), 0, 2);
  expect(told).toEqual([]);
  large.store();
  large.release();
  return told;
}

test("a record is stored when it is complete, in the arena as well if that takes all of it", () => {
  const arena = new FakeArena(2, true);
  expect(write(arena, 99)).toEqual(["abcdef until 99"]);
  expect([arena.taken, arena.released]).toEqual([["abcd", "ef", "stored"], 1]);
});

test.each([
  ["has no room for its first piece", new FakeArena(0, true), ["abcd"]],
  ["has no room for its last piece", new FakeArena(1, true), ["abcd", "ef"]],
  ["keeps an earlier value", new FakeArena(2, false), ["abcd", "ef", "stored"]],
])("the key is forgotten in an arena that %s", (_, arena, taken) => {
  expect(write(arena, NEVER)).toEqual([`abcdef until ${NEVER}`, "forgotten in the arena"]);
  expect([arena.taken, arena.released]).toEqual([taken, 1]);
});

test("and in one that was full from the beginning", () => {
  expect(write(undefined, NEVER)).toEqual([`abcdef until ${NEVER}`, "forgotten in the arena"]);
});
