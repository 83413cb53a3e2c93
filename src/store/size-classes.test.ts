import { describe, expect, test } from "bun:test";
import { CHUNK_ALIGNMENT, sizeClasses } from "./size-classes.ts";

describe("size classes", () => {
  for (const pageBytes of [4096, 8192, 16_384]) {
    const sizes = sizeClasses(pageBytes);

    test(`cut a page of ${pageBytes} bytes with little left over`, () => {
      expect(sizes.chunkBytes.at(-1)).toBe(pageBytes);
      for (let i = 0; i < sizes.count; i++) {
        const bytes = sizes.chunkBytes[i]!;
        const chunks = sizes.chunksPerPage[i]!;
        expect(bytes % CHUNK_ALIGNMENT).toBe(0);
        if (i > 0) expect(bytes).toBeGreaterThan(sizes.chunkBytes[i - 1]!);
        expect(bytes * chunks).toBeLessThanOrEqual(pageBytes);
        expect(pageBytes - bytes * chunks).toBeLessThan(bytes);
        expect(pageBytes - bytes * chunks).toBeLessThan(pageBytes / 16);
      }
    });

    test(`find the smallest chunk for every size up to ${pageBytes}`, () => {
      for (let bytes = 0; bytes <= pageBytes; bytes++) {
        const expected = sizes.chunkBytes.findIndex((chunk) => chunk >= bytes);
        expect(sizes.smallestFor[(bytes + 7) >> 3]).toBe(expected);
      }
    });
  }
});
