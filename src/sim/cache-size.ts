import { parseSize } from "../lib/quantity.ts";
import { type SizeUnit, SLOT_LIMIT } from "../replay/simulated-cache.ts";
import type { WorkingSet } from "./working-set.ts";

/** A requested cache size: a number of entries, a number of bytes, or a share of the working set. */
export interface CacheSize {
  readonly kind: SizeUnit | "share";
  /** Entries, bytes, or a share from 0 to 1. */
  readonly amount: number;
}

/**
 * Sizes from the range where everything misses to the range where little does, evenly spaced on a logarithmic scale.
 */
export const DEFAULT_SIZES = "0.1%,0.2%,0.5%,1%,2%,5%,10%,20%,50%";

/** Preferred numbers, twenty per power of ten (ISO 3, R20); `DEFAULT_SIZES` are among them. */
const PREFERRED = [
  1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9,
];

/** The sizes of a smooth curve, from 0.01 % to 100 %, for methods in which more sizes cost nothing. */
export const CURVE_SIZES = [0.01, 0.1, 1, 10]
  .flatMap((power) => PREFERRED.map((number) => `${Number((number * power).toPrecision(3))}%`))
  .concat("100%")
  .join(",");

/** Up to this number the sums of policies are exact. */
const BYTES_LIMIT = 2 ** 52;

/**
 * Reads sizes from a text such as `0.1%,1%,1000,64mb`: a bare number is entries, a number with a unit is bytes, a
 * percentage is a share of the working set.
 * @throws RangeError naming the part that is not a size
 */
export function parseCacheSizes(text: string): CacheSize[] {
  return text.split(",").map((part) => parseCacheSize(part.trim()));
}

function parseCacheSize(text: string): CacheSize {
  const percent = /^([0-9]+(?:\.[0-9]+)?)\s*%$/.exec(text);
  if (percent !== null) {
    const share = Number(percent[1]) / 100;
    if (share === 0) throw new RangeError(`"${text}": a cache of no size holds nothing`);
    if (share > 1) throw new RangeError(`"${text}": no cache needs more than 100% of the working set`);
    return { kind: "share", amount: share };
  }
  if (/^[0-9]+$/.test(text)) {
    const entries = Number(text);
    if (entries === 0) throw new RangeError(`"${text}": a cache of no size holds nothing`);
    if (entries > SLOT_LIMIT) {
      throw new RangeError(`"${text}": a cache has ${SLOT_LIMIT.toLocaleString("en")} entries at most`);
    }
    return { kind: "entries", amount: entries };
  }
  const bytes = /[a-z]$/i.test(text) ? readBytes(text) : Number.NaN;
  if (Number.isNaN(bytes)) {
    throw new RangeError(`"${text}" is not a size: entries as 1000, bytes as 64mb, or a share as 1%`);
  }
  if (bytes < 1) throw new RangeError(`"${text}": a cache of no size holds nothing`);
  if (bytes > BYTES_LIMIT) throw new RangeError(`"${text}" is more than a cache can have: 4 PiB`);
  return { kind: "bytes", amount: bytes };
}

function readBytes(text: string): number {
  try {
    return parseSize(text);
  } catch {
    return Number.NaN;
  }
}

/** A size in the form that a simulation needs. */
export interface ResolvedSize {
  readonly capacity: number;
  readonly unit: SizeUnit;
  readonly maxEntries: number;
}

/**
 * Above this number of entries, memory is allocated only for objects that exist. That needs a pass over the trace.
 */
const UNSEEN_ENTRIES_LIMIT = 2 ** 24;

/** Tells whether the working set must be known to resolve this size. */
export function needsWorkingSet({ kind, amount }: CacheSize): boolean {
  return kind !== "entries" || amount > UNSEEN_ENTRIES_LIMIT;
}

/** Returns the capacity of a cache of this size for a known working set; at least 1. */
export function capacityOf(
  { kind, amount }: CacheSize,
  { objects, bytes, hasSizes }: Pick<WorkingSet, "objects" | "bytes" | "hasSizes">,
): { capacity: number; unit: SizeUnit } {
  if (kind !== "share") return { capacity: amount, unit: kind };
  const unit = hasSizes ? "bytes" : "entries";
  return { capacity: Math.max(1, Math.floor((hasSizes ? bytes : objects) * amount)), unit };
}

/**
 * Resolves a size. A share is of the bytes, or of the objects if all sizes are 1 (because they are ignored, or the
 * trace has none); it is rounded down, and at least one.
 * @param workingSet must be given if `needsWorkingSet` is true
 */
export function resolveSize(size: CacheSize, workingSet: WorkingSet | undefined): ResolvedSize {
  if (workingSet === undefined) return { capacity: size.amount, unit: "entries", maxEntries: size.amount };
  const { capacity, unit } = capacityOf(size, workingSet);
  const maxEntries =
    unit === "entries"
      ? Math.min(capacity, workingSet.objects)
      : Math.max(1, workingSet.entriesWithin(capacity));
  return { capacity, unit, maxEntries };
}

/** Removes duplicates: different shares of a small working set may resolve to the same size. */
export function distinctSizes<T extends { capacity: number; unit: SizeUnit }>(sizes: readonly T[]): T[] {
  const seen = new Set<string>();
  return sizes.filter(({ capacity, unit }) => {
    const text = `${capacity} ${unit}`;
    return !seen.has(text) && seen.add(text) !== undefined;
  });
}
