import { describe, expect, test } from "bun:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { KeyFamilies } from "../key-families.ts";
import { openSource } from "../source.ts";
import { FORMAT_NAMES } from "./format-names.ts";
import { describeHead } from "./head.ts";
import { LINE_LIMIT_BYTES } from "./line-parser.ts";
import { PUBLISHED_SAMPLES } from "./published-samples-fixture.ts";
import { detectFormat, traceFormats } from "./registry.ts";
import { keyOf, parse, readAll, record, TRACE_SAMPLES, type TraceSample } from "./trace-samples-fixture.ts";

const SAMPLES = [...TRACE_SAMPLES, ...PUBLISHED_SAMPLES];
const titled = SAMPLES.map((sample, i): [string, TraceSample] => [
  `${sample.format} (sample ${i + 1}, ${sample.fileName})`,
  sample,
]);

test("there is a sample of every format", async () => {
  const sampled = new Set(SAMPLES.map(({ format }) => format));
  expect((await traceFormats()).map(({ name }) => name).filter((name) => !sampled.has(name))).toEqual([]);
  expect((await traceFormats()).map(({ name }) => name)).toEqual([...FORMAT_NAMES]);
});

describe.each(titled)("%s", (_, sample) => {
  const { format, bytes, records, columns, fileName } = sample;

  test("gives its records", () => {
    expect(parse(format, bytes, { columns }).records).toEqual([...records]);
  });

  test("gives the same wherever it is cut, however small the batches", () => {
    const everywhere = Array.from({ length: bytes.length }, (_, at) => at);
    for (const batchCapacity of [1, 2, 100]) {
      expect(parse(format, bytes, { columns, cuts: everywhere, batchCapacity }).records).toEqual([
        ...records,
      ]);
    }
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 5 }),
        (cuts, batchCapacity) => {
          expect(parse(format, bytes, { columns, cuts, batchCapacity }).records).toEqual([...records]);
        },
      ),
      { numRuns: 100, seed: 7 },
    );
  });

  if (sample.mustBeTold !== true) {
    test("is found out", async () => {
      const head = describeHead(bytes, true, fileName, columns !== undefined);
      expect((await detectFormat(head, "t")).name).toBe(format);
    });

    test("is detected by content alone, unless it looks like a simpler format", async () => {
      const head = describeHead(bytes, true, "", columns !== undefined);
      expect((await detectFormat(head, "t")).name).toBe(format);
    });
  }

  test.each([
    ["as it is", bytes],
    ["gzip", gzipSync(bytes)],
    ["gzip in two members", Buffer.concat([gzipSync(bytes.subarray(0, 9)), gzipSync(bytes.subarray(9))])],
    ["zstd", zstdCompressSync(bytes)],
    [
      "zstd in two frames",
      Buffer.concat([zstdCompressSync(bytes.subarray(0, 5)), zstdCompressSync(bytes.subarray(5))]),
    ],
  ])("comes %s through standard input, in any pieces", async (_, packed) => {
    for (const pieceBytes of [1, 7, 1_000_000]) {
      const source = await openSource("-", { format, columns, standardInput: pieces(packed, pieceBytes) });
      expect(await readAll(source)).toEqual([...records]);
    }
  });
});

async function* pieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

