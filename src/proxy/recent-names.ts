/** Once this many bytes of names have come, older names are forgotten. */
const GENERATION_BYTES = 512 * 1024;

/**
 * The names seen last, as many as fit into bounded memory.
 *
 * In a SCAN, Redis and Valkey name a key again only if their table is resized meanwhile. The cursor counts in
 * bit-reversed order, so all buckets that are merged into one, or split from one, follow each other (see the comment
 * at `dictScan`). A name that is repeated is repeated soon.
 */
export class RecentNames {
  readonly #generationBytes: number;
  #young = new Set<string>();
  #youngBytes = 0;
  #old = new Set<string>();

  constructor(generationBytes: number = GENERATION_BYTES) {
    this.#generationBytes = generationBytes;
  }

  /** @returns whether the name is new, as far as names are remembered */
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

  /** The number of names remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
