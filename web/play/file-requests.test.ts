import { describe, expect, test } from "bun:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { READ } from "../../src/replay/records.ts";
import { openSource } from "../../src/sim/source.ts";
import { PUBLISHED_SAMPLES } from "../../src/sim/trace/published-samples-fixture.ts";
import { TRACE_SAMPLES } from "../../src/sim/trace/trace-samples-fixture.ts";
import { type ReadFile, readFile } from "./file-requests.ts";
import { REQUESTS_LIMIT } from "./limits.ts";
import { AS_DETECTED, type Reading } from "./reading.ts";
import { unpack } from "./unpack.ts";

interface Options extends Partial<Reading> {
  readonly limits?: { readonly requests: number; readonly objects: number };
  readonly told?: number[];
}

function read(
  content: string | Uint8Array | readonly BlobPart[],
  name: string,
  { limits, told = [], ...given }: Options = {},
): Promise<ReadFile> {
  const parts = Array.isArray(content) ? (content as BlobPart[]) : [content as BlobPart];
  const reading = { ...AS_DETECTED, ...given };
  return readFile({ name, blob: new File(parts, name), reading }, (share) => told.push(share), limits);
}

const failure = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => "nothing failed",
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe("each format is read as the simulator reads it", () => {
  for (const sample of [...TRACE_SAMPLES, ...PUBLISHED_SAMPLES]) {
    const { columns } = sample;
    const format = sample.mustBeTold === true ? sample.format : undefined;
    for (const [packing, pack] of [
      ["", (bytes: Uint8Array) => bytes],
      [".gz", (bytes: Uint8Array) => gzipSync(bytes)],
      [".zst", (bytes: Uint8Array) => zstdCompressSync(bytes)],
    ] as const) {
      test(`${sample.format}, ${sample.fileName}${packing}`, async () => {
        const { requests, notes } = await read(pack(sample.bytes), sample.fileName + packing, {
          format,
          columns,
        });
        const { batch, nameOf } = requests;
        const { records } = sample;
        const startMs = records[0]!.timeMs;
        expect(notes[0]).toStartWith(`Read as ${sample.format}`);
        expect(requests.count).toBe(records.length);
        const keys = [...new Set(records.map(({ key }) => key))];
        for (const [i, { key, size, timeMs, operation, ttlMs }] of records.entries()) {
          expect([i, batch.objects[i]]).toEqual([i, keys.indexOf(key) + 1]);
          if (batch.hasSizes) expect(batch.size[i]).toBe(size);
          expect(batch.timeMs[i]).toBe(timeMs - startMs);
          if (batch.hasOperations) expect([batch.operation[i], batch.ttlMs[i]]).toEqual([operation, ttlMs]);
          else expect([operation, ttlMs]).toEqual([READ, 0]);
        }
        expect(requests.hasTimes).toBe(records.some(({ timeMs }) => timeMs !== startMs));
        const names = keys.map((_, object) => nameOf(object + 1));
        expect(new Set(names).size).toBe(keys.length);
        expect(names).not.toContain("");
      });
    }
  }
});

test("what was found is told as the simulator tells it, and keys have their names", async () => {
  const csv = "time,key,size\n1,user:1,10\n2,user:2,20\n2,user:1,10\n";
  const { requests, notes } = await read(csv, "a.csv");
  const source = await openSource("-", { standardInput: new Blob([csv]).stream() });
  expect(notes).toEqual([`Read as ${source.interpretation!.description}.`]);
  expect(notes[0]).toContain('first key "user:1"');
  expect([1, 2].map(requests.nameOf)).toEqual(["user:1", "user:2"]);
  const long = await read(`${"k".repeat(90)}\n7\n`, "keys.txt");
  expect([1, 2].map(long.requests.nameOf)).toEqual([`${"k".repeat(48)}…`, "7"]);
});

test("a command for many keys names each", async () => {
  const keys = Array.from({ length: 9000 }, (_, i) => `"key:${i}"`).join(" ");
  const { requests } = await read(`1.0 [0 1.2.3.4:5] "MGET" ${keys}\n`, "monitor.txt");
  expect(requests.count).toBe(9000);
  expect([1, 4097, 9000].map(requests.nameOf)).toEqual(["key:0", "key:4096", "key:8999"]);
});

