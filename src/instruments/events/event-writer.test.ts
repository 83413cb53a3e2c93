import { describe, expect, test } from "bun:test";
import { latin1, utf8 } from "../../lib/bytes.ts";
import { KeyRef } from "../../lib/key-ref.ts";
import { InstrumentsMemory } from "../instruments-memory.ts";
import { boundOf, samplePosition } from "./event-control.ts";
import * as kinds from "./event-kinds.ts";
import { EventReader } from "./event-reader.ts";
import { EventWriter } from "./event-writer.ts";

const NOW_MS = 1_800_000_000_321;

interface Bench {
  readonly memory: InstrumentsMemory;
  readonly writer: EventWriter;
  read(): Told[];
}

interface Told {
  readonly kind: number;
  readonly flags: number;
  readonly hash: number;
  readonly atMs: number;
  readonly rest: readonly number[];
  readonly key: string;
  readonly keyLength: number;
}

function bench(ratio: number, countEvery = 1_000_000): Bench {
  const memory = InstrumentsMemory.create(1);
  memory.control.bound = boundOf(ratio);
  memory.control.countEvery = countEvery;
  const reader = new EventReader([memory.ring(0)]);
  const writer = new EventWriter(memory.target(0), () => NOW_MS);
  return {
    memory,
    writer,
    read() {
      const told: Told[] = [];
      reader.drain(NOW_MS + 5, 2 ** 20, (event) => {
        told.push({
          ...{ kind: event.kind, flags: event.flags, hash: event.hash, atMs: event.atMs },
          rest: [event.detail, event.second, event.third],
          key: latin1(event.bytes, event.keyStart, event.keyEnd),
          keyLength: event.keyLength,
        });
      });
      return told;
    },
  };
}

function key(name: string, hash: number): KeyRef {
  const bytes = utf8(name);
  return new KeyRef().refer(bytes, 0, bytes.length, hash);
}

