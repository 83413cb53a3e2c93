import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { TraceError } from "../replay/records.ts";
import { KeyFamilies } from "./key-families.ts";
import { openSource, type Skipped } from "./source.ts";
import { keyOf, readAll, record } from "./trace/trace-samples-fixture.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "glasscache-source-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

async function* stream(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => `key:${i % 1000}\n`).join("");
}

describe("a file", () => {
  test("can be read any number of times, and reports progress", async () => {
    const path = file("keys.txt", lines(40_000));
    const source = await openSource(path);
    expect(source).toMatchObject({
      name: path,
      hasSizes: false,
      isRepeatable: true,
      extent: lines(40_000).length,
    });
    for (let pass = 0; pass < 2; pass++) {
      let records = 0;
      const told: number[] = [];
      await source.read(
        (batch) => {
          records += batch.count;
          return true;
        },
        (done) => told.push(done),
      );
      expect(records).toBe(40_000);
      expect(told.at(-1)).toBe(source.extent!);
      expect(told).toEqual([...told].sort((a, b) => a - b));
    }
  });

  test("stops as soon as the consumer does", async () => {
    const source = await openSource(file("many.txt.gz", gzipSync(lines(200_000))));
    let batches = 0;
    await source.read(() => ++batches < 2);
    expect(batches).toBe(2);
  });

  test("is read no further than its limit", async () => {
    const source = await openSource(file("limit.txt", lines(50_000)), { limit: 20_000 });
    expect(source.extent).toBe(20_000);
    const told: number[] = [];
    let records = 0;
    await source.read(
      (batch) => {
        records += batch.count;
        return true;
      },
      (done) => told.push(done),
    );
    expect(records).toBe(20_000);
    expect(told.at(-1)).toBe(20_000);
    expect((await readAll(await openSource("zipf(n=10,requests=500)", { limit: 7 }))).length).toBe(7);
    await expect(openSource("x", { limit: 0 })).rejects.toThrow(
      new RangeError("the limit must be a whole number of records from 1, not 0"),
    );
  });

  test("is preferred to a generator of the same name", async () => {
    const before = process.cwd();
    process.chdir(directory);
    try {
      file("zipf(n=3)", "one\ntwo\n");
      expect((await readAll(await openSource("zipf(n=3)"))).length).toBe(2);
    } finally {
      process.chdir(before);
    }
  });

  test("says whether it has sizes", async () => {
    const sized = async (name: string, text: string, columns?: string): Promise<boolean> =>
      (await openSource(file(name, text), { columns })).hasSizes;
    expect(await sized("a.csv", "key,size\na,1\n")).toBe(true);
    expect(await sized("b.csv", "key,time\na,1\n")).toBe(false);
    expect(await sized("c.csv", "a,1\n", "key=1,size=2")).toBe(true);
    expect(await sized("d.csv", "# key ; time ; obj_size\na;1;5\n")).toBe(true);
  });
});

describe("a table", () => {
  const read = async (text: string, columns?: string, name = "t.csv") =>
    readAll(await openSource(file(name, text), { columns }));

  test("is understood with and without a header, by number and by name", async () => {
    const expected = [record("a", { size: 5, timeMs: 1000 }), record("b", { size: 6, timeMs: 2000 })];
    expect(await read("time,key,size\n1,a,5\n2,b,6\n")).toEqual(expected);
    expect(await read("Timestamp;Object_ID;Bytes\n1;a;5\n2;b;6")).toEqual(expected);
    expect(await read("\uFEFF# time\tkey\tsize\r\n1\ta\t5\r\n2\tb\t6\r\n", undefined, "t.tsv")).toEqual(
      expected,
    );
    expect(await read("1,a,5\n2,b,6\n", "time=1,key=2,size=3")).toEqual(expected);
    expect(await read("when,who,much\n1,a,5\n2,b,6\n", "time=1,key=2,size=3")).toEqual(expected);
    expect(await read("when,who,much\n1,a,5\n2,b,6\n", "time=WHEN,key=who,size=much")).toEqual(expected);
    expect(
      await read("when|who|much\n1000|a|5\n2000|b|6\n", "time-ms=when,key=who,size=much", "t.log"),
    ).toEqual(expected);
  });

  test("may hold dates, unusual units and single columns", async () => {
    expect(await read("time,key\n1970-01-01T00:00:02Z,a\n")).toEqual([record("a", { timeMs: 2000 })]);
    expect(await read("k,us,ttl\na,1500,250\n", "key=k,time-us=us,ttl-ms=ttl")).toEqual([
      record("a", { timeMs: 1.5, ttlMs: 250 }),
    ]);
    expect(await read("a\nb\n")).toEqual([record("a"), record("b")]);
    expect(await read('key\n"a,b"\n')).toEqual([record("a,b")]);
  });
});

