/** What is found of the journal's two files, of which the test breaks parts. */
import { describe, expect, test } from "bun:test";
import { breakFrame, FRAME_BYTES, frameAt, journalFile } from "./journal-file-fixture.ts";
import { FRAMES_AT, HEADER_BYTES, SECOND_HEADER_AT } from "./journal-format.ts";
import { type FoundJournal, inspectJournal, type KnownUses, readOperations } from "./journal-recovery.ts";

function inspect(even: Buffer, odd: Buffer, known: KnownUses | undefined): FoundJournal {
  return inspectJournal(
    new Map([
      ["journal-even", even],
      ["journal-odd", odd],
    ]),
    known,
  );
}

const UNUSED = journalFile({ number: 0 });
const FRESH: KnownUses = { first: 1, contained: 0 };

function damagesOf(found: FoundJournal): string[] {
  return found.damages.map(({ file, at, what }) => `${file} ${at}: ${what}`);
}

describe("the header", () => {
  test.each([0, 1])("is the newer one of its copies, if only copy %d is that of the last use", (newer) => {
    const bytes = journalFile({ number: 3 });
    const older = journalFile({ number: 1 });
    const at = newer === 0 ? SECOND_HEADER_AT : 0;
    bytes.set(older.subarray(at, at + HEADER_BYTES), at);
    expect(inspect(journalFile({ number: 2 }), bytes, undefined)).toMatchObject({
      lastNumber: 3,
      repairs: [],
    });
  });

  test.each([0, SECOND_HEADER_AT])("that cannot be read at %d is repaired", (at) => {
    const bytes = journalFile({ number: 1 });
    bytes[at]! ^= 1;
    const found = inspect(UNUSED, bytes, FRESH);
    expect([found.lastNumber, found.damages.length]).toEqual([1, 0]);
    expect(found.repairs).toEqual([{ file: "journal-odd", at, what: "a copy of the header cannot be read" }]);
  });

  test("that cannot be read at all is damage", () => {
    const broken = (length: number) => damagesOf(inspect(UNUSED, Buffer.alloc(length), FRESH));
    expect(broken(FRAMES_AT)).toEqual([
      "journal-odd 0: neither copy of the header can be read; all writes in the file are lost",
    ]);
    expect(broken(FRAMES_AT - 1)).toEqual([
      `journal-odd 0: the file ends at byte ${FRAMES_AT - 1}, before its header does; all writes in it are lost`,
    ]);
  });
});

describe("the number of a use", () => {
  test.each<[known: KnownUses, even: number, odd: number, damage: string | undefined]>([
    [{ first: 1, contained: 0 }, 0, 1, undefined],
    [{ first: 1, contained: 2 }, 2, 1, undefined],
    [{ first: 1, contained: 2 }, 2, 3, undefined],
    [{ first: 1, contained: 3 }, 2, 3, undefined],
    // Uses before the files were made are not in them.
    [{ first: 4, contained: 3 }, 0, 0, undefined],
    [{ first: 3, contained: 3 }, 0, 3, undefined],
    [
      { first: 3, contained: 3 },
      0,
      1,
      "journal-odd 0: the file is older than data.mdb: it holds use 1 of the journal, not 3",
    ],
    [
      { first: 1, contained: 3 },
      0,
      3,
      "journal-even 0: the file is older than data.mdb: it holds use 0 of the journal, not 2",
    ],
    [
      { first: 1, contained: 2 },
      ...[2, 5],
      "journal-odd 0: the file holds use 5 of the journal, and data.mdb contains no more than 2: what came in between is lost",
    ] as unknown as [KnownUses, number, number, string],
  ])("known: %j, found: %d and %d", (known, even, odd, damage) => {
    const found = inspect(journalFile({ number: even }), journalFile({ number: odd }), known);
    expect(damagesOf(found)).toEqual(damage === undefined ? [] : [damage]);
  });

  test("none is checked, and all are read, where the database is lost", () => {
    const found = inspect(journalFile({ number: 4 }), journalFile({ number: 7 }), undefined);
    expect(found).toMatchObject({ damages: [], lastNumber: 7 });
    expect(found.uses.map(({ header }) => header.number)).toEqual([4, 7]);
  });
});