describe("what is wrong is told with its place", () => {
  const csv = "time,key,size\n1,a,10\n2,b,many\n3,a,10\n";

  test("a broken line, unless broken records are left out", async () => {
    expect(await failure(read(csv, "a.csv"))).toBe(
      'TraceError: a.csv, line 3: the size "many" is not a number (“leave broken records out” skips such records)',
    );
    const { requests, notes } = await read(csv, "a.csv", { skipsBad: true });
    expect(requests.count).toBe(2);
    expect(notes[1]).toBe(
      '1 broken record left out; the first: a.csv, line 3: the size "many" is not a number.',
    );
  });

  test("a broken record of a binary trace", async () => {
    const { bytes } = TRACE_SAMPLES.find(({ format }) => format === "oracleGeneral")!;
    const cut = read(bytes.subarray(0, bytes.length - 3), "t.oracleGeneral", { format: "oracleGeneral" });
    expect(await failure(cut)).toMatch(
      /^TraceError: t.oracleGeneral, record [0-9]+ \(byte [0-9]+\): the trace ends within the record, after 21 of 24 bytes/,
    );
  });

  for (const [name, content, message] of [
    ["empty.txt", "", "empty.txt: the trace is empty"],
    [
      "page.html",
      "<!doctype html>\n<html><body>Hello</body></html>\n",
      "page.html: this is not a trace, but",
    ],
    ["data.json", '{"a": 1}\n', "data.json: this is not a trace, but"],
    [
      "picture.png",
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13),
      "picture.png: this is not a trace, but",
    ],
    [
      "a.xz",
      Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2),
      "a.xz: this is xz data, which a browser cannot unpack",
    ],
    ["a.gz", gzipSync(csv.repeat(50)).subarray(0, 40), "a.gz: the gzip data is cut off"],
  ] as const) {
    test(name, async () => {
      expect(await failure(read(content, name))).toStartWith(`TraceError: ${message}`);
    });
  }
});

test("messages name the page's fields, not the command line's options", async () => {
  expect(await failure(read("5;x;9\n6;y;9\n", "a.csv"))).toContain("“columns” key=");
  expect(await failure(read(Uint8Array.of(0, 1, 2, 3, 4), "a"))).toContain(
    "give it with “format”: recording,",
  );
  expect(await failure(read("a\n", "a", { format: "ksy" }))).toContain('unknown trace format "ksy"');
});

describe("zstd without the runtime's help", () => {
  const lines = Array.from({ length: 60_000 }, (_, i) => `key:${(i * 7919) % 1013}`).join("\n");
  const packed = zstdCompressSync(lines);

  async function unpacked(bytes: Uint8Array, piece: number): Promise<string> {
    const pieces = (async function* () {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    })();
    const parts: Uint8Array[] = [];
    const chunks = await unpack(pieces, "zstd", "a.zst");
    for (;;) {
      const { value, done } = await chunks.next();
      if (done === true) return Buffer.concat(parts).toString();
      parts.push(value);
    }
  }

  for (const piece of [1, 977, 2 ** 20]) {
    test(`in pieces of ${piece} bytes`, async () => {
      expect((await unpacked(packed, piece)) === lines).toBe(true);
      const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9);
      const frames = Buffer.concat([skippable, packed, packed]);
      expect((await unpacked(frames, piece)) === lines + lines).toBe(true);
    });
  }

  test("what is cut off or broken", async () => {
    for (const length of [5, 100, packed.length - 1]) {
      expect(await failure(unpacked(packed.subarray(0, length), 64))).toBe(
        "TraceError: a.zst: the zstd data is cut off",
      );
    }
    const broken = Buffer.from(packed);
    broken.fill(0xff, 6, 40);
    expect(await failure(unpacked(broken, 64))).toStartWith("TraceError: a.zst: the zstd data is broken: ");
  });
});

describe("of what is too long, the beginning is taken", () => {
  test("requests and keys have a limit", async () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i % 9000}`).join("\n");
    const short = await read(keys, "keys.txt", { limits: { requests: 10_000, objects: 9000 } });
    expect([short.requests.count, short.requests.workingSet.objects]).toEqual([10_000, 9000]);
    expect(short.notes.at(-1)).toBe("The first 10,000 requests were taken: this page replays no more.");
    const few = await read(keys, "keys.txt", { limits: { requests: 20_000, objects: 8999 } });
    expect([few.requests.count, few.requests.workingSet.objects]).toEqual([8999, 8999]);
    expect(few.notes.at(-1)).toBe(
      "The first 8,999 requests were taken: they have 8,999 keys, and this page replays no more.",
    );
    const whole = await read(keys, "keys.txt", { limits: { requests: 20_000, objects: 9000 } });
    expect([whole.requests.count, whole.notes.length]).toEqual([20_000, 1]);
  });

  test("a file of 100 MB", async () => {
    const part = Uint8Array.from(
      Buffer.from(Array.from({ length: 100_000 }, (_, i) => `k${1e8 + i}\n`).join("")),
    );
    const told: number[] = [];
    const { requests, notes } = await read(Array<Uint8Array<ArrayBuffer>>(96).fill(part), "large.txt", {
      told,
    });
    expect(part.length * 96).toBeGreaterThan(100e6);
    expect(requests.count).toBe(REQUESTS_LIMIT);
    expect(notes.at(-1)).toBe("The first 2,000,000 requests were taken: this page replays no more.");
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    // The rest is not read.
    expect(told.at(-1)).toBeLessThan(0.3);
  });
});
