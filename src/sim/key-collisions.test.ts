import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { murmurCollisions } from "../lib/murmur-collisions-fixture.ts";
import { parsePolicy } from "../policy/registry.ts";
import { run } from "./runner.ts";
import { openSource } from "./source.ts";

const directory = mkdtempSync(join(tmpdir(), "glasscache-collisions-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** For each text format, a line that reads a key. The key has one character per byte. */
const LINES: Readonly<Record<string, (key: string) => string>> = {
  keys: (key) => key,
  csv: (key) => `1,${key},10,get,0`,
  twitter: (key) => `0,${key},128,10,12,get,0`,
};

describe.each(Object.keys(LINES))("keys of a trace of format %s that are chosen to collide", (format) => {
  test.each([8, 36_000])("are %d objects", async (count) => {
    const keys = murmurCollisions(count).map((key) => Buffer.from(key).toString("latin1"));
    const head = format === "csv" ? ["time,key,size,op,ttl"] : [];
    const path = join(directory, `${count}.${format}`);
    writeFileSync(path, [...head, ...keys.map(LINES[format]!), ""].join("\n"), "latin1");
    const { records, objects, rows } = await run({
      source: await openSource(path, { format }),
      policies: [parsePolicy("lru")],
      sizes: [{ kind: "entries", amount: count }],
      ignoresSizes: true,
      writes: "store",
      counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
      seed: 1,
      threads: 1,
    });
    expect({ records, objects, misses: rows[0]!.misses }).toEqual({
      records: count,
      objects: count,
      misses: count,
    });
  });
});
