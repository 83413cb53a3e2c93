import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePolicy } from "../registry.ts";

/**
 * Replays real traces and compares the misses with libCacheSim's counts (`../shared` beside the repository; its
 * `README.md` describes the formats and the parameters). Capacity is in entries.
 */
const shared = join(import.meta.dir, "../../../../shared");
const isThere = existsSync(join(shared, "reference/miss-counts.tsv"));

/** The reference's names of policies, and ours. */
const POLICIES: Record<string, string> = {
  FIFO: "fifo",
  LRU: "lru",
  Clock: "clock",
  Sieve: "sieve",
  "S3FIFO-0.1000-2": "s3-fifo(small=0.1,ghost=0.9)",
  ARC: "arc",
  LFU: "lfu",
  TwoQ: "2q(in=0.25,out=0.5)",
  LIRS: "lirs(hir=0.01)",
  Belady: "belady",
  "WTinyLFU-w0.01-SLRU": "w-tinylfu(window=0.01)",
};

/** Misses that differ from the reference; docs/POLICIES.md gives the reasons. */
const DIFFERENT: Record<string, number> = {
  "LIRS, 763 entries on orm-busy": 1_427_608,
  "LIRS, 7634 entries on orm-busy": 611_795,
  "LIRS, 137 entries on web12": 61_445,
  "LIRS, 1375 entries on web12": 28_518,
  "WTinyLFU-w0.01-SLRU, 763 entries on orm-busy": 2_020_993,
  "WTinyLFU-w0.01-SLRU, 7634 entries on orm-busy": 677_072,
  "WTinyLFU-w0.01-SLRU, 137 entries on web12": 60_555,
  "WTinyLFU-w0.01-SLRU, 1375 entries on web12": 28_107,
};

const RECORD_BYTES = 24;
const ID_AT_BYTE = 4;

interface Trace {
  /** Keys, numbered from 1 in order of appearance. */
  readonly keys: Uint32Array;
  readonly keyCount: number;
  /** The next request for the same key, `Infinity` if there is none. */
  readonly nextAccess: Float64Array;
}

function readTrace(name: string): Trace {
  const file = readFileSync(join(shared, "traces", `${name}.oracleGeneral.zst`));
  const bytes = Bun.zstdDecompressSync(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const keys = new Uint32Array(bytes.length / RECORD_BYTES);
  const numbers = new Map<bigint, number>();
  for (let i = 0; i < keys.length; i++) {
    const id = view.getBigUint64(i * RECORD_BYTES + ID_AT_BYTE, true);
    let key = numbers.get(id);
    if (key === undefined) {
      key = numbers.size + 1;
      numbers.set(id, key);
    }
    keys[i] = key;
  }
  const nextAccess = new Float64Array(keys.length);
  const upcoming = new Float64Array(numbers.size + 1).fill(Number.POSITIVE_INFINITY);
  for (let i = keys.length - 1; i >= 0; i--) {
    nextAccess[i] = upcoming[keys[i]!]!;
    upcoming[keys[i]!] = i;
  }
  return { keys, keyCount: numbers.size, nextAccess };
}

/** @returns the number of misses in a cache of `capacity` entries */
function countMisses({ keys, keyCount, nextAccess }: Trace, policyText: string, capacity: number): number {
  const { type, parameters } = parsePolicy(policyText);
  const slotOf = new Int32Array(keyCount + 1);
  const keyOf = new Uint32Array(capacity + 1);
  const nextOf = new Float64Array(capacity + 1);
  let now = 0;
  const policy = type.create(
    {
      words: new Int32Array((capacity + 1) * type.wordsPerSlot),
      stride: type.wordsPerSlot,
      offset: 0,
      state: new Int32Array(type.stateWords(capacity, parameters)),
      sums: new Float64Array(type.sums),
      capacity,
      maxEntries: capacity,
      weigh: () => 1,
      hashOf: (slot) => keyOf[slot]!,
      future: { now: () => now, nextAccess: (slot) => nextOf[slot]! },
      seed: 1,
    },
    parameters,
  );
  let used = 0;
  let misses = 0;
  for (; now < keys.length; now++) {
    const key = keys[now]!;
    let slot = slotOf[key]!;
    if (slot !== 0) {
      nextOf[slot] = nextAccess[now]!;
      policy.hit(slot);
      continue;
    }
    misses++;
    policy.miss(key);
    if (used === capacity) {
      slot = policy.evict(key);
      slotOf[keyOf[slot]!] = 0;
    } else {
      slot = ++used;
    }
    slotOf[key] = slot;
    keyOf[slot] = key;
    nextOf[slot] = nextAccess[now]!;
    policy.insert(slot, key);
  }
  policy.check();
  return misses;
}

if (!isThere)
  test.skip("misses on real traces: needs ../shared, which is not part of the repository", () => {});

describe.skipIf(!isThere)("misses on real traces, as in ../shared/reference", () => {
  const rows = isThere
    ? readFileSync(join(shared, "reference/miss-counts.tsv"), "utf8").trim().split("\n")
    : [];
  const cases = rows.slice(1).map((row) => {
    const [traceName = "", , , capacity, policy = "", , misses] = row.split("\t");
    const name = `${policy}, ${capacity} entries on ${traceName}`;
    return { name, traceName, capacity: Number(capacity), policy, misses: DIFFERENT[name] ?? Number(misses) };
  });
  const traces = new Map<string, Trace>();

  test.each(cases)(
    "$name",
    ({ traceName, capacity, policy, misses }) => {
      const trace = traces.get(traceName) ?? readTrace(traceName);
      traces.set(traceName, trace);
      expect(countMisses(trace, POLICIES[policy]!, capacity)).toBe(misses);
    },
    60_000,
  );
});