describe("standard input", () => {
  test("can be read once", async () => {
    const source = await openSource("-", { standardInput: stream("a\nb", "c\n") });
    expect(source).toMatchObject({ name: "standard input", isRepeatable: false, extent: undefined });
    expect(await readAll(source)).toEqual([record("a"), record("bc")]);
    await expect(readAll(source)).rejects.toThrow(new TraceError("standard input: it can be read only once"));
  });

  test("stops as soon as it has the requested records, however few they are", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 120; i++) yield Buffer.from(`1.5 [0 127.0.0.1:1] "get" "key${i}"\n`);
      await new Promise(() => {});
    }
    const source = await openSource("-", { standardInput: endless(), limit: 110 });
    expect((await readAll(source)).length).toBe(110);
  });

  test("passes requests on as they arrive, before its end", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield Buffer.from(lines(1000));
        await promise;
      }
    }
    resolve();
    const source = await openSource("-", { standardInput: endless(), limit: 20_000 });
    expect((await readAll(source)).length).toBe(20_000);
  });
});

describe("a source that cannot be read", () => {
  const refuses = async (path: string, message: string, options = {}): Promise<void> => {
    const reading = async (): Promise<unknown> => readAll(await openSource(path, options));
    await expect(reading()).rejects.toThrow(new TraceError(message));
  };

  test("is reported in one line that names the file", async () => {
    const missing = join(directory, "missing.txt");
    await refuses(missing, `${missing}: there is no such file`);
    await refuses(directory, `${directory}: this is a directory, not a trace`);
    const empty = file("empty.txt", "");
    await refuses(empty, `${empty}: the trace is empty`);
    const emptyGzip = file("empty.gz", gzipSync(""));
    await refuses(emptyGzip, `${emptyGzip}: the trace is empty`);
    const blank = file("blank.txt", "\n\n");
    await refuses(blank, `${blank}: there is no request in it`);
    const header = file("header.csv", "key,size\n");
    await refuses(header, `${header}: there is no request in it`);
    const broken = file("broken.lis", "x\n");
    await refuses(
      broken,
      `${broken}: there are only broken requests in it; the first: ${broken}, line 1: "x" is not a block number`,
      { format: "lirs", skipBad: true },
    );
    const noise = file(
      "noise",
      Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) % 251),
    );
    await refuses(
      noise,
      `${noise}: its format cannot be detected from its content, which is not text; give it with --format: recording, ` +
        "lcs, vscsi, oracleGeneral, monitor, access-log, twitter, w3c, spc, msr, meta-kv, meta-cdn, wiki, arc, lirs, " +
        "csv, keys, bin32le, bin32be, bin64le, bin64be",
    );
    const oracle = file("t.oracleGeneral", Buffer.alloc(24, 1));
    await refuses(oracle, `${oracle}: columns were given, but it is not a table: it is oracleGeneral`, {
      columns: "key=1",
    });
  });

  test("is the caller's mistake", async () => {
    await expect(openSource("-", { format: "parquet" })).rejects.toThrow(RangeError);
    await expect(openSource("-", { format: "lirs", columns: "key=1" })).rejects.toThrow(
      new RangeError("columns can be given for a table (csv), not for lirs"),
    );
    await expect(openSource("nothing(n=1)")).rejects.toThrow('unknown workload "nothing"');
  });

  test("is no compressed data that only begins like it", async () => {
    expect((await readAll(await openSource(file("text.txt", "BZh9-a-key\n")))).length).toBe(1);
  });

  test("is compressed data that is cut off or broken", async () => {
    const text = Array.from({ length: 30_000 }, (_, i) => `${(i * 7919) % 65_537}\n`).join("");
    for (const [kind, packed] of [
      ["gzip", gzipSync(text)],
      ["zstd", zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
    ] as const) {
      for (const share of [0.2, 0.9]) {
        const cut = file(`cut-${share}.${kind}`, packed.subarray(0, Math.floor(packed.length * share)));
        await refuses(cut, `${cut}: the ${kind} data is cut off`);
      }
      const last = file(`last.${kind}`, packed.subarray(0, -1));
      await refuses(last, `${last}: the ${kind} data is cut off`);
      const damaged = file(
        `damaged.${kind}`,
        packed.map((byte, i) => (i > 1000 && i < 1100 ? 0xff : byte)),
      );
      const reading = async (): Promise<unknown> => readAll(await openSource(damaged));
      await expect(reading()).rejects.toThrow(`${damaged}: the ${kind} data is broken: `);
    }
  });
});

