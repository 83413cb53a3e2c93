import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1, utf8 } from "../lib/bytes.ts";
import { Journal, journalSequences, readJournal } from "./journal.ts";

describe("journal", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "glasscache-journal-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function operations(sequence: number): { operations: string[]; voidBytes: number } {
    const operations: string[] = [];
    const voidBytes = readJournal(directory, sequence, {
      put: (key, record) => operations.push(`put ${latin1(key)}=${latin1(record)}`),
      remove: (key) => operations.push(`remove ${latin1(key)}`),
      removeAll: () => operations.push("remove all"),
    });
    return { operations, voidBytes };
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
    expect(operations(1)).toEqual({
      operations: ["put a=1", "remove all", "put =", "remove b\0c"],
      voidBytes: 0,
    });
    journal.close();
  });

  test("what was not appended is not there", () => {
    const journal = new Journal(directory, 1);
    journal.put(utf8("a"), utf8("1"));
    expect(journalSequences(directory)).toEqual([]);
    expect(journal.rotate()).toBe(0);
    journal.close();
  });

  test("a new file after each rotation, discarded by number", () => {
    const journal = new Journal(directory, 7);
    for (let i = 7; i <= 11; i++) {
      journal.put(utf8(`${i}`), new Uint8Array(1000));
      journal.append();
      expect(journal.rotate()).toBe(i);
      expect(journal.rotate()).toBe(i);
    }
    expect(journalSequences(directory)).toEqual([7, 8, 9, 10, 11]);
    const fileBytes = readFileSync(join(directory, "journal-7")).length;
    journal.discard(9);
    expect(journalSequences(directory)).toEqual([10, 11]);
    expect(journal.bytes).toBe(readFileSync(join(directory, "journal-11")).length * 2);
    expect(fileBytes).toBeGreaterThan(1000);
    journal.discard(11);
    expect(journal.bytes).toBe(0);
    journal.close();
  });

  test("frames far larger than the buffer", () => {
    const journal = new Journal(directory, 1);
    const record = new Uint8Array(3 << 20).fill(65);
    journal.put(utf8("large"), record);
    journal.append();
    journal.put(utf8("small"), utf8("x"));
    journal.append();
    journal.close();
    expect(operations(1).operations[0]).toBe(`put large=${latin1(record)}`);
    expect(operations(1).operations[1]).toBe("put small=x");
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
    const path = join(directory, "journal-1");
    for (let length = lengths[4]!; length >= 0; length--) {
      truncateSync(path, length);
      const whole = lengths.filter((frameEnd) => frameEnd <= length);
      const { operations: found, voidBytes } = operations(1);
      expect(found).toHaveLength(2 * whole.length);
      expect(voidBytes).toBe(length - (whole.at(-1) ?? 0));
    }
  });

  test("a damaged byte voids its frame and what follows", () => {
    const journal = new Journal(directory, 1);
    const lengths = [0];
    for (let i = 0; i < 4; i++) {
      journal.put(utf8(`key ${i}`), utf8("value"));
      journal.append();
      lengths.push(journal.bytes);
    }
    journal.close();
    const path = join(directory, "journal-1");
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(path, damaged);
      const frame = lengths.findLastIndex((frameStart) => frameStart <= at);
      expect(operations(1).operations).toEqual(Array.from({ length: frame }, (_, i) => `put key ${i}=value`));
    }
  });

  test("zeros at the end, as a file system may leave them, are void", () => {
    const journal = new Journal(directory, 1);
    journal.put(utf8("a"), utf8("1"));
    journal.append();
    journal.close();
    writeFileSync(join(directory, "journal-1"), new Uint8Array(4096), { flag: "a" });
    expect(operations(1)).toEqual({ operations: ["put a=1"], voidBytes: 4096 });
  });
});
