/** The file of warm keys byte for byte, as its format says, and its limits. */
import { describe, expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { hashBytes } from "../../lib/hash.ts";
import {
  checkTrailer,
  headerBytes,
  readBlock,
  readBlockHead,
  readHeader,
  WarmBlocks,
  WarmFormatError,
  warmHeader,
} from "./warm-format.ts";

const ORIGIN = { origin: "redis.example:6379", database: 3 };
/** The seed of the checksums. */
const VERSION = 1;
const DAMAGED = new WarmFormatError("is damaged");
const CUT_SHORT = new WarmFormatError("was cut short");

/** The given numbers, little-endian, each with its size in bytes. Those of 8 bytes are floats. */
function numbers(...given: (readonly [bytes: 4 | 8, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(given.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of given) {
    if (bytes === 4) view.setUint32(at, value, true);
    else view.setFloat64(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  return joined(bytes, numbers([4, hashBytes(bytes, 0, bytes.length, VERSION)]));
}

/** The head of a block that says that its records have this length. */
function headOf(length: number): Uint8Array {
  return numbers([4, length], [4, 1], [8, 0], [8, 1], [4, 0]);
}

/** The bytes in front of the text, which say that it has this length. */
function prefixOf(length: number): Uint8Array {
  return joined(utf8("GLASWARM"), numbers([4, VERSION], [4, length]));
}

/** A block of keys of these lengths. */
function blockOf(...lengths: readonly number[]): Uint8Array {
  const blocks = new WarmBlocks();
  for (const length of lengths) blocks.add(new Uint8Array(length).fill(0x6b), 0, 0);
  return blocks.close(0)!;
}

describe("a file of warm keys", () => {
  test("begins with its magic, the version 1 and whose keys they are", () => {
    const text = utf8('{"origin":"redis.example:6379","database":3}');
    const wanted = withChecksum(joined(prefixOf(text.length), text));
    expect(warmHeader(ORIGIN)).toEqual(wanted);
    expect(headerBytes(wanted.subarray(0, 16))).toBe(wanted.length);
    expect(readHeader(wanted)).toEqual(ORIGIN);
  });

  test("has blocks of keys, each with the ranks of its first and its last one", () => {
    const blocks = new WarmBlocks();
    const long = new Uint8Array(300).fill(0x6b);
    blocks.add(long, 7, 0.25);
    blocks.add(utf8("ab"), 300, 0.5);
    const records = joined(
      new Uint8Array([300 % 256, 1, 7]),
      long,
      // Reads are told up to 255.
      new Uint8Array([2, 0, 255, 0x61, 0x62]),
    );
    const head = numbers([4, records.length], [4, 2], [8, 0.25], [8, 0.75]);
    const checksum = hashBytes(records, 0, records.length, hashBytes(head, 0, head.length, VERSION));
    const block = blocks.close(0.75)!;
    expect(block).toEqual(joined(head, numbers([4, checksum]), records));
    expect(readBlockHead(block)).toEqual({
      ...{ bytes: records.length, totalBytes: block.length },
      ...{ keys: 2, firstRank: 0.25, lastRank: 0.75 },
    });
    expect(readBlock(block)).toEqual([
      { key: long, reads: 7 },
      { key: utf8("ab"), reads: 255 },
    ]);
    blocks.add(utf8("c"), 0, 0.875);
    expect(readBlockHead(blocks.close(1)!)).toMatchObject({ keys: 1, firstRank: 0.875, lastRank: 1 });
    expect(blocks.keys).toBe(3);
  });

  test("ends with the numbers of its blocks and keys", () => {
    const blocks = new WarmBlocks();
    for (const keys of [2, 1]) {
      for (let n = 0; n < keys; n++) blocks.add(utf8("k"), 0, 0);
      blocks.close(0);
    }
    const trailer = withChecksum(numbers([4, 0], [4, 2], [8, 3]));
    expect(blocks.trailer()).toEqual(trailer);
    expect(readBlockHead(trailer)).toEqual({ bytes: 0, totalBytes: 20, keys: 0, firstRank: 0, lastRank: 0 });
    checkTrailer(trailer, 2, 3);
    expect(() => checkTrailer(trailer, 1, 3)).toThrow(DAMAGED);
    expect(() => checkTrailer(trailer, 2, 2)).toThrow(DAMAGED);
  });

  test("has no block without keys", () => {
    const blocks = new WarmBlocks();
    expect(blocks.close(0)).toBeUndefined();
    expect(blocks.trailer()).toEqual(withChecksum(numbers([4, 0], [4, 0], [8, 0])));
  });
});

describe("a block", () => {
  test("is full from 32,768 bytes of records on, and empty again when it is closed", () => {
    const blocks = new WarmBlocks();
    blocks.add(new Uint8Array(32_764), 0, 0);
    expect(blocks.isFull).toBe(false);
    blocks.close(0);
    blocks.add(new Uint8Array(32_765), 0, 0);
    expect(blocks.isFull).toBe(true);
    blocks.close(0);
    expect(blocks.isFull).toBe(false);
  });

  test("holds the longest key behind others", () => {
    const keys = readBlock(blockOf(32_764, 65_535));
    expect(keys.map(({ key }) => key.length)).toEqual([32_764, 65_535]);
  });

  test("that is longer than one that is full, and the longest key, is damaged", () => {
    const longest = 32_768 + 3 + 65_535;
    expect(readBlockHead(headOf(longest)).totalBytes).toBe(28 + longest);
    expect(() => readBlockHead(headOf(longest + 1))).toThrow(DAMAGED);
  });

  test("with any byte changed is damaged", () => {
    const block = blockOf(1, 2);
    for (let at = 0; at < block.length; at++) {
      const damaged = block.slice();
      damaged[at]! ^= 1;
      expect(() => readBlock(damaged)).toThrow(DAMAGED);
    }
  });

  test("cut short in its head is known to be, and so is a trailer", () => {
    const block = blockOf(5);
    readBlockHead(block.subarray(0, 28));
    expect(() => readBlockHead(block.subarray(0, 27))).toThrow(CUT_SHORT);
    expect(() => readBlockHead(block.subarray(0, 19))).toThrow(CUT_SHORT);
    expect(() => readBlockHead(new WarmBlocks().trailer().subarray(0, 19))).toThrow(CUT_SHORT);
  });
});

test("a text that is longer than any of ours is damaged", () => {
  expect(headerBytes(prefixOf(65_536))).toBe(16 + 65_536 + 4);
  expect(() => headerBytes(prefixOf(65_537))).toThrow(DAMAGED);
});
