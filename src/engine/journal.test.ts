import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1, utf8 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import { Journal } from "./journal.ts";
import { version1Frame } from "./journal-fixture.ts";
import { FILE_HEADER_BYTES, readFileHeader } from "./journal-format.ts";
import { lastJournal, readJournals, removeJournals } from "./journal-recovery.ts";

const SEED = Number(process.env["GLASSCACHE_ENGINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

describe("journal", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "glasscache-journal-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function pathOf(number: number): string {
    return join(directory, number % 2 === 0 ? "journal-even" : "journal-odd");
  }

  function found(after = 0): { operations: string[]; voidBytes: number } {
    const operations: string[] = [];
    const voidBytes = readJournals(directory, after, {
      put: (key, record) => operations.push(`put ${latin1(key)}=${latin1(record)}`),
      remove: (key) => operations.push(`remove ${latin1(key)}`),
      removeAll: () => operations.push("remove all"),
    });
    return { operations, voidBytes };
  }

  /** Appends one frame that puts a key. */
  function put(journal: Journal, key: string, record = "value"): void {
    journal.put(utf8(key), utf8(record));
    journal.append();
  }

  test("what was appended is read, in order", () => {
    const journal = new Journal(directory, 1);
    journal.put(utf8("a"), utf8("1"));
    journal.removeAll();
    journal.append();
    journal.append();
    journal.put(utf8(""), utf8(""));
    journal.remove(utf8("b\0c"));
    journal.append();
    expect(found()).toEqual({ operations: ["put a=1", "remove all", "put =", "remove b\0c"], voidBytes: 0 });
    journal.close();
  });

  test("what was not appended is not there", () => {
    const journal = new Journal(directory, 1);
    journal.put(utf8("a"), utf8("1"));
    expect(readdirSync(directory)).toEqual([]);
    expect(journal.rotate()).toBe(0);
    journal.close();
  });

  test("two files take turns, and are as long as the most they had to hold", () => {
    const journal = new Journal(directory, 7);
    for (let number = 7; number <= 16; number++) {
      put(journal, `${number}`, "x".repeat(number < 10 ? 5000 : 1000));
      expect(journal.rotate()).toBe(number);
      expect(journal.rotate()).toBe(number);
      expect(lastJournal(directory)).toBe(number);
      // What comes behind the last that has been discarded, and nothing of earlier uses.
      expect(found(number - 1).operations).toEqual([
        `put ${number}=${"x".repeat(number < 10 ? 5000 : 1000)}`,
      ]);
      expect(found(number - 1).voidBytes).toBe(0);
      if (number > 7) expect(found(number - 2).operations).toHaveLength(2);
      journal.discard(number - 1);
      expect(journal.bytes).toBeGreaterThan(number < 10 ? 5000 : 1000);
      expect(journal.bytes).toBeLessThan(number < 10 ? 5100 : 1100);
    }
    expect(readdirSync(directory).sort()).toEqual(["journal-even", "journal-odd"]);
    expect(journal.diskBytes).toBe(statSync(pathOf(0)).size + statSync(pathOf(1)).size);
    expect(statSync(pathOf(0)).size).toBeGreaterThan(5000);
    journal.discard(16);
    expect(journal.bytes).toBe(0);
    journal.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a file much longer than usual is not kept so", () => {
    const journal = new Journal(directory, 1);
    journal.put(utf8("large"), new Uint8Array(65 * 1024 ** 2));
    journal.append();
    journal.writeLarge();
    expect(journal.diskBytes).toBeGreaterThan(65 * 1024 ** 2);
    journal.discard(journal.rotate());
    expect(journal.diskBytes).toBe(64 * 1024 ** 2);
    expect(statSync(pathOf(1)).size).toBe(64 * 1024 ** 2);
    journal.close();
  });

  test("what has not been discarded is not written over", () => {
    const journal = new Journal(directory, 1);
    for (const key of ["a", "b"]) {
      put(journal, key);
      journal.rotate();
    }
    journal.put(utf8("c"), utf8("value"));
    expect(() => journal.append()).toThrow("has been discarded");
    expect(found().operations).toEqual(["put a=value", "put b=value"]);
    journal.close();
  });

  test("a frame with large records is whole when they have been written, in either way", async () => {
    const journal = new Journal(directory, 1);
    const large = new Uint8Array(3 << 20).fill(65);
    const expected: string[] = [];
    for (let frame = 0; frame < 4; frame++) {
      for (const record of [
        utf8("before"),
        large,
        utf8("between"),
        large.fill(66 + frame, 1000),
        utf8("behind"),
      ]) {
        journal.put(utf8(`${frame}`), record.slice());
        expected.push(`put ${frame}=${latin1(record)}`);
      }
      journal.append();
      const soFar = found();
      expect(soFar.operations.length).toBe(expected.length - 5);
      expect(soFar.voidBytes).toBeGreaterThan(0);
      if (frame % 2 === 0) journal.writeLarge();
      else await journal.synchronize();
      // Not of 30 MB in one, which a failure would print.
      const { operations, voidBytes } = found();
      expect(operations.every((operation, i) => operation === expected[i])).toBe(true);
      expect([operations.length, voidBytes]).toEqual([expected.length, 0]);
    }
    journal.close();
  });

  test("cut short at any byte, whole frames remain and nothing else", () => {
    const journal = new Journal(directory, 1);
    const lengths: number[] = [];
    for (let i = 0; i < 5; i++) {
      journal.put(utf8(`first ${i}`), utf8("x".repeat(i * 3)));
      journal.put(utf8(`second ${i}`), utf8("y"));
      journal.append();
      lengths.push(journal.bytes);
    }
    journal.close();
    for (let length = lengths[4]!; length >= 0; length--) {
      truncateSync(pathOf(1), length);
      const whole = lengths.filter((frameEnd) => frameEnd <= length);
      const { operations, voidBytes } = found();
      expect(operations).toHaveLength(2 * whole.length);
      // Of a frame whose header is not whole nothing can be said.
      const rest = whole.length === 0 ? length - FILE_HEADER_BYTES : length - whole.at(-1)!;
      expect(voidBytes).toBe(rest < 16 ? 0 : rest);
    }
  });

  test("a damaged byte voids its frame and what follows, in the next file as well", () => {
    const journal = new Journal(directory, 1);
    const lengths = [0];
    for (let i = 0; i < 4; i++) {
      put(journal, `key ${i}`);
      lengths.push(journal.bytes);
    }
    journal.rotate();
    put(journal, "next");
    journal.close();
    expect(found().operations).toHaveLength(5);
    const bytes = readFileSync(pathOf(1));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(pathOf(1), damaged);
      const frame = at < FILE_HEADER_BYTES ? 0 : lengths.findLastIndex((frameStart) => frameStart <= at);
      const { operations, voidBytes } = found();
      expect(operations).toEqual(Array.from({ length: frame }, (_, i) => `put key ${i}=value`));
      // Where the header is gone, so is the use, and what follows has a gap before it.
      if (at >= FILE_HEADER_BYTES) expect(voidBytes).toBeGreaterThan(0);
    }
  });

  test("a file that has lost its end in favour of what it held before voids the next one", () => {
    const journal = new Journal(directory, 1);
    for (let i = 0; i < 4; i++) put(journal, `old ${i}`);
    journal.discard(journal.rotate());
    put(journal, "between");
    journal.discard(journal.rotate());
    const old = readFileSync(pathOf(1));
    put(journal, "new 0");
    const frameEnd = journal.bytes;
    put(journal, "new 1");
    journal.rotate();
    put(journal, "next");
    expect(found(2).operations).toEqual(["put new 0=value", "put new 1=value", "put next=value"]);
    journal.close();
    // The second frame's blocks have not reached the disk: there is an old one in its place, whole and as long.
    const torn = readFileSync(pathOf(3));
    torn.set(old.subarray(frameEnd), frameEnd);
    writeFileSync(pathOf(3), torn);
    const { operations, voidBytes } = found(2);
    expect(operations).toEqual(["put new 0=value"]);
    expect(voidBytes).toBeGreaterThan(0);
  });

  test("frames of earlier uses are never read, wherever the last one of this use ends", () => {
    console.log(`GLASSCACHE_ENGINE_SEED=${SEED}`);
    const random = new SeededRandom(SEED);
    const journal = new Journal(directory, 1);
    for (let number = 1; number <= 400; number++) {
      const expected: string[] = [];
      for (let frames = 1 + random.below(8); frames > 0; frames--) {
        // Often as long as others, so that old frames begin where new ones end.
        const record = `${number}`.padEnd(random.next() < 0.7 ? 20 : random.below(60), ".");
        put(journal, "key", record);
        expected.push(`put key=${record}`);
        expect(found(number - 1)).toEqual({ operations: expected, voidBytes: 0 });
      }
      journal.rotate();
      journal.discard(number - 1);
    }
    journal.close();
  });

  test("a value that looks like a frame is not taken for one, where a shorter use ends right before it", () => {
    const journal = new Journal(directory, 1);
    put(journal, "k", "short");
    const start = journal.bytes;
    journal.discard(journal.rotate());
    put(journal, "k", "short");
    // A frame of the third use as it will be, had its salt been that of the second use.
    const header = readFileHeader(readFileSync(pathOf(2)))!;
    expect(header.number).toBe(2);
    const forged = readFileSync(pathOf(2)).subarray(FILE_HEADER_BYTES);
    forged[0] = 3;
    journal.discard(journal.rotate());
    journal.close();
    removeJournals(directory);

    const victim = new Journal(directory, 1);
    victim.put(utf8(""), Uint8Array.of(...new Uint8Array(start - FILE_HEADER_BYTES - 25), ...forged));
    victim.append();
    victim.discard(victim.rotate());
    put(victim, "between");
    victim.discard(victim.rotate());
    put(victim, "k", "short");
    expect(readFileSync(pathOf(1)).subarray(victim.bytes, victim.bytes + forged.length)).toEqual(forged);
    expect(found(2).operations).toEqual(["put k=short"]);
    victim.close();
  });

  test("zeros at the end, as a file system may leave them, hold nothing", () => {
    const journal = new Journal(directory, 1);
    put(journal, "a", "1");
    journal.close();
    appendFileSync(pathOf(1), new Uint8Array(4096));
    expect(found()).toEqual({ operations: ["put a=1"], voidBytes: 0 });
  });

  test("after a failure, what is not on disk is taken back, and only that", async () => {
    for (const toDisk of [true, false]) {
      const journal = new Journal(directory, 1, () => Promise.resolve());
      put(journal, "ended");
      journal.rotate();
      await journal.synchronize();
      put(journal, "on disk");
      await journal.synchronize();
      put(journal, "not on disk");
      journal.giveUp(toDisk);
      const expected = ["put ended=value", "put on disk=value", "put not on disk=value"];
      expect(found().operations).toEqual(toDisk ? expected.slice(0, 2) : expected);
      expect(found().voidBytes).toBe(0);
      removeJournals(directory);
    }
  });

  test("files of version 1 are read, up to the first damage", () => {
    const frame = (key: string) => version1Frame(utf8(key), utf8("value"));
    writeFileSync(join(directory, "journal-5"), Uint8Array.of(...frame("a"), ...frame("b")));
    writeFileSync(join(directory, "journal-6"), frame("c"));
    writeFileSync(join(directory, "journal-10"), frame("behind a gap"));
    expect(found(4).operations).toEqual(["put a=value", "put b=value", "put c=value"]);
    expect(found(5).operations).toEqual(["put c=value"]);
    expect(lastJournal(directory)).toBe(10);
    truncateSync(join(directory, "journal-5"), 2 * frame("a").length - 1);
    expect(found(4)).toEqual({ operations: ["put a=value"], voidBytes: frame("a").length - 1 });
    removeJournals(directory);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("only files of the journal are read and removed", () => {
    const other = join(directory, "journal-odd.backup");
    const journal = new Journal(directory, 1);
    put(journal, "a");
    journal.close();
    copyFileSync(pathOf(1), other);
    removeJournals(directory);
    expect(found().operations).toEqual([]);
    expect(existsSync(other)).toBe(true);
  });
});
