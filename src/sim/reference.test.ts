/**
 * Replays real traces through the whole simulator, all policies and sizes in one run, on one thread and on several,
 * and compares the misses with libCacheSim's counts. These are in `../shared` beside the repository; its README
 * describes the format and the parameters.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePolicy } from "../policy/registry.ts";
import { RecordBatch, type RecordSource } from "../replay/records.ts";
import { parseCacheSizes } from "./cache-size.ts";
import { type RunResult, run } from "./runner.ts";

const shared = join(import.meta.dir, "../../../shared");
const isThere = existsSync(join(shared, "reference/miss-counts.tsv"));

/** The reference's name of a policy, our name, and whether the misses must be equal. */
const POLICIES: Record<string, readonly [policy: string, isExact: boolean]> = {
  FIFO: ["fifo", true],
  LRU: ["lru", true],
  Clock: ["clock", true],
  Sieve: ["sieve", true],
  ARC: ["arc", true],
  Belady: ["belady", true],
  "S3FIFO-0.1000-2": ["s3-fifo", false],
  LFU: ["lfu", false],
  TwoQ: ["2q", false],
  LIRS: ["lirs", false],
  "WTinyLFU-w0.01-SLRU": ["w-tinylfu", false],
};

/** Percentage points. */
const TOLERANCE = 0.3;

/** Differences beyond the tolerance; docs/POLICIES.md gives the reason. */
const DOCUMENTED = new Set(["WTinyLFU-w0.01-SLRU, 7634 entries of orm-busy"]);

interface Reference {
  readonly name: string;
  readonly trace: string;
  readonly size: number;
  readonly policy: string;
  readonly requests: number;
  readonly misses: number;
}

const references: Reference[] = isThere
  ? readFileSync(join(shared, "reference/miss-counts.tsv"), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => {
        const [trace = "", requests, , size, policy = "", , misses] = line.split("\t");
        const name = `${policy}, ${size} entries of ${trace}`;
        return {
          name,
          trace,
          policy,
          size: Number(size),
          requests: Number(requests),
          misses: Number(misses),
        };
      })
  : [];

const RECORD_WORDS = 6;

/** Reads the one format of these traces, so that this test depends on the simulator only. */
function oracleGeneral(name: string): RecordSource {
  return {
    name,
    hasSizes: true,
    isRepeatable: true,
    extent: undefined,
    async read(consume) {
      const bytes = Bun.zstdDecompressSync(readFileSync(join(shared, "traces", `${name}.oracleGeneral.zst`)));
      const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const records = words.length / RECORD_WORDS;
      const batch = new RecordBatch();
      for (let from = 0; from < records; from += batch.count) {
        batch.count = Math.min(batch.capacity, records - from);
        for (let i = 0; i < batch.count; i++) {
          const at = (from + i) * RECORD_WORDS;
          batch.timeMs[i] = words[at]! * 1000;
          batch.keyLow[i] = words[at + 1]!;
          batch.keyHigh[i] = words[at + 2]!;
          batch.size[i] = words[at + 3]!;
        }
        if (!(await consume(batch))) return;
      }
    },
  };
}

function simulate(trace: string, policies: readonly string[], threads: number): Promise<RunResult> {
  return run({
    source: oracleGeneral(trace),
    policies: policies.map(parsePolicy),
    // The reference's sizes: shares of the objects, rounded down.
    sizes: parseCacheSizes("1%,10%"),
    ignoresSizes: true,
    writes: "store",
    counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
    seed: 1,
    isChecked: true,
    threads,
  });
}

if (!isThere)
  test.skip("misses on real traces: needs ../shared, which is not part of the repository", () => {});

describe.skipIf(!isThere)("misses on real traces, as in ../shared/reference", () => {
  const policies = Object.values(POLICIES).map(([policy]) => policy);

  test.each(["web12", "orm-busy"])(
    "%s",
    async (trace) => {
      const { rows, objects } = await simulate(trace, policies, 2);
      const expected = references.filter((reference) => reference.trace === trace);
      expect(expected.length).toBe(2 * policies.length);
      const different: string[] = [];
      for (const { name, policy, size, requests, misses } of expected) {
        const [ours, isExact] = POLICIES[policy]!;
        const row = rows.find((row) => row.policy === ours && row.size === size)!;
        expect({ name, requests: row.requests, unit: row.sizeUnit }).toEqual({
          name,
          requests,
          unit: "entries",
        });
        const points = (100 * Math.abs(row.misses - misses)) / requests;
        if (isExact ? row.misses !== misses : points > TOLERANCE && !DOCUMENTED.has(name)) {
          different.push(`${name}: ${row.misses}, and ${misses} there`);
        }
      }
      expect(different).toEqual([]);
      expect(objects).toBe(trace === "web12" ? 13_756 : 76_349);
    },
    120_000,
  );

  test("threads make no difference", async () => {
    const all = [...policies, "random", "hyperbolic", "gdsf", "slru", "car", "lru-k", "belady-size"];
    const counts = ({ rows }: RunResult) => rows.map((row) => ({ ...row, seconds: 0 }));
    const one = counts(await simulate("web12", all, 1));
    expect(counts(await simulate("web12", all, 3))).toEqual(one);
  }, 60_000);
});
