/** What is found of one use of a journal file, of which the test breaks parts. */
import { expect, test } from "bun:test";
import { breakFrame, frameAt, headerOf, journalFile } from "./journal-file-fixture.ts";
import { FRAME_HEADER_BYTES, FRAMES_AT, TAG_BYTES } from "./journal-format.ts";
import { type ScannedUse, scanUse } from "./journal-scan.ts";

const HEADER = headerOf(journalFile({ number: 1 }));

function fileOf(...frames: number[]): Buffer {
  return journalFile({ number: 1, frames });
}

function scan(bytes: Buffer): ScannedUse {
  return scanUse("journal-odd", HEADER, bytes);
}

test("whole frames are found up to the first place without one", () => {
  const bytes = fileOf(0, 500, 70);
  expect(scan(bytes)).toEqual({
    ...{ name: "journal-odd", header: HEADER, bytes, starts: [0, 1, 2].map(frameAt), holes: [] },
    ...{ wholeEnd: frameAt(3), wholeFrames: 3, lastEnd: frameAt(3), begunEnd: frameAt(3), synchronized: 500 },
  });
  expect(scan(Buffer.alloc(FRAMES_AT + 100))).toMatchObject({
    ...{
      starts: [],
      wholeEnd: FRAMES_AT,
      wholeFrames: 0,
      lastEnd: FRAMES_AT,
      begunEnd: FRAMES_AT,
      synchronized: 0,
    },
  });
  expect(scan(Buffer.alloc(FRAMES_AT))).toMatchObject({ lastEnd: FRAMES_AT, begunEnd: FRAMES_AT });
});

test("behind unreadable frames the next whole one is found, and how many are missing", () => {
  const bytes = fileOf(0, 1, 2, 3, 4, 5, 6);
  for (const index of [1, 4, 5]) breakFrame(bytes, index);
  // A damaged length hides nothing.
  bytes.writeUInt32LE(0xffff_ffff, frameAt(4) + 20);
  expect(scan(bytes)).toMatchObject({
    starts: [0, 2, 3, 6].map(frameAt),
    holes: [
      { start: frameAt(1), end: frameAt(2), frames: 1 },
      { start: frameAt(4), end: frameAt(6), frames: 2 },
    ],
    ...{ wholeEnd: frameAt(1), wholeFrames: 1, lastEnd: frameAt(7), begunEnd: frameAt(7), synchronized: 6 },
  });
});

test("also if it is the first one that is unreadable", () => {
  const bytes = fileOf(0, 0);
  breakFrame(bytes, 0);
  expect(scan(bytes)).toMatchObject({
    holes: [{ start: frameAt(0), end: frameAt(1), frames: 1 }],
    ...{ wholeEnd: FRAMES_AT, wholeFrames: 0 },
  });
});

test("a last frame that is not whole was begun, as far as its header says", () => {
  const bytes = fileOf(0, 0, 0, 0);
  breakFrame(bytes, 2);
  breakFrame(bytes, 3);
  expect(scan(bytes)).toMatchObject({ lastEnd: frameAt(2), begunEnd: frameAt(4) });
  // What it says may be more than there is.
  bytes.writeUInt32LE(1_000_000, frameAt(3) + 20);
  expect(scan(bytes).begunEnd).toBe(bytes.length);
});

test("one whose header is not whole was begun, up to the end of the file", () => {
  const bytes = fileOf(0, 0);
  for (const bytesLeft of [TAG_BYTES, FRAME_HEADER_BYTES - 1]) {
    const cut = bytes.subarray(0, frameAt(1) + bytesLeft);
    expect(scan(cut)).toMatchObject({ lastEnd: frameAt(1), begunEnd: cut.length });
  }
  expect(scan(bytes.subarray(0, frameAt(1) + TAG_BYTES - 1)).begunEnd).toBe(frameAt(1));
  const justHeader = bytes.subarray(0, frameAt(1) + FRAME_HEADER_BYTES);
  justHeader.writeUInt32LE(0, frameAt(1) + 20);
  expect(scan(justHeader).begunEnd).toBe(justHeader.length);
});

test("one of which half the tag is damaged was begun all the same, one with less of it was not", () => {
  const bytes = fileOf(0, 0);
  bytes.fill(0, frameAt(1), frameAt(1) + TAG_BYTES / 2);
  expect(scan(bytes).begunEnd).toBe(frameAt(2));
  bytes[frameAt(1) + TAG_BYTES - 1] = 0;
  expect(scan(bytes).begunEnd).toBe(frameAt(1));
});