describe("unreadable frames", () => {
  /** A journal of one use with three frames, of which the last says so much was on disk. */
  function found(synchronized: number, ...broken: number[]): FoundJournal {
    const odd = journalFile({ number: 1, frames: [0, 0, synchronized] });
    for (const index of broken) breakFrame(odd, index);
    return inspect(UNUSED, odd, FRESH);
  }

  test("that were not on disk are no damage: what is from there on is void", () => {
    expect(found(frameAt(1), 1)).toMatchObject({ damages: [], voidBytes: 2 * FRAME_BYTES, framesBehind: 0 });
    expect(found(0, 2)).toMatchObject({ damages: [], voidBytes: FRAME_BYTES, framesBehind: 0 });
    expect(found(0)).toMatchObject({ damages: [], voidBytes: 0, framesBehind: 0 });
  });

  test("that were on disk are damage: nothing is void, and frames behind are counted", () => {
    const one = found(frameAt(1) + 1, 1);
    expect(one).toMatchObject({ voidBytes: 0, framesBehind: 1 });
    expect(damagesOf(one)).toEqual([
      `journal-odd ${frameAt(1)}: 1 bytes in 1 frame cannot be read, though they were on disk; the writes in them ` +
        "are lost, how many cannot be told",
    ]);
    const two = found(frameAt(2), 0, 1);
    expect(two).toMatchObject({ voidBytes: 0, framesBehind: 1 });
    expect(damagesOf(two)[0]).toStartWith(
      `journal-odd ${frameAt(0)}: ${2 * FRAME_BYTES} bytes in 2 frames cannot`,
    );
  });

  test("at the end of a use are damage if a later use says that they were on disk", () => {
    const odd = journalFile({ number: 1, frames: [0, 0] });
    breakFrame(odd, 1);
    const next = (position: number, synchronized: number) =>
      inspect(
        journalFile({ number: 2, position, previousBytes: position, frames: [synchronized] }),
        odd,
        FRESH,
      );
    expect(damagesOf(next(frameAt(2), frameAt(2)))).toEqual([
      `journal-odd ${frameAt(1)}: ${FRAME_BYTES} bytes cannot be read, though they were on disk; the writes in them ` +
        "are lost, how many cannot be told",
    ]);
    expect(next(frameAt(2), frameAt(2)).framesBehind).toBe(1);
    expect(damagesOf(next(frameAt(2), frameAt(1)))).toEqual([]);
    // All of the next use is void then.
    expect(next(frameAt(2), frameAt(1))).toMatchObject({ voidBytes: 2 * FRAME_BYTES });
    expect(damagesOf(next(frameAt(1), frameAt(1)))).toEqual([]);
    expect(damagesOf(next(frameAt(1) - 1, 0))).toEqual([
      `journal-odd ${frameAt(1) - 1}: the file is longer than the next one says`,
    ]);
  });

  test("of a use that is gone are damage if they were on disk", () => {
    const gone = (synchronized: number) =>
      damagesOf(
        inspect(
          journalFile({ number: 2, position: 900, previousBytes: 300, frames: [synchronized] }),
          journalFile({ number: 0 }),
          FRESH,
        ),
      );
    expect(gone(600)).toEqual([]);
    expect(gone(601)).toEqual([
      "journal-odd 0: use 1 of the journal is gone from the file; 300 bytes of writes are lost",
    ]);
  });
});

test("operations are read in their order", () => {
  const told: string[] = [];
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  const reader = {
    put: (key: Uint8Array, record: Uint8Array) => void told.push(`${text(key)}=${text(record)}`),
    remove: (key: Uint8Array) => void told.push(`-${text(key)}`),
    removeAll: () => void told.push("-*"),
  };
  const bytes = Buffer.concat([
    Buffer.from([9, 1, 2, 0, 0, 0, 3, 0, 0, 0]),
    Buffer.from("kkrrr"),
    Buffer.from([3, 2, 1, 0, 0, 0]),
    Buffer.from("x"),
    Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 9]),
  ]);
  readOperations(bytes, 1, bytes.length - 1, reader);
  expect(told).toEqual(["kk=rrr", "-*", "-x", "="]);
});