describe("a writer of events", () => {
  test("tells everything of a sampled key, and each number arrives", () => {
    const { writer, read } = bench(1);
    const user = key("user:1", 0xdead_beef);
    writer.hit(user, 1, NOW_MS); // The first one is counted.
    writer.hit(user, 700, NOW_MS);
    writer.missed(user, NOW_MS);
    writer.coalesced(user.hash);
    writer.answered(user.hash, 0, 12, -1);
    writer.filled(user.hash, 12, NOW_MS + 5000, NOW_MS - 30);
    writer.refused(user.hash, "no-room");
    writer.wrote(user, true);
    writer.invalidated(user, "push");
    writer.invalidatedAll();
    const [counted, ...told] = read();
    expect(counted).toMatchObject({ key: "user:1", flags: kinds.IS_COUNTED | kinds.IS_FOLLOWED });
    const followed = { hash: 0xdead_beef, atMs: NOW_MS, flags: kinds.IS_FOLLOWED };
    expect(told).toMatchObject([
      { ...followed, kind: kinds.HIT, rest: [700, 1_000_000, 0], key: "", keyLength: 6 },
      { ...followed, kind: kinds.MISS, key: "user:1", keyLength: 6 },
      { ...followed, kind: kinds.COALESCED },
      { ...followed, kind: kinds.ANSWERED, rest: [12, -1, 0] },
      { ...followed, kind: kinds.FILLED, rest: [12, 5000, 30] },
      { ...followed, kind: kinds.REFUSED, rest: [kinds.REFUSALS.indexOf("no-room"), 0, 0] },
      { ...followed, kind: kinds.WROTE, flags: kinds.IS_FOLLOWED | kinds.REMOVES },
      { ...followed, kind: kinds.INVALIDATED, rest: [kinds.INVALIDATORS.indexOf("push"), 0, 0] },
      { kind: kinds.INVALIDATED_ALL, atMs: NOW_MS },
    ]);
  });

  test("does not tell of some hash slots that were invalidated as if it were everything", () => {
    const { writer, read } = bench(1);
    writer.invalidatedAll([1, 2]);
    expect(read()).toEqual([]);
    writer.invalidatedAll();
    expect(read()).toMatchObject([{ kind: kinds.INVALIDATED_ALL }]);
  });

  test("of other keys, tells misses, fills and refusals only, and counts all reads", () => {
    const { memory, writer, read } = bench(0);
    const user = key("user:1", 123);
    writer.hit(user, 1, NOW_MS);
    read();
    writer.hit(user, 1, NOW_MS);
    writer.missed(user, NOW_MS);
    writer.coalesced(user.hash);
    writer.answered(user.hash, 0, 12, -1);
    writer.filled(user.hash, 12, 0, NOW_MS);
    writer.refused(user.hash, "void");
    writer.wrote(user, false);
    writer.invalidated(user, "write");
    const told = read();
    expect(told.map(({ kind }) => kind)).toEqual([kinds.MISS, kinds.FILLED, kinds.REFUSED]);
    expect(told.every(({ flags }) => flags === 0)).toBe(true);
    expect(memory.ring(0).reads).toBe(3);
  });

  test("a key is sampled always or never, and the share of sampled keys is the ratio", () => {
    const { writer, read } = bench(0.1);
    const hashes = Array.from({ length: 20_000 }, (_, i) => Math.imul(i + 1, 0x85eb_ca6b) >>> 0);
    for (let round = 0; round < 2; round++) {
      for (const hash of hashes) writer.hit(key("k", hash), 1, NOW_MS);
      const sampled = read().filter(({ flags }) => (flags & kinds.IS_FOLLOWED) !== 0);
      expect(sampled.map(({ hash }) => hash)).toEqual(
        hashes.filter((hash) => samplePosition(hash) < boundOf(0.1)),
      );
      expect(Math.abs(sampled.length / hashes.length - 0.1)).toBeLessThan(0.01);
    }
  });

  test("follows a watched key, though it is not sampled", () => {
    const { memory, writer, read } = bench(0);
    memory.filter.set([77]);
    writer.hit(key("other", 78), 1, NOW_MS);
    writer.hit(key("watched", 77), 9, NOW_MS);
    writer.hit(key("other", 78), 1, NOW_MS);
    expect(read().filter(({ flags }) => (flags & kinds.IS_FOLLOWED) !== 0)).toMatchObject([{ hash: 77 }]);
    memory.filter.set([]);
    writer.hit(key("watched", 77), 9, NOW_MS);
    expect(read()).toEqual([]);
  });

  test("one hit in so many is counted, with its key", () => {
    const { writer, read } = bench(0, 50);
    const user = key("user:1", 5);
    const hits = 100_000;
    for (let i = 0; i < hits; i++) writer.hit(user, 1, NOW_MS);
    const counted = read();
    expect(counted.every(({ key: told }) => told === "user:1")).toBe(true);
    expect(Math.abs((counted.length * 50) / hits - 1)).toBeLessThan(0.1);
  });

  test("counted hits say how many they stand for, also when that changes", () => {
    const { memory, writer, read } = bench(0, 50);
    const user = key("user:1", 5);
    const counts = [50, 400, 1, 16];
    const hits = 20_000;
    for (const countEvery of counts) {
      memory.control.countEvery = countEvery;
      for (let i = 0; i < hits; i++) writer.hit(user, 1, NOW_MS);
      const stand = read().reduce((sum, { rest: [, weight] }) => sum + weight!, 0);
      expect(Math.abs(stand / hits - 1)).toBeLessThan(0.2);
    }
  });

  test("a long key is cut to what a record holds", () => {
    const { writer, read } = bench(0, 1);
    const long = key("x".repeat(60_000), 5);
    writer.hit(long, 1, NOW_MS);
    writer.missed(long, NOW_MS);
    expect(read().map((told) => [told.key, told.keyLength])).toEqual([
      ["x".repeat(512), 60_000],
      ["x".repeat(512), 60_000],
    ]);
  });

  test("a reader that is behind knows which reads its events tell of", () => {
    const memory = InstrumentsMemory.create(1);
    memory.control.bound = boundOf(1);
    memory.control.countEvery = 1_000_000;
    const reader = new EventReader([memory.ring(0)]);
    const writer = new EventWriter(memory.target(0), () => NOW_MS);
    const user = key("user:1", 5);
    for (let i = 0; i < 20_000; i++) writer.hit(user, 1, NOW_MS);
    let events = 0;
    for (let turns = 0; turns < 3; turns++) {
      reader.drain(NOW_MS, 1, () => events++);
      expect(Math.abs(reader.reads - events)).toBeLessThanOrEqual(256);
    }
    expect(events).toBeLessThan(20_000);
    reader.drain(NOW_MS, 2 ** 20, () => events++);
    expect([events, reader.reads]).toEqual([20_000, 20_000]);
  });

  test("a reader knows of which keys the events tell", () => {
    const memory = InstrumentsMemory.create(1);
    memory.control.bound = boundOf(0.25);
    memory.control.countEvery = 1_000_000;
    const reader = new EventReader([memory.ring(0)]);
    const writer = new EventWriter(memory.target(0), () => NOW_MS);
    const boundRead = (): number => {
      reader.drain(NOW_MS, 2 ** 20, () => {});
      return reader.bound;
    };
    for (let i = 0; i < 1000; i++) writer.hit(key(`k${i}`, i * 7919), 1, NOW_MS);
    expect(boundRead()).toBe(boundOf(0.25));
    for (let i = 0; i < 1000; i++) writer.hit(key(`k${i}`, i * 7919), 1, NOW_MS);
    memory.control.bound = boundOf(1);
    // What waits to be read was written before.
    for (let i = 0; i < 1000; i++) writer.hit(key(`k${i}`, i * 7919), 1, NOW_MS);
    expect(boundRead()).toBe(boundOf(0.25));
    for (let i = 0; i < 1000; i++) writer.hit(key(`k${i}`, i * 7919), 1, NOW_MS);
    expect(boundRead()).toBe(boundOf(1));
    // A thread that was idle looks at the bound before its next event.
    memory.control.bound = boundOf(0.5);
    writer.hit(key("k", 1), 1, NOW_MS + 1000);
    expect(boundRead()).toBe(boundOf(0.5));
  });

  test("a reader knows where records are missing, and how many reads they may have been about", () => {
    const memory = InstrumentsMemory.create(1);
    memory.control.bound = boundOf(1);
    memory.control.countEvery = 1_000_000;
    const reader = new EventReader([memory.ring(0)]);
    const writer = new EventWriter(memory.target(0), () => NOW_MS);
    const user = key("user:1", 5);
    let events = 0;
    let gaps = 0;
    const take = ({ kind }: { kind: number }): void => {
      if (kind === kinds.LOST) {
        gaps++;
        // The read whose record was the first to be lost may count.
        expect(reader.seenReads - events).toBeLessThanOrEqual(gaps);
      } else events++;
    };
    for (let turn = 0; turn < 4; turn++) {
      for (let i = 0; i < 100_000; i++) writer.hit(user, 1, NOW_MS);
      reader.drain(NOW_MS, 2 ** 20, take);
    }
    writer.hit(user, 1, NOW_MS);
    reader.drain(NOW_MS, 2 ** 20, take);
    expect(gaps).toBe(4);
    expect(reader.dropped).toBeGreaterThan(100_000);
    expect(reader.seenReads - events).toBeLessThanOrEqual(gaps);
    expect(reader.reads).toBe(400_001);
  });

  test("a load that repeats with the same period is not sampled at one place", () => {
    const { writer, read } = bench(0, 50);
    const keys = Array.from({ length: 50 }, (_, i) => key(`k${i}`, i));
    for (let i = 0; i < 100_000; i++) writer.hit(keys[i % 50]!, 1, NOW_MS);
    expect(new Set(read().map(({ hash }) => hash)).size).toBe(50);
  });
});
