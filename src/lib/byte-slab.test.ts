import { expect, test } from "bun:test";
import fc from "fast-check";
import { ByteSlab } from "./byte-slab.ts";

test("later copies do not change earlier ones", () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1000, max: 3000 }));
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 300 }), (lengths) => {
      const slab = new ByteSlab();
      const source = Buffer.alloc(4000);
      const kept = lengths.map((length, index) => {
        source.fill(index % 251, 3, 3 + length);
        slab.keep(source, 3, 3 + length);
        return { bytes: slab.bytes, start: slab.start, length };
      });
      kept.forEach(({ bytes, start, length }, index) => {
        expect(bytes.subarray(start, start + length)).toEqual(new Uint8Array(length).fill(index % 251));
      });
    }),
    { numRuns: 50 },
  );
});

test("short runs share an array, long ones have their own", () => {
  const slab = new ByteSlab();
  slab.keep(new Uint8Array(20), 0, 20);
  const first = slab.bytes;
  slab.keep(new Uint8Array(20), 0, 20);
  expect(slab.bytes).toBe(first);
  slab.keep(new Uint8Array(5000), 0, 5000);
  expect(slab.bytes.length).toBe(5000);
  slab.keep(new Uint8Array(20), 0, 20);
  expect(slab.bytes).toBe(first);
});
