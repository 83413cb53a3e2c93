/**
 * Chunk sizes are multiples of this, so that a slot (byte address / 8) names a chunk and 8-byte words are aligned.
 */
export const CHUNK_ALIGNMENT = 8;
/** The smallest chunk: an entry's header and its first bytes. */
const SMALLEST_CHUNK_BYTES = 40;

/**
 * The sizes of the chunks that pages are cut into: a page divided by 1, 2, 3, … and rounded down to the alignment, so
 * that little is left over at the end of a page. A size that several divisors share appears once.
 */
export interface SizeClasses {
  readonly pageBytes: number;
  readonly count: number;
  /** Chunk size by class, ascending. The last one is a whole page. */
  readonly chunkBytes: Int32Array;
  readonly chunksPerPage: Int32Array;
  /** The smallest class whose chunk holds `bytes`, at index `bytes + 7 >> 3`. */
  readonly smallestFor: Uint8Array;
}

/** @param pageBytes a power of two */
export function sizeClasses(pageBytes: number): SizeClasses {
  const sizes: number[] = [];
  for (let parts = 1; ; parts++) {
    const bytes = Math.floor(pageBytes / parts / CHUNK_ALIGNMENT) * CHUNK_ALIGNMENT;
    if (bytes < SMALLEST_CHUNK_BYTES) break;
    if (bytes !== sizes.at(-1)) sizes.push(bytes);
  }
  sizes.reverse();
  const smallestFor = new Uint8Array(pageBytes / CHUNK_ALIGNMENT + 1);
  for (let units = 0, sizeClass = 0; units < smallestFor.length; units++) {
    if (units * CHUNK_ALIGNMENT > sizes[sizeClass]!) sizeClass++;
    smallestFor[units] = sizeClass;
  }
  return {
    pageBytes,
    count: sizes.length,
    chunkBytes: Int32Array.from(sizes),
    chunksPerPage: Int32Array.from(sizes, (bytes) => Math.floor(pageBytes / bytes)),
    smallestFor,
  };
}
