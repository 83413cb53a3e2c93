/** Bytes of names after which the older ones are forgotten. */
const GENERATION_BYTES = 512 * 1024;

/**
 * The names met last, as many as fit into a bounded memory.
 *
 * Redis and Valkey name a key again in a SCAN only when their table is resized meanwhile: the cursor counts in
 * bit-reversed order, so that all buckets which become one, or come from one, follow each other (see the comment at
 * `dictScan`). What is named twice is named soon again.
 */
export class RecentNames {
  readonly #generationBytes: number;
  #young = new Set<string>();
  #youngBytes = 0;
  #old = new Set<string>();

  constructor(generationBytes: number = GENERATION_BYTES) {
    this.#generationBytes = generationBytes;
  }

  /** @returns whether the name is new, as far as that is remembered */
  add(name: string): boolean {
    if (this.#young.has(name) || this.#old.has(name)) return false;
    if (this.#youngBytes >= this.#generationBytes) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#youngBytes = 0;
    }
    this.#young.add(name);
    this.#youngBytes += name.length;
    return true;
  }

  /** How many names are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
