import type { FamiliesReport } from "../view.ts";
import type { Decay } from "./decay.ts";
import { familyAdvice } from "./family-advice.ts";
import { type FamilyRows, OTHERS } from "./family-rows.ts";
import {
  FamilySums,
  FILLED_BYTES,
  FILLS,
  HITS,
  LEFT,
  LEFT_BYTES,
  REFILLS,
  REQUESTS,
  TTL_FILLS,
  TTL_MS,
  UNREAD_BYTES,
} from "./family-sums.ts";
import type { SampledEntries } from "./sampled-entries.ts";

const OTHERS_NAME = "(others)";

/** What a report is made of. */
export interface FamilySources {
  readonly rows: FamilyRows;
  readonly sums: FamilySums;
  readonly entries: SampledEntries;
  readonly requestDecay: Decay;
  readonly entryDecay: Decay;
}

/** The sampled entries of the families of a report, scaled up. */
interface Memory {
  readonly entries: Float64Array;
  readonly bytes: Float64Array;
  readonly totalBytes: number;
}

/** Reports on the families with the most requests, and on all other ones as `(others)`. */
export function reportFamilies(sources: FamilySources, count: number): FamiliesReport {
  const { rows, sums } = sources;
  const rest: number[] = [];
  rows.forEach((row) => {
    rest.push(row);
  });
  rest.sort((a, b) => sums.get(b, REQUESTS) - sums.get(a, REQUESTS) || a - b);
  const told = rest.splice(0, Math.max(0, count));
  const memory = memoryOf(sources, told);
  const families = told.map((row, at) => tell(sources, rows.nameOf(row), sums, row, memory, at));
  const others = new FamilySums(1);
  for (const row of [OTHERS, ...rest]) others.copy(row, 0, sums);
  const last = told.length;
  if (others.get(0, REQUESTS) > 0 || memory.entries[last]! > 0) {
    const { advice: _, ...figures } = tell(sources, OTHERS_NAME, others, 0, memory, last);
    families.push(figures);
  }
  return { families };
}

/** Adds up the entries of each of these rows, and of all other ones behind them. */
function memoryOf({ rows, entries }: FamilySources, told: readonly number[]): Memory {
  const places = new Int32Array(rows.capacity + 1).fill(told.length);
  told.forEach((row, at) => {
    places[row] = at;
  });
  const counts = new Float64Array(told.length + 1);
  const bytes = new Float64Array(told.length + 1);
  const weight = 1 / entries.rate;
  entries.forEach((reference, valueBytes) => {
    const at = places[rows.rowOfReference(reference)]!;
    counts[at]! += weight;
    bytes[at]! += weight * valueBytes;
  });
  return { entries: counts, bytes, totalBytes: bytes.reduce((sum, each) => sum + each, 0) };
}

function tell(
  { entries, requestDecay, entryDecay }: FamilySources,
  name: string,
  sums: FamilySums,
  row: number,
  memory: Memory,
  at: number,
): FamiliesReport["families"][number] {
  const requests = sums.get(row, REQUESTS);
  const fills = sums.get(row, FILLS);
  const left = sums.get(row, LEFT);
  const lastReads = sums.lastReads(row);
  const seen = (sum: number): number => entryDecay.present(sum) * entries.rate;
  const figures = {
    requestsPerSecond: requestDecay.perSecond(requests),
    hitRatio: ratio(sums.get(row, HITS), requests),
    memoryBytes: memory.bytes[at]!,
    entries: memory.entries[at]!,
    meanValueBytes: ratio(sums.get(row, FILLED_BYTES), fills),
    meanTtlMs: sums.get(row, TTL_FILLS) > 0 ? sums.get(row, TTL_MS) / sums.get(row, TTL_FILLS) : null,
    lastReadAfterMs: lastReads === undefined || lastReads.count === 0 ? null : lastReads.quantile(0.95),
    churnPerSecond: entryDecay.perSecond(left),
  };
  const advice = familyAdvice({
    ...figures,
    totalMemoryBytes: memory.totalBytes,
    refillRatio: ratio(sums.get(row, REFILLS), fills),
    unreadRatio: ratio(sums.get(row, UNREAD_BYTES), sums.get(row, LEFT_BYTES)),
    fillsSeen: seen(fills),
    leftSeen: seen(left),
  });
  return { name, ...figures, ...(advice === undefined ? {} : { advice }) };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
