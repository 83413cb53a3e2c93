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
import { ForgetfulDisk } from "./forgetful-disk-fixture.ts";
import { Journal } from "./journal.ts";
import { FRAME_HEADER_BYTES, FRAMES_AT, HEADER_BYTES, readUseHeader } from "./journal-format.ts";
import { findJournal, removeJournals, replayJournal } from "./journal-recovery.ts";

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

  async function make(number = 1): Promise<Journal> {
    const journal = new Journal(directory, number);
    await journal.make();
    return journal;
  }

  /** Returns the contents beyond a use, for a database that contains the uses up to it. */
  function found(contained = 0): { operations: string[]; voidBytes: number; damages: string[] } {
    const journal = findJournal(directory, { first: contained + 1, contained });
    const operations: string[] = [];
    replayJournal(journal, contained, {
      put: (key, record) => operations.push(`put ${latin1(key)}=${latin1(record)}`),
      remove: (key) => operations.push(`remove ${latin1(key)}`),
      removeAll: () => operations.push("remove all"),
    });
    const damages = journal.damages.map(({ file, at, what }) => `${file} ${at}: ${what}`);
    return { operations, voidBytes: journal.voidBytes, damages };
  }

  /** Appends one frame that puts a key. */
  function put(journal: Journal, key: string, record = "value"): void {
    journal.put(utf8(key), utf8(record));
    journal.append();
  }

  test("is made once both files and their directory are on disk, one after the other", async () => {
    const disk = new ForgetfulDisk();
    const synchronizing: PromiseWithResolvers<void>[] = [];
    disk.onSynchronize = () => {
      synchronizing.push(Promise.withResolvers());
      return synchronizing.at(-1)!.promise;
    };
    let isMade = false;
    const making = new Journal(directory, 1, disk).make().then(() => {
      isMade = true;
    });
    for (let calls = 1; calls <= 3; calls++) {
      await new Promise(setImmediate);
      expect([synchronizing.length, isMade]).toEqual([calls, false]);
      synchronizing.at(-1)!.resolve();
    }
    await making;
    expect([...disk.afterPowerCut({ next: () => 0 }, 512).keys()]).toEqual(["journal-even", "journal-odd"]);
  });

  test("is not made if a file or the directory cannot be synchronized", async () => {
    for (let failing = 1; failing <= 3; failing++) {
      const disk = new ForgetfulDisk();
      let calls = 0;
      disk.onSynchronize = () => (++calls === failing ? Promise.reject(new Error("EIO")) : Promise.resolve());
      await expect(new Journal(directory, 1, disk).make()).rejects.toThrow("EIO");
    }
  });

  test("appended operations are read in order", async () => {
    const journal = await make();
    journal.put(utf8("a"), utf8("1"));
    journal.removeAll();
    journal.append();
    journal.append();
    journal.put(utf8(""), utf8(""));
    journal.remove(utf8("b\0c"));
    journal.append();
    expect(found()).toEqual({
      operations: ["put a=1", "remove all", "put =", "remove b\0c"],
      voidBytes: 0,
      damages: [],
    });
    journal.close();
  });

  test.each(["put b=1", "remove b", "remove all"])(
    "a frame grows between any two bytes of `%s`",
    async (said) => {
      for (let left = 0; left <= 11; left++) {
        const journal = await make();
        // The put of `a` leaves so much of a new journal's buffer.
        const recordBytes = 64 * 1024 - left - HEADER_BYTES - FRAME_HEADER_BYTES - 10;
        journal.put(utf8("a"), new Uint8Array(recordBytes));
        if (said.startsWith("put")) journal.put(utf8("b"), utf8("1"));
        else if (said === "remove b") journal.remove(utf8("b"));
        else journal.removeAll();
        journal.append();
        const { operations } = found();
        expect(operations[0]!.length).toBe("put a=".length + recordBytes);
        expect(operations.slice(1)).toEqual([said]);
        journal.close();
        removeJournals(directory);
      }
    },
  );

  test("operations that were not appended are not found", async () => {
    const journal = await make();
    journal.put(utf8("a"), utf8("1"));
    expect(found().operations).toEqual([]);
    expect(journal.rotate()).toBe(0);
    journal.close();
  });

  test("two files take turns, and are as long as their longest use", async () => {
    const journal = await make(7);
    for (let number = 7; number <= 16; number++) {
      put(journal, `${number}`, "x".repeat(number < 10 ? 5000 : 1000));
      expect(journal.rotate()).toBe(number);
      expect(journal.rotate()).toBe(number);
      expect(findJournal(directory, undefined).lastNumber).toBe(number);
      // What follows the last discarded use is found, and nothing of earlier uses.
      expect(found(number - 1).operations).toEqual([
        `put ${number}=${"x".repeat(number < 10 ? 5000 : 1000)}`,
      ]);
      expect(found(number - 1).voidBytes).toBe(0);
      if (number > 7) expect(found(number - 2).operations).toHaveLength(2);
      journal.discard(number - 1);
      expect(journal.bytes).toBeGreaterThan(FRAMES_AT + (number < 10 ? 5000 : 1000));
      expect(journal.bytes).toBeLessThan(FRAMES_AT + (number < 10 ? 5100 : 1100));
    }
    expect(readdirSync(directory).sort()).toEqual(["journal-even", "journal-odd"]);
    expect(journal.diskBytes).toBe(statSync(pathOf(0)).size + statSync(pathOf(1)).size);
    expect(statSync(pathOf(0)).size).toBeGreaterThan(5000);
    journal.discard(16);
    expect(journal.bytes).toBe(0);
    journal.closeEmpty();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a file much longer than usual is cut", async () => {
    const journal = await make();
    journal.put(utf8("large"), new Uint8Array(65 * 1024 ** 2));
    journal.append();
    journal.writeLarge();
    expect(journal.diskBytes).toBeGreaterThan(65 * 1024 ** 2);
    journal.discard(journal.rotate());
    expect(journal.diskBytes).toBe(64 * 1024 ** 2 + FRAMES_AT);
    expect(statSync(pathOf(1)).size).toBe(64 * 1024 ** 2);
    journal.close();
  });

  test("a use that has not been discarded is not overwritten", async () => {
    const journal = await make();
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
    const journal = await make();
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
      // Compares piece by piece: a failure would print all 30 MB.
      const { operations, voidBytes } = found();
      expect(operations.every((operation, i) => operation === expected[i])).toBe(true);
      expect([operations.length, voidBytes]).toEqual([expected.length, 0]);
    }
    journal.close();
  });

  test("a file cut at any byte keeps exactly its whole frames", async () => {
    const journal = await make();
    const lengths: number[] = [];
    for (let i = 0; i < 5; i++) {
      journal.put(utf8(`first ${i}`), utf8("x".repeat(i * 3)));
      journal.put(utf8(`second ${i}`), utf8("y"));
      journal.append();
      lengths.push(journal.bytes);
    }
    journal.close();
    for (let length = lengths[4]!; length >= FRAMES_AT; length--) {
      truncateSync(pathOf(1), length);
      const whole = lengths.filter((frameEnd) => frameEnd <= length);
      const { operations, voidBytes, damages } = found();
      expect(operations).toHaveLength(2 * whole.length);
      expect(damages).toEqual([]);
      // Nothing is known of a frame whose tag is incomplete.
      const rest = length - (whole.at(-1) ?? FRAMES_AT);
      expect(voidBytes).toBe(rest < 8 ? 0 : rest);
    }
    truncateSync(pathOf(1), FRAMES_AT - 1);
    // The first copy of the header is still there.
    expect(found().damages).toEqual([]);
    truncateSync(pathOf(1), 39);
    expect(found().damages).toEqual([
      "journal-odd 0: the file ends at byte 39, before its header does; all writes in it are lost",
    ]);
  });

  test("with interval, writes that were not on disk end at the first broken frame, in the next file as well", async () => {
    const journal = await make();
    const lengths = [FRAMES_AT];
    for (let i = 0; i < 4; i++) {
      put(journal, `key ${i}`);
      lengths.push(journal.bytes);
    }
    journal.rotate();
    put(journal, "next");
    journal.close();
    expect(found().operations).toHaveLength(5);
    const bytes = readFileSync(pathOf(1));
    for (let at = FRAMES_AT; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(pathOf(1), damaged);
      const frame = lengths.findLastIndex((frameStart) => frameStart <= at);
      const { operations, voidBytes, damages } = found();
      expect(operations).toEqual(Array.from({ length: frame }, (_, i) => `put key ${i}=value`));
      expect(voidBytes).toBeGreaterThan(0);
      expect(damages).toEqual([]);
    }
  });

  test("damage is reported with its place, and whole frames behind it are found, whatever length the broken frame claims", async () => {
    const journal = await make();
    const starts: number[] = [];
    for (let i = 0; i < 5; i++) {
      starts.push(i === 0 ? FRAMES_AT : journal.bytes);
      put(journal, `key ${i}`);
      await journal.synchronize();
    }
    await journal.synchronize();
    journal.rotate();
    put(journal, "next");
    journal.close();
    const bytes = readFileSync(pathOf(1));
    for (const [i, length] of [
      [1, 0xffffffff],
      [1, 0],
      [1, 1000],
      [4, 0xffffffff],
      [4, 7],
    ] as const) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt32LE(length, starts[i]! + 20);
      writeFileSync(pathOf(1), damaged);
      const { operations, damages } = found();
      expect(operations).toEqual(
        [0, 1, 2, 3, 4]
          .filter((n) => n !== i)
          .map((n) => `put key ${n}=value`)
          .concat("put next=value"),
      );
      const frameBytes = starts[2]! - starts[1]!;
      const frames = i === 4 ? "" : " in 1 frame";
      expect(damages).toEqual([
        `journal-odd ${starts[i]}: ${frameBytes} bytes${frames} cannot be read, though they were on disk; the writes in them are lost, how many cannot be told`,
      ]);
    }
  });

  test("a file that is older than the database, or than the other file, is damage", async () => {
    const journal = await make();
    const blank = readFileSync(pathOf(1));
    put(journal, "one");
    journal.rotate();
    await journal.synchronize();
    put(journal, "two");
    const use1 = readFileSync(pathOf(1));
    const two = journal.rotate();
    await journal.synchronize();
    journal.discard(1);
    put(journal, "three");
    await journal.synchronize();
    put(journal, "four");
    expect(found(two - 1).damages).toEqual([]);
    // `found` says that the journal began with the use asked for, so the file's former contents are not missed.
    const damagesOf = (first: number, contained: number) =>
      findJournal(directory, { first, contained }).damages.map(({ file, what }) => `${file}: ${what}`);
    expect(damagesOf(1, 1)).toEqual([]);
    writeFileSync(pathOf(1), use1);
    expect(damagesOf(1, 3)).toContain(
      "journal-odd: the file is older than data.mdb: it holds use 1 of the journal, not 3",
    );
    writeFileSync(pathOf(1), blank);
    expect(damagesOf(1, 1)[0]).toContain("journal-odd: the file is older than data.mdb: it holds use 0");
    expect(damagesOf(1, 0)[0]).toContain("journal-odd: use 1 of the journal is gone from the file");
    journal.close();
  });

  test("a file whose end has its former contents again voids the next file", async () => {
    const journal = await make();
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
    // The second frame's blocks have not reached the disk. An old frame of the same length is in its place.
    const torn = readFileSync(pathOf(3));
    torn.set(old.subarray(frameEnd), frameEnd);
    writeFileSync(pathOf(3), torn);
    const { operations, voidBytes } = found(2);
    expect(operations).toEqual(["put new 0=value"]);
    expect(voidBytes).toBeGreaterThan(0);
  });

  test("frames of earlier uses are never read, wherever the last one of this use ends", async () => {
    console.log(`GLASSCACHE_ENGINE_SEED=${SEED}`);
    const random = new SeededRandom(SEED);
    const journal = await make();
    for (let number = 1; number <= 400; number++) {
      const expected: string[] = [];
      for (let frames = 1 + random.below(8); frames > 0; frames--) {
        // Frames often have equal lengths, so that old frames begin where new ones end.
        const record = `${number}`.padEnd(random.next() < 0.7 ? 20 : random.below(60), ".");
        put(journal, "key", record);
        expected.push(`put key=${record}`);
        expect(found(number - 1)).toEqual({ operations: expected, voidBytes: 0, damages: [] });
      }
      journal.rotate();
      journal.discard(number - 1);
    }
    journal.close();
  });

  test("a value that imitates a frame is not read as one, even if a shorter use ends right before it", async () => {
    const journal = await make();
    put(journal, "k", "short");
    const start = journal.bytes;
    journal.discard(journal.rotate());
    put(journal, "k", "short");
    // A whole frame, as the third use would write it if it had the tag of the second use.
    const header = readUseHeader(readFileSync(pathOf(2)), 0)!;
    expect(header.number).toBe(2);
    const forged = readFileSync(pathOf(2)).subarray(FRAMES_AT);
    journal.discard(journal.rotate());
    journal.close();
    removeJournals(directory);

    const victim = await make();
    victim.put(utf8(""), Uint8Array.of(...new Uint8Array(start - FRAMES_AT - 37), ...forged));
    victim.append();
    victim.discard(victim.rotate());
    put(victim, "between");
    victim.discard(victim.rotate());
    put(victim, "k", "short");
    expect(readFileSync(pathOf(1)).subarray(victim.bytes, victim.bytes + forged.length)).toEqual(forged);
    expect(found(2).operations).toEqual(["put k=short"]);
    victim.close();
  });

  test("zeros at the end, as a file system may leave them, are no frames", async () => {
    const journal = await make();
    put(journal, "a", "1");
    journal.close();
    appendFileSync(pathOf(1), new Uint8Array(4096));
    expect(found()).toEqual({ operations: ["put a=1"], voidBytes: 0, damages: [] });
  });

  test("after a failure, exactly the writes that are not on disk are taken back", async () => {
    for (const toDisk of [true, false]) {
      const journal = await make();
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

  test("however it ends, its files are closed, once no synchronization is under way", async () => {
    const ends: Record<string, (journal: Journal) => void> = {
      close: (journal) => journal.close(),
      "give up": (journal) => journal.giveUp(true),
      "give up with interval": (journal) => journal.giveUp(false),
      "close empty": (journal) => {
        journal.discard(journal.rotate());
        journal.closeEmpty();
      },
    };
    for (const [how, end] of Object.entries(ends)) {
      const disk = new ForgetfulDisk();
      const journal = new Journal(directory, 1, disk);
      await journal.make();
      put(journal, "a");
      expect([how, disk.openCount]).toEqual([how, 2]);
      const synchronized = Promise.withResolvers<void>();
      disk.onSynchronize = () => synchronized.promise;
      const synchronizing = journal.synchronize();
      end(journal);
      expect([how, disk.openCount]).toEqual([how, 2]);
      synchronized.resolve();
      await synchronizing;
      expect([how, disk.openCount]).toEqual([how, 0]);
    }
  });

  test("only files of the journal are read and removed", async () => {
    const other = join(directory, "journal-odd.backup");
    const journal = await make();
    put(journal, "a");
    journal.close();
    copyFileSync(pathOf(1), other);
    removeJournals(directory);
    expect(found().operations).toEqual([]);
    expect(existsSync(other)).toBe(true);
  });
});
