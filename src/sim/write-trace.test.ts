import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DELETE, EXPIRE, READ, WRITE } from "../replay/records.ts";
import { sourceOf, type TestRecord } from "./record-source-fixture.ts";
import { openSource } from "./source.ts";
import { type PlainRecord, readAll } from "./trace/trace-samples-fixture.ts";
import { writeTrace } from "./write-trace.ts";
import { WRITTEN_FORMATS, type WrittenFormat, writtenFormatNamed } from "./written-format.ts";

async function written(records: readonly TestRecord[], format: WrittenFormat) {
  const pieces: Uint8Array[] = [];
  const outcome = await writeTrace(sourceOf(records), format, (bytes) => {
    pieces.push(new Uint8Array(bytes));
  });
  return { bytes: Buffer.concat(pieces), ...outcome };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const anyRecord = fc.record({
  key: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  size: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
  operation: fc.constantFrom(READ, READ, WRITE, DELETE, EXPIRE),
  timeMs: fc.integer({ min: 0, max: 1000 }).map((seconds) => seconds * 1000),
  ttlMs: fc.constantFrom(0, 0, 1, 60_000),
});

/** The parts of a record that a format keeps. */
const KEPT: Readonly<Record<string, (record: PlainRecord) => PlainRecord>> = {
  oracleGeneral: (record) => ({ ...record, ttlMs: 0 }),
  keys: ({ key, operation }) => ({ key, operation, size: 1, timeMs: 0, ttlMs: 0 }),
  csv: (record) => record,
  recording: (record) => (record.operation === DELETE ? { ...record, size: 1 } : record),
};

describe.each([...WRITTEN_FORMATS])("%s", (format) => {
  test("contains the records, as far as the format can", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 300 }), async (records) => {
        const all = await readAll(sourceOf(records));
        const last = { csv: EXPIRE, recording: DELETE, keys: READ, oracleGeneral: READ }[format];
        const expected = all.filter(({ operation }) => operation <= last);
        const { bytes, records: count, leftOut } = await written(records, format);
        expect(count).toBe(expected.length);
        expect(leftOut).toBe(all.length - expected.length);
        if (expected.length === 0) return;
        const source = await openSource("-", { format, standardInput: once(bytes) });
        expect(await readAll(source)).toEqual(expected.map(KEPT[format]!));
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  test("is found out again", async () => {
    const records = Array.from({ length: 50 }, (_, i) => ({ key: i * 7, size: 10 + i, timeMs: i * 1000 }));
    const { bytes } = await written(records, format);
    const source = await openSource("-", { standardInput: once(bytes) });
    expect(source).toMatchObject({ hasSizes: format !== "keys", format: { name: format } });
  });
});

test("a generated workload is read back unchanged", async () => {
  const workload = await openSource("ycsb-a(n=1000,requests=40000,size=100,seed=5)");
  const pieces: Uint8Array[] = [];
  await writeTrace(workload, "recording", (bytes) => {
    pieces.push(new Uint8Array(bytes));
  });
  const recorded = await openSource("-", { standardInput: once(Buffer.concat(pieces)) });
  expect(await readAll(recorded)).toEqual(await readAll(workload));
});

test("reports records that cannot be written", async () => {
  expect(writtenFormatNamed("ORACLEGENERAL")).toBe("oracleGeneral");
  expect(() => writtenFormatNamed("lirs")).toThrow(
    new RangeError(
      'there is no format "lirs" to write traces in; there are oracleGeneral, keys, csv, recording',
    ),
  );
  await expect(written([{ key: 1, size: 2 ** 32 }], "oracleGeneral")).rejects.toThrow(
    new RangeError("oracleGeneral cannot hold a size of so many bytes: 4294967296"),
  );
  await expect(written([{ key: 1, timeMs: 2 ** 32 * 1000 }], "oracleGeneral")).rejects.toThrow(
    new RangeError("oracleGeneral cannot hold a time of so many seconds: 4294967296"),
  );
});
