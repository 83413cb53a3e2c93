/** The first keys are compared one by one. */
const FEW = 64;

/** The keys of a client's outstanding requests, by their hashes. It may name a key too many. */
export class OutstandingKeys {
  /** Allocated at first use, since most clients never need it. */
  #hashes: Int32Array | undefined;
  /** How many of `#hashes` are in use. */
  #count = 0;
  /** Those beyond `FEW`. */
  #others: Set<number> | undefined;
  #isAll = false;

  add(hash: number): void {
    if (this.#isAll) return;
    if (this.#count === FEW) {
      this.#others ??= new Set();
      this.#others.add(hash | 0);
      return;
    }
    this.#hashes ??= new Int32Array(FEW);
    this.#hashes[this.#count++] = hash;
  }

  /** Adds a request that concerns every key. */
  addAll(): void {
    this.#isAll = true;
  }

  mayHave(hash: number): boolean {
    if (this.#isAll) return true;
    const wanted = hash | 0;
    for (let at = 0; at < this.#count; at++) if (this.#hashes![at] === wanted) return true;
    return this.#others?.has(wanted) === true;
  }

  clear(): void {
    this.#count = 0;
    this.#others = undefined;
    this.#isAll = false;
  }
}
