import { expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import {
  beginFrameHeader,
  endFrameHeader,
  FRAME_HEADER_BYTES,
  frameIndex,
  frameOperationBytes,
  frameSynchronized,
  HEADER_BYTES,
  readUseHeader,
  wholeFrameEnd,
  writeUseHeader,
} from "./journal-format.ts";

const TAG = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** A header `before` bytes from the beginning. */
function header(before: number, number: number, position: number, previousBytes: number): Uint8Array {
  const own = new Uint8Array(HEADER_BYTES);
  writeUseHeader(own, number, TAG, position, previousBytes);
  const bytes = new Uint8Array(before + HEADER_BYTES);
  bytes.set(own, before);
  return bytes;
}

test("a header has the places that are documented", () => {
  const bytes = Buffer.from(header(0, 0x1_0203_0405_0607, 0x88_99aa_bbcc, 7));
  expect([...bytes.subarray(0, 4)]).toEqual([0x67, 0x63, 0x6a, 0xf3]);
  expect(bytes.readBigUInt64LE(4)).toBe(0x1_0203_0405_0607n);
  expect([...bytes.subarray(12, 20)]).toEqual([...TAG]);
  expect(bytes.readBigUInt64LE(20)).toBe(0x88_99aa_bbccn);
  expect(bytes.readBigUInt64LE(28)).toBe(7n);
  expect(bytes.readUInt32LE(36)).toBe(crc32(bytes.subarray(0, 36)));
});

test("a header is read where it lies whole, up to the last byte, and not if any bit of it is another", () => {
  const bytes = header(3, 2 ** 40, 2 ** 53 - 1, 2 ** 33 + 5);
  expect(readUseHeader(bytes, 3)).toEqual({
    ...{ number: 2 ** 40, tag: TAG, position: 2 ** 53 - 1, previousBytes: 2 ** 33 + 5 },
    seed: Buffer.from(bytes).readUInt32LE(3 + 36),
  });
  expect(readUseHeader(bytes.subarray(0, -1), 3)).toBeUndefined();
  expect(readUseHeader(bytes, 2)).toBeUndefined();
  for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
    const broken = bytes.slice();
    broken[3 + (bit >>> 3)]! ^= 1 << (bit & 7);
    expect(readUseHeader(broken, 3)).toBeUndefined();
  }
});

test("a frame is whole up to its last byte, and not if any bit of it is another, or it is of another use", () => {
  const use = readUseHeader(header(0, 1, 0, 0), 0)!;
  const operations = Uint8Array.of(3, 3, 3);
  const at = 5;
  const bytes = new Uint8Array(at + FRAME_HEADER_BYTES + operations.length);
  const begun = beginFrameHeader(bytes, at, use, 2 ** 41 + 9, 0x8000_0001, operations.length);
  bytes.set(operations, at + FRAME_HEADER_BYTES);
  endFrameHeader(bytes, at, crc32(operations, begun));
  expect(wholeFrameEnd(bytes, at, use)).toBe(bytes.length);
  expect([frameSynchronized(bytes, at), frameIndex(bytes, at), frameOperationBytes(bytes, at)]).toEqual([
    ...[2 ** 41 + 9, 0x8000_0001, 3],
  ]);
  for (let end = at; end < bytes.length; end++)
    expect(wholeFrameEnd(bytes.subarray(0, end), at, use)).toBe(-1);
  for (let bit = at * 8; bit < bytes.length * 8; bit++) {
    const broken = bytes.slice();
    broken[bit >>> 3]! ^= 1 << (bit & 7);
    expect(wholeFrameEnd(broken, at, use)).toBe(-1);
  }
  expect(wholeFrameEnd(bytes, at, readUseHeader(header(0, 3, 0, 0), 0)!)).toBe(-1);
});

test("a frame without operations may be the end of a file", () => {
  const use = readUseHeader(header(0, 1, 0, 0), 0)!;
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  endFrameHeader(bytes, 0, beginFrameHeader(bytes, 0, use, 0, 0, 0));
  expect(wholeFrameEnd(bytes, 0, use)).toBe(FRAME_HEADER_BYTES);
});
