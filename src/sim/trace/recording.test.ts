import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  BLOCK_HEADER_BYTES,
  encodeBlock,
  RECORDING_HEADER_BYTES,
  RecordingBlock,
  recordingHeader,
} from "../../instruments/recording.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { murmurCollisions } from "../../lib/murmur-collisions-fixture.ts";
import { WRITE } from "../../replay/records.ts";
import { KeyFamilies } from "../key-families.ts";
import { parse, record, TRACE_SAMPLES } from "./trace-samples-fixture.ts";

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

    test("has families if it has keys", () => {
      const families = new KeyFamilies();
      const names = parse("recording", bytes, { families }).families.map((number) => families.name(number));
      const none = "(no prefix)";
      expect(names).toEqual(
        what === "keys" ? ["user", none, "user", "page", "user"] : [none, none, none, none, none],
      );
    });
  },
);

describe("a recording of version 1", () => {
  const START_MS = 1_700_000_000_000;
  /** Three requests, for user:1, page/é and user:1, as the previous version wrote them. */
  const HASHES =
    "R0xBU1NSRUMBAAAAAAAAAEdCTEspAAAAAwAAAHcHQmkAAIBW/rx4QgAAAAAAAAAAAAAaShQBtd7ssKwCCdAPQ2tDt+UkZGWtAuDUAwTQDxpKFAG13uywrgI=";
  const KEYS =
    "R0xBU1NSRUMBAQAAAAAAAEdCTEsnAAAAAwAAAHH3cd0AAIBW/rx4QgAAAAAAAAAAAAAGdXNlcjoxrAIJ0A8HcGFnZS/Dqa0C4NQDBNAPBnVzZXI6Ma4C";

  test.each([
    ["hashes", HASHES, 0xb0ec_deb5_0114_4a1an, 0x6564_24e5_b743_6b43n],
    ["keys", KEYS, "user:1", "page/é"],
  ] as const)("of %s is read", (_, base64, user, page) => {
    const { records, faults } = parse("recording", Buffer.from(base64, "base64"));
    expect(records).toEqual([
      record(user, { size: 300, timeMs: START_MS }),
      record(page, { size: 301, timeMs: START_MS + 1000, operation: WRITE, ttlMs: 60_000 }),
      record(user, { size: 302, timeMs: START_MS + 2000 }),
    ]);
    expect(faults.ignored).toBe(0);
  });
});

/** A recording of reads of these keys. */
function recordingOf(keys: readonly Uint8Array[], holdsKeys: boolean): Uint8Array {
  const block = new RecordingBlock(keys.length, holdsKeys ? 2 ** 20 : 0);
  for (const key of keys) {
    block.add(0, 1000, 0, 0, 1, 0);
    block.addKey(key, 0, key.length);
  }
  const out = new ByteBuffer();
  out.append(recordingHeader(holdsKeys));
  encodeBlock(block, 0, 0, out);
  return out.view();
}

describe.each([false, true])("different keys stay different, keys themselves: %p", (holdsKeys) => {
  const distinct = (keys: readonly Uint8Array[]): number =>
    new Set(parse("recording", recordingOf(keys, holdsKeys)).records.map(({ key }) => key)).size;

  test("that are chosen to collide", () => {
    expect(distinct(murmurCollisions(8))).toBe(8);
    expect(distinct(murmurCollisions(4096))).toBe(4096);
  });

  test("that are long and begin with the same bytes", () => {
    for (const length of [512, 513, 5000]) {
      const keys = [0, 1, 2, 3].map((last) => new Uint8Array(length).fill(0x61).fill(0x61 + last, -1));
      expect(distinct(keys)).toBe(4);
    }
  });
});
