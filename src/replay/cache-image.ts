import { assert } from "../lib/assert.ts";
import type { ExpiryImage } from "./expiry-queue.ts";
import type { SimulatedCache } from "./simulated-cache.ts";

/** A copy of everything that a simulated cache and its policy remember. */
export interface CacheImage {
  readonly slotOf: Int32Array;
  readonly objectOf: Uint32Array;
  readonly weightOf: Float64Array | undefined;
  readonly nextOf: Float64Array;
  readonly words: Int32Array;
  readonly state: Int32Array;
  readonly sums: Float64Array;
  readonly resident: number;
  readonly slotsUsed: number;
  readonly freeSlot: number;
  readonly used: number;
  readonly now: number;
  /** undefined: no time to live had occurred. */
  readonly expiries: ExpiryImage | undefined;
}

/** Copies a cache. A policy's whole state is memory, so copies of it suffice. */
export function imageOf(cache: SimulatedCache): CacheImage {
  return {
    slotOf: cache.slotOf.slice(),
    objectOf: cache.objectOf.slice(),
    weightOf: cache.weightOf?.slice(),
    nextOf: cache.nextOf.slice(),
    words: cache.words.slice(),
    state: cache.state.slice(),
    sums: cache.sums.slice(),
    resident: cache.resident,
    slotsUsed: cache.slotsUsed,
    freeSlot: cache.freeSlot,
    used: cache.used,
    now: cache.now,
    expiries: cache.expiryImage(),
  };
}

/** Makes a cache what it was when the image was made. The cache covers as many objects as it did then. */
export function restoreImage(cache: SimulatedCache, image: CacheImage): void {
  assert(cache.slotOf.length === image.slotOf.length, "the image is of another number of objects");
  cache.slotOf.set(image.slotOf);
  cache.objectOf.set(image.objectOf);
  if (image.weightOf !== undefined) cache.weightOf!.set(image.weightOf);
  cache.nextOf.set(image.nextOf);
  cache.words.set(image.words);
  cache.state.set(image.state);
  cache.sums.set(image.sums);
  cache.resident = image.resident;
  cache.slotsUsed = image.slotsUsed;
  cache.freeSlot = image.freeSlot;
  cache.used = image.used;
  cache.now = image.now;
  cache.restoreExpiries(image.expiries);
}

export function imageBytes(image: CacheImage): number {
  const { slotOf, objectOf, weightOf, nextOf, words, state, sums, expiries } = image;
  const own: { readonly byteLength: number }[] = [slotOf, objectOf, nextOf, words, state, sums];
  if (weightOf !== undefined) own.push(weightOf);
  if (expiries !== undefined) own.push(expiries.words, expiries.state, expiries.isIn);
  return own.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
