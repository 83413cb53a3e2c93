import { describe, expect, test } from "bun:test";
import { drawHashKey } from "./hash-key.ts";
import { SeededRandom } from "./random.ts";
import { halfSipHash } from "./sip-hash.ts";

/** The first 64 integers as bytes, under the key of bytes 0, 1, 2, …, as in all published test vectors. */
const INPUT = Uint8Array.from({ length: 64 }, (_, i) => i);
const KEY = { low: 0x0302_0100, high: 0x0706_0504 };

/**
 * HalfSipHash-1-3 with 32 bits, by length of the input: Linux's test vectors, made with the reference implementation.
 */
const HALF_VECTORS: readonly (readonly [length: number, hash: number])[] = [
  [0, 0x5814c896],
  [1, 0xe7e864ca],
  [2, 0xbc4b0e30],
  [3, 0x01539939],
  [4, 0x7e059ea6],
  [5, 0x88e3d89b],
  [6, 0xa0080b65],
  [7, 0x9d38d9d6],
  [8, 0x577999b1],
  [15, 0xd0257b04],
  [16, 0x8b31d501],
  [20, 0x911bb605],
  [32, 0xbc6dda8d],
  [60, 0x88b4c4cc],
  [63, 0x87178304],
];

describe("HalfSipHash-1-3", () => {
  test.each(HALF_VECTORS)("of %d bytes gives the published value", (length, hash) => {
    expect(halfSipHash(INPUT, 0, length, KEY.low, KEY.high)).toBe(hash);
  });

  test("depends only on the bytes, not on their place", () => {
    const random = new SeededRandom(1);
    const bytes = Uint8Array.from({ length: 300 }, () => random.below(256));
    for (let round = 0; round < 500; round++) {
      const start = random.below(100);
      const end = start + random.below(200);
      const copy = bytes.slice(start, end);
      const hash = halfSipHash(copy, 0, copy.length, KEY.low, KEY.high);
      expect(halfSipHash(bytes, start, end, KEY.low, KEY.high)).toBe(hash);
      expect(hash >>> 0).toBe(hash);
    }
  });

  test("takes signed and unsigned halves of a key alike", () => {
    const hash = halfSipHash(INPUT, 0, 20, 0xffff_fffe, 0x8000_0000);
    expect(halfSipHash(INPUT, 0, 20, -2, -0x8000_0000)).toBe(hash);
  });

  test("depends on both halves of the key", () => {
    const hash = halfSipHash(INPUT, 0, 20, KEY.low, KEY.high);
    expect(halfSipHash(INPUT, 0, 20, KEY.low ^ 1, KEY.high)).not.toBe(hash);
    expect(halfSipHash(INPUT, 0, 20, KEY.low, KEY.high ^ 1)).not.toBe(hash);
  });
});

test("every drawn key is different, and has 64 bits", () => {
  const keys = Array.from({ length: 100 }, drawHashKey);
  expect(new Set(keys.map(({ low, high }) => `${low} ${high}`)).size).toBe(100);
  for (const half of ["low", "high"] as const) {
    expect(keys.some((key) => key[half] > 2 ** 31)).toBe(true);
    for (const key of keys) expect(key[half]).toBe(key[half] >>> 0);
  }
});