describe.skipIf(Bun.which("xz") === null)("data that the system's xz unpacks", () => {
  const text = Array.from({ length: 100_000 }, (_, i) => `${(i * 7919) % 65_537}\n`).join("");
  const xz = (content: string): Uint8Array => new Uint8Array(execFileSync("xz", ["-c"], { input: content }));

  test("comes from a file any number of times, from standard input, and stops as soon as the consumer does", async () => {
    const packed = xz(text);
    const source = await openSource(file("keys.txt.xz", packed));
    const plain = await readAll(await openSource(file("keys.txt", text)));
    for (let pass = 0; pass < 2; pass++) expect(await readAll(source)).toEqual(plain);
    expect(await readAll(await openSource("-", { standardInput: stream(packed) }))).toEqual(plain);
    expect((await readAll(await openSource(file("keys.txt.xz", packed), { limit: 5 }))).length).toBe(5);
  });

  test("has a format that its name gives, whatever compresses it", async () => {
    const source = await openSource(file("a.lis.xz", xz("1 1 0 7\n2 1 0 1\n")));
    expect(source.interpretation?.description).toStartWith("arc");
  });

  test("is reported as broken or cut off", async () => {
    const packed = xz(text);
    const cut = file("cut.xz", packed.subarray(0, packed.length / 2));
    const damaged = file(
      "damaged.xz",
      packed.map((byte, i) => (i > 1000 && i < 1100 ? 0xff : byte)),
    );
    for (const path of [cut, damaged]) {
      await expect((async () => readAll(await openSource(path)))()).rejects.toThrow(
        `${path}: the xz data is cut off or broken: xz: `,
      );
    }
  });
});

test("records left out are reported after each reading", async () => {
  const told: Skipped[] = [];
  const path = file("some.lirs", "1\nx\n2\ny\n");
  const source = await openSource(path, {
    format: "lirs",
    skipBad: true,
    onSkipped: (skipped) => told.push(skipped),
  });
  for (let pass = 1; pass <= 2; pass++) {
    expect((await readAll(source)).length).toBe(2);
    expect(told.length).toBe(pass);
    expect(told.at(-1)).toMatchObject({
      bad: 2,
      firstBad: `${path}, line 2: "x" is not a block number`,
      ignored: 0,
    });
  }
});

test("families have the same numbers in every reading", async () => {
  const families = new KeyFamilies();
  const source = await openSource(file("families.txt", "b:1\na:1\nb:2\n"), { families });
  const numbers: number[][] = [];
  for (let pass = 0; pass < 2; pass++) {
    await source.read((batch) => {
      numbers.push([...batch.family.subarray(0, batch.count)]);
      return true;
    });
  }
  expect(numbers[0]!.map((number) => families.name(number))).toEqual(["b", "a", "b"]);
  expect(numbers[1]).toEqual(numbers[0]!);
});

test("memory stays the same however long the trace is", async () => {
  const piece = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `user:${i}:profile\n`).join(""));
  const packed = gzipSync(piece);
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield packed;
  }
  const source = await openSource("-", { standardInput: endless(), limit: 4_000_000 });
  let records = 0;
  let base = 0;
  let most = 0;
  await source.read((batch) => {
    records += batch.count;
    if (records > 500_000 && records % (16_384 * 20) === 0) {
      Bun.gc(true);
      const { rss } = process.memoryUsage();
      if (base === 0) base = rss;
      most = Math.max(most, rss);
    }
    return true;
  });
  expect(records).toBe(4_000_000);
  // 72 MB have been read.
  expect(most - base).toBeLessThan(24 * 1024 ** 2);
});

const traces = join(import.meta.dir, "../../../shared/traces");
const isThere = existsSync(traces);

describe.skipIf(!isThere)(
  `web12 in its three shapes${isThere ? "" : " (skipped: needs ../shared/traces)"}`,
  () => {
    test("is the same sequence of objects", async () => {
      const oracle = await openSource(join(traces, "web12.oracleGeneral.zst"));
      const keys = await openSource(join(traces, "web12.keys.txt.gz"));
      const piped = await openSource("-", {
        standardInput: Bun.file(join(traces, "web12.keys.txt.gz")).stream(),
      });
      const [first, second, third] = await Promise.all([oracle, keys, piped].map(sequence));
      expect(first!.length).toBe(95_607);
      expect(new Set(first).size).toBe(13_756);
      expect(second).toEqual(first!);
      expect(third).toEqual(first!);
    });
  },
);

/** Numbers objects in order of first appearance. */
async function sequence(source: Awaited<ReturnType<typeof openSource>>): Promise<number[]> {
  const numbers = new Map<bigint, number>();
  return (await readAll(source)).map(({ key }) => {
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
}

test("keys of texts are the same in every format", async () => {
  const plain = await readAll(await openSource(file("plain.txt", "user:1\n42\n")));
  const table = await readAll(await openSource(file("table.csv", 'key\n"user:1"\n42\n')));
  expect(table).toEqual(plain);
  expect(plain.map(({ key }) => key)).toEqual([keyOf("user:1"), 42n]);
});
