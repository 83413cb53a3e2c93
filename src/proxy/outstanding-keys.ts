/** Beyond this number every key counts as outstanding. */
const CAPACITY = 64;

/** The keys of a client's outstanding requests, by their hashes. It may name a key too many. */
export class OutstandingKeys {
  /** Allocated at first use, since most clients never need it. */
  #hashes: Int32Array | undefined;
  #count = 0;

  add(hash: number): void {
    this.#hashes ??= new Int32Array(CAPACITY);
    if (this.#count < CAPACITY) this.#hashes[this.#count] = hash;
    if (this.#count <= CAPACITY) this.#count++;
  }

  /** Adds a request that concerns every key. */
  addAll(): void {
    this.#count = CAPACITY + 1;
  }

  mayHave(hash: number): boolean {
    if (this.#count > CAPACITY) return true;
    const wanted = hash | 0;
    for (let at = 0; at < this.#count; at++) if (this.#hashes![at] === wanted) return true;
    return false;
  }

  clear(): void {
    this.#count = 0;
  }
}
