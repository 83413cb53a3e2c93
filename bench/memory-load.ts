import { mix32 } from "../src/lib/hash.ts";
import { SeededRandom } from "../src/lib/random.ts";
import { ZipfSampler } from "../src/sim/workload/zipf.ts";
import { CacheClient } from "./cache-client.ts";
import type { ShiftSubject } from "./memory-subjects.ts";
import { residentBytes } from "./process-usage.ts";
import { keyOf, VALUE_BYTES } from "./wire.ts";

const LARGEST_BYTES = 100_000;
const SOURCE: Buffer = Buffer.alloc(LARGEST_BYTES, "x");
/** Overhead of an entry, at least that of every compared program. It determines how many keys are enough. */
const TYPICAL_OVERHEAD_BYTES = 60;
const KEY_BYTES = 20;
const BATCH = 100;

/** Sizes of values, as powers of ten. */
interface Phase {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

const PHASES: readonly Phase[] = [
  { name: "10 to 1,000 bytes", least: 1, most: 3 },
  { name: "1 to 100 kB", least: 3, most: 5 },
  { name: "10 bytes to 100 kB", least: 1, most: 5 },
];

/** All keys of a phase take four budgets. A phase writes three budgets; hits are counted in the last part of that. */
const KEYS_BUDGETS = 4;
const WRITTEN_BUDGETS = 3;
const COUNTED_PART: number = 1 / 3;

export interface ShiftResult {
  readonly phase: string;
  readonly hitRatio: number;
  readonly payloadShare: number;
  readonly lostShare: number | undefined;
  readonly residentShare: number;
}

/** Stores keys of equal size through one connection, and reads them through `reader` if that is a different one. */
export async function fillBatch(
  filler: CacheClient,
  reader: CacheClient,
  first: number,
  count: number,
): Promise<void> {
  const keys = Array.from({ length: count }, (_, index) => keyOf(first + index));
  await filler.set(
    keys,
    keys.map(() => VALUE_BYTES),
    SOURCE,
  );
  if (reader !== filler) await reader.get(keys);
}

/** Runs a cache through all phases. */
export async function shiftSizes(subject: ShiftSubject, budgetBytes: number): Promise<ShiftResult[]> {
  const client = await CacheClient.connect(subject.wire, subject.port);
  const idle = residentBytes(subject.pid);
  const results: ShiftResult[] = [];
  let most = 0;
  const keyCounts: number[] = [];
  for (const [index, phase] of PHASES.entries()) {
    const mean = meanBytes(phase) + KEY_BYTES + TYPICAL_OVERHEAD_BYTES;
    const keyCount = Math.ceil((KEYS_BUDGETS * budgetBytes) / mean);
    keyCounts.push(keyCount);
    const random = new SeededRandom(index + 1);
    const zipf = new ZipfSampler(keyCount, 0.9, random);
    const toWrite = WRITTEN_BUDGETS * budgetBytes;
    let asked = 0;
    let hits = 0;
    for (let written = 0; written < toWrite; ) {
      const ids = [...new Set(Array.from({ length: BATCH }, () => mix32(zipf.next()) % keyCount))];
      const found = await client.get(ids.map((id) => shiftKey(index, id)));
      const missed = ids.filter((_, at) => found[at] !== true);
      if (written >= toWrite * (1 - COUNTED_PART)) {
        asked += ids.length;
        hits += ids.length - missed.length;
      }
      const sizes = missed.map((id) => sizeOf(phase, id));
      await client.set(
        missed.map((id) => shiftKey(index, id)),
        sizes,
        SOURCE,
      );
      for (const size of sizes) written += size + KEY_BYTES;
      most = Math.max(most, residentBytes(subject.pid) - idle);
    }
    await subject.assertWithinBudget(budgetBytes);
    let payload = 0;
    let entries = 0;
    for await (const [phaseIndex, id] of subject.resident(client, keyCounts)) {
      payload += KEY_BYTES + sizeOf(PHASES[phaseIndex]!, id);
      entries++;
    }
    const overhead = await subject.overheadBytes(entries, payload);
    results.push({
      phase: phase.name,
      hitRatio: hits / asked,
      payloadShare: payload / budgetBytes,
      lostShare: overhead === undefined ? undefined : 1 - (payload + overhead) / budgetBytes,
      residentShare: most / budgetBytes,
    });
  }
  client.close();
  return results;
}

/** Returns a key of 20 bytes that contains its phase. */
export function shiftKey(phase: number, id: number): string {
  return `shift:${phase}:${String(id).padStart(12, "0")}`;
}

/** Returns the size of a key's value: always the same, spread evenly on a logarithmic scale. */
function sizeOf({ least, most }: Phase, id: number): number {
  const share = (mix32(id ^ 0x51ed_270b) >>> 0) / 2 ** 32;
  return Math.floor(10 ** (least + (most - least) * share));
}

function meanBytes({ least, most }: Phase): number {
  return (10 ** most - 10 ** least) / Math.log(10 ** (most - least));
}
