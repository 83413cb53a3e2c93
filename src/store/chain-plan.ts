import { EXTENT_HEADER_BYTES, LONG_HEADER_BYTES } from "./entry-layout.ts";
import type { SizeClasses } from "./size-classes.ts";

/** A chunk may leave this much room unused, in bytes or as a share, before another chunk is worth taking. */
const TOLERATED_WASTE_BYTES = 32;
const TOLERATED_WASTE_SHARE = 1 / 16;

/**
 * The chunks of an entry of a given size, in order: runs of `counts[i]` chunks of class `classes[i]`. The plan
 * follows from the sizes alone, so nothing stores it; it is computed again when an entry's chain must be known. The
 * object is reused: planning allocates nothing.
 */
export class ChainPlan {
  readonly classes = new Int32Array(16);
  readonly counts = new Int32Array(16);
  /** The number of runs. */
  runs = 0;
  /** Bytes of all chunks: the size that the entry is charged for. */
  bytes = 0;
  /** Whether there is more than one chunk. */
  hasExtents = false;
}

/**
 * Plans the chunks of an entry. If a single chunk fits well, that is the plan. Otherwise the plan takes whole pages
 * as long as the rest fills one. The remainder goes to the smallest class that holds it with little waste, else to
 * the largest class that it fills.
 * @param payloadBytes key, argument and value together
 * @param headerBytes the size of the header in an entry without extents
 */
export function planChain(
  plan: ChainPlan,
  sizes: SizeClasses,
  payloadBytes: number,
  headerBytes: number,
): void {
  const { chunkBytes, pageBytes } = sizes;
  plan.runs = 0;
  plan.bytes = 0;
  const single = headerBytes + payloadBytes;
  let rest = Math.max(headerBytes, LONG_HEADER_BYTES) + payloadBytes;
  let first = sizes.count - 1;
  if (single <= pageBytes) {
    const sizeClass = smallestFor(sizes, single);
    const bytes = chunkBytes[sizeClass]!;
    if (fitsWell(bytes, single)) {
      plan.hasExtents = false;
      addRun(plan, sizeClass, 1, bytes);
      return;
    }
    first = sizeClass - 1;
  }
  plan.hasExtents = true;
  addRun(plan, first, 1, chunkBytes[first]!);
  rest -= chunkBytes[first]!;
  const perPage = pageBytes - EXTENT_HEADER_BYTES;
  if (rest >= perPage) {
    const pages = Math.floor(rest / perPage);
    addRun(plan, sizes.count - 1, pages, pageBytes);
    rest -= pages * perPage;
  }
  while (rest > 0) {
    const needed = rest + EXTENT_HEADER_BYTES;
    let sizeClass = smallestFor(sizes, needed);
    if (sizeClass > 0 && !fitsWell(chunkBytes[sizeClass]!, needed)) sizeClass--;
    addRun(plan, sizeClass, 1, chunkBytes[sizeClass]!);
    rest -= chunkBytes[sizeClass]! - EXTENT_HEADER_BYTES;
  }
}

/** Plans a single chunk. */
export function planChunk(plan: ChainPlan, sizes: SizeClasses, sizeClass: number): void {
  plan.runs = 0;
  plan.bytes = 0;
  plan.hasExtents = false;
  addRun(plan, sizeClass, 1, sizes.chunkBytes[sizeClass]!);
}

/** Returns the pages that a plan takes if nothing else shares them. */
export function pagesOfPlan(plan: ChainPlan, sizes: SizeClasses): number {
  let pages = 0;
  for (let run = 0; run < plan.runs; run++) {
    pages += Math.ceil(plan.counts[run]! / sizes.chunksPerPage[plan.classes[run]!]!);
  }
  return pages;
}

/** Whether two plans consist of the same chunks. */
export function samePlan(a: ChainPlan, b: ChainPlan): boolean {
  if (a.runs !== b.runs || a.hasExtents !== b.hasExtents) return false;
  for (let run = 0; run < a.runs; run++) {
    if (a.classes[run] !== b.classes[run] || a.counts[run] !== b.counts[run]) return false;
  }
  return true;
}

function smallestFor(sizes: SizeClasses, bytes: number): number {
  return sizes.smallestFor[(bytes + 7) >> 3]!;
}

function fitsWell(chunkBytes: number, needed: number): boolean {
  const waste = chunkBytes - needed;
  return waste <= TOLERATED_WASTE_BYTES || waste <= chunkBytes * TOLERATED_WASTE_SHARE;
}

function addRun(plan: ChainPlan, sizeClass: number, count: number, chunkBytes: number): void {
  plan.bytes += count * chunkBytes;
  if (plan.runs > 0 && plan.classes[plan.runs - 1] === sizeClass) {
    plan.counts[plan.runs - 1]! += count;
    return;
  }
  plan.classes[plan.runs] = sizeClass;
  plan.counts[plan.runs] = count;
  plan.runs++;
}
