import { EXTENT_HEADER_BYTES, LONG_HEADER_BYTES } from "./entry-layout.ts";
import type { SizeClasses } from "./size-classes.ts";

/** Room left unused in a chunk that is not worth another chunk: either of these. */
const TOLERATED_WASTE_BYTES = 32;
const TOLERATED_WASTE_SHARE = 1 / 16;

/**
 * Which chunks an entry of a given size consists of, in order: runs of `counts[i]` chunks of class `classes[i]`.
 * The plan follows from the sizes alone, so it is worked out afresh whenever an entry's chain has to be known.
 * An object to be reused: planning allocates nothing.
 */
export class ChainPlan {
  readonly classes = new Int32Array(16);
  readonly counts = new Int32Array(16);
  /** Runs of chunks. */
  runs = 0;
  /** Bytes of all chunks: what the entry is charged. */
  bytes = 0;
  /** More than one chunk. */
  hasExtents = false;
}

/**
 * Plans the chunks of an entry: one chunk where a class fits well; else whole pages while a page is filled, then
 * the smallest class that fits the rest if it wastes little, else the largest that the rest fills.
 * @param payloadBytes key and value together
 * @param headerBytes what the header takes where there are no extents
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

/** The plan of a single chunk. */
export function planChunk(plan: ChainPlan, sizes: SizeClasses, sizeClass: number): void {
  plan.runs = 0;
  plan.bytes = 0;
  plan.hasExtents = false;
  addRun(plan, sizeClass, 1, sizes.chunkBytes[sizeClass]!);
}

/** Pages that a plan takes where nothing else shares them. */
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
