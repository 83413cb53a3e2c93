import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BLOCK_HEADER_BYTES, RECORDING_HEADER_BYTES } from "../../lens/recording.ts";
import { KeyFamilies } from "../key-families.ts";
import { parse, TRACE_SAMPLES } from "./trace-samples-fixture.ts";

const samples = TRACE_SAMPLES.filter(({ format }) => format === "recording");

describe.each(samples.map((sample, i) => [i === 0 ? "hashes" : "keys", sample] as const))(
  "a recording of %s",
  (what, { bytes, records }) => {
    const firstBlockEnd =
      RECORDING_HEADER_BYTES +
      BLOCK_HEADER_BYTES +
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(RECORDING_HEADER_BYTES + 4, true);

    test("is good up to its last whole block wherever it ends", () => {
      for (let end = RECORDING_HEADER_BYTES; end < bytes.length; end++) {
        const parsed = parse("recording", bytes.subarray(0, end));
        expect(parsed.records).toEqual(records.slice(0, end < firstBlockEnd ? 0 : 3));
        const isAtEnd = end === RECORDING_HEADER_BYTES || end === firstBlockEnd;
        expect(parsed.faults.ignored).toBe(isAtEnd ? 0 : 1);
      }
    });

    test("loses a block that is damaged, and no more", () => {
      const problem = `t, byte ${RECORDING_HEADER_BYTES}: the block's checksum is wrong`;
      fc.assert(
        fc.property(
          fc.integer({ min: RECORDING_HEADER_BYTES + BLOCK_HEADER_BYTES, max: firstBlockEnd - 1 }),
          fc.integer({ min: 1, max: 255 }),
          fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 4 }),
          (at, change, cuts) => {
            const damaged = new Uint8Array(bytes);
            damaged[at]! ^= change;
            expect(() => parse("recording", damaged, { cuts })).toThrow(problem);
            const parsed = parse("recording", damaged, { cuts, skipsBad: true });
            expect(parsed.records).toEqual(records.slice(3));
            expect({ ...parsed.faults }).toMatchObject({ bad: 1, firstBad: problem });
          },
        ),
        { numRuns: 200, seed: 5 },
      );
    });

    test("survives any damage", () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
          fc.integer({ min: 1, max: 20 }),
          (changes, batchCapacity) => {
            const damaged = new Uint8Array(bytes);
            for (const [at, value] of changes) damaged[Math.max(RECORDING_HEADER_BYTES, at)] = value;
            const parsed = parse("recording", damaged, { skipsBad: true, batchCapacity });
            expect(parsed.records.length).toBeLessThanOrEqual(records.length);
          },
        ),
        { numRuns: 500, seed: 6 },
      );
    });

    test("knows families where it has keys", () => {
      const families = new KeyFamilies();
      const names = parse("recording", bytes, { families }).families.map((number) => families.name(number));
      const none = "(no prefix)";
      expect(names).toEqual(
        what === "keys" ? ["user", none, "user", "page", "user"] : [none, none, none, none, none],
      );
    });
  },
);