describe("keys", () => {
  test("are numbers only in the one form that numbers have", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
          fc.bigInt({ min: 2n ** 64n - 5n, max: 2n ** 65n }).map(String),
          fc.stringMatching(/^[0-9a:]{1,22}$/),
        ),
        (key) => {
          expect(parse("keys", Buffer.from(key)).records).toEqual([record(keyOf(key))]);
        },
      ),
      { numRuns: 2000, seed: 3 },
    );
  });

  test("may be any bytes but a line feed", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { records } = parse("keys", bytes);
    expect(records.length).toBe(2);
  });

  test("belong to the family named before a separator", () => {
    const families = new KeyFamilies();
    const lines = ["user:1", "user/2", "page.html", "x|y:z", "12", "plain", ":odd", "user:3"].join("\n");
    const parsed = parse("keys", Buffer.from(lines), { families });
    expect(parsed.families.map((number) => families.name(number))).toEqual([
      "user",
      "user",
      "page",
      "x",
      "(no prefix)",
      "(no prefix)",
      "",
      "user",
    ]);
    const dashes = new KeyFamilies("-");
    expect(dashes.name(parse("keys", Buffer.from("a:b-c"), { families: dashes }).families[0]!)).toBe("a:b");
    expect(() => new KeyFamilies("é")).toThrow(`"é" cannot end a key's prefix: ASCII characters can`);
  });

  test("have as many families as memory allows, and others", () => {
    const families = new KeyFamilies();
    const lines = Array.from({ length: 65_600 }, (_, i) => `f${i}:x`).join("\n");
    const numbers = parse("keys", Buffer.from(lines), { families }).families;
    expect(families.name(numbers[0]!)).toBe("f0");
    expect(families.name(numbers[65_599]!)).toBe("(others)");
  });
});

describe("a name", () => {
  const formatOf = async (fileName: string, bytes: Uint8Array): Promise<string> =>
    (await detectFormat(describeHead(bytes, true, fileName, false), fileName)).name;

  test("settles the format of a trace in which something is broken", async () => {
    expect(await formatOf("a.lis", Buffer.from("1 0x 0 1\n5 2 0 2\n"))).toBe("arc");
    expect(await formatOf("a.lirs.gz", Buffer.from("*\n1\n2 3\n"))).toBe("lirs");
    expect(await formatOf("a.trc", Buffer.from("user:1\nuser:2\n"))).toBe("keys");
  });

  test("gives the length and the byte order of binary keys", async () => {
    const bytes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 2);
    for (const format of ["bin32le", "bin32be", "bin64le", "bin64be"]) {
      expect(await formatOf(`keys.${format}.zst`, bytes)).toBe(format);
    }
    expect(formatOf("keys.bin", bytes)).rejects.toThrow("keys.bin: its format cannot be detected");
  });
});

test.each(titled.filter(([, { bytes }]) => describeHead(bytes, true, "", false).isText))(
  "%s may have a byte order mark before it",
  async (_, { format: name, mustBeTold, bytes, columns, records }) => {
    const marked = Buffer.concat([Buffer.from("\uFEFF"), bytes]);
    const format = mustBeTold === true ? name : undefined;
    const source = await openSource("-", { format, columns, standardInput: pieces(marked, 1_000_000) });
    expect(await readAll(source)).toEqual([...records]);
  },
);

test("a command with a large value may arrive in many pieces", () => {
  const line = `1.5 [0 127.0.0.1:1] "set" "a" "${"v".repeat(8_000_000)}"\n`;
  const cuts = Array.from({ length: 200 }, (_, i) => 40_000 * i);
  const { records } = parse("monitor", Buffer.from(`${line}1.6 [0 127.0.0.1:1] "get" "a"\n`), { cuts });
  expect(records.map(({ size }) => size)).toEqual([8_000_000, 8_000_000]);
});

test("a line that is too long counts as broken, whatever follows it", () => {
  const long = "x".repeat(LINE_LIMIT_BYTES + 1);
  const problem = "t, line 2: the line is longer than 64 MB";
  const bytes = Buffer.from(`a\n${long}\nb\n`);
  for (const cuts of [[], [10, 2000, LINE_LIMIT_BYTES + 3], [LINE_LIMIT_BYTES + 4]]) {
    expect(() => parse("keys", bytes, { cuts })).toThrow(problem);
    const { records, faults } = parse("keys", bytes, { cuts, skipsBad: true });
    expect(records.map(({ key }) => key)).toEqual([keyOf("a"), keyOf("b")]);
    expect({ ...faults }).toMatchObject({ bad: 1, firstBad: problem });
  }
  const most = "y".repeat(LINE_LIMIT_BYTES);
  expect(parse("keys", Buffer.from(most)).records).toEqual([record(keyOf(most))]);
});
