import { describe, expect, test } from "bun:test";
import { latin1 } from "./bytes.ts";
import { hashBytes, mix32, unmix32 } from "./hash.ts";
import { drawHashKey } from "./hash-key.ts";
import { murmurCollisions } from "./murmur-collisions-fixture.ts";
import { halfSipHash } from "./sip-hash.ts";

const KEYS = 36_000;

describe("keys that collide under every seed of MurmurHash3", () => {
  const keys = murmurCollisions(KEYS);

  test("are different keys with one hash", () => {
    expect(new Set(keys.map((key) => latin1(key))).size).toBe(KEYS);
    for (const seed of [0, 1, 0x51ed_270b, 0xffff_ffff]) {
      expect(new Set(keys.map((key) => hashBytes(key, 0, key.length, seed))).size).toBe(1);
    }
  });

  test("have as many values of HalfSipHash-1-3 as keys drawn at random", () => {
    for (let round = 0; round < 5; round++) {
      const { low, high } = drawHashKey();
      const hashes = new Set(keys.map((key) => halfSipHash(key, 0, key.length, low, high)));
      // Among 36,000 random values of 32 bits, 0.15 are expected to equal another one.
      expect(hashes.size).toBeGreaterThanOrEqual(KEYS - 5);
      expect(new Set([...hashes].map((hash) => hash & 0xffff)).size).toBeGreaterThan(26_000);
    }
  });
});

test("unmix32 is the inverse of mix32", () => {
  for (let i = 0, value = 1; i < 1000; i++, value = (Math.imul(value, 0x9e3779b1) + i) >>> 0) {
    expect(unmix32(mix32(value))).toBe(value);
  }
  for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1]) expect(unmix32(mix32(value))).toBe(value);
});
