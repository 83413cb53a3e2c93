const EMPTY = 0;
const RESIDENT = 1;
const EXPIRED = 2;

const HASHES = 2 ** 32;

/**
 * The sampled keys that are in the cache, or were until they expired, by their hashes: which family they belong to and
 * how large they are. Keys are a spatial sample: those whose hash, unsigned, is below `rate` · 2^32. When there
 * are too many for the memory, the rate is halved and half of them go; so each counts for 1/rate keys.
 */
export class SampledEntries {
  readonly #limit: number;
  /** Open addressing with linear probing, at most half full; one array a column. */
  readonly #states: Uint8Array;
  readonly #hashes: Int32Array;
  readonly #families: Int32Array;
  readonly #bytes: Float64Array;
  /** When an expired one expired. */
  readonly #expiredMs: Float64Array;
  readonly #mask: number;
  #count = 0;
  #rate: number;

  /**
   * @param limit how many keys are remembered at most
   * @param rate the share of all keys that is sampled
   */
  constructor(limit: number, rate: number) {
    this.#limit = limit;
    const places = 2 ** Math.ceil(Math.log2(2 * limit));
    this.#mask = places - 1;
    this.#states = new Uint8Array(places);
    this.#hashes = new Int32Array(places);
    this.#families = new Int32Array(places);
    this.#bytes = new Float64Array(places);
    this.#expiredMs = new Float64Array(places);
    this.#rate = rate;
  }

  /** The share of all keys that is remembered. It never grows. */
  get rate(): number {
    return this.#rate;
  }

  get count(): number {
    return this.#count;
  }

  isSampled(hash: number): boolean {
    return hash >>> 0 < this.#rate * HASHES;
  }

  /** Lowers the rate to that of a smaller sample, and forgets the keys that are not in it. */
  lowerRate(rate: number): void {
    if (!(rate < this.#rate)) return;
    this.#rate = rate;
    this.#removeWhere((at) => !this.isSampled(this.#hashes[at]!));
  }

  /** A sampled key has got an entry, or another value. */
  put(hash: number, family: number, bytes: number): void {
    let at = this.#find(hash);
    if (this.#states[at] === EMPTY) {
      while (this.#count >= this.#limit) this.#makeRoom();
      if (!this.isSampled(hash)) return;
      at = this.#find(hash);
      this.#count++;
    }
    this.#states[at] = RESIDENT;
    this.#hashes[at] = hash;
    this.#families[at] = family;
    this.#bytes[at] = bytes;
  }

  /** The family of the entry, −1 if there is none. */
  familyOf(hash: number): number {
    const at = this.#find(hash);
    return this.#states[at] === RESIDENT ? this.#families[at]! : -1;
  }

  /** When the key's last entry expired, −Infinity if it did not. */
  expiredMs(hash: number): number {
    const at = this.#find(hash);
    return this.#states[at] === EXPIRED ? this.#expiredMs[at]! : Number.NEGATIVE_INFINITY;
  }

  /** The entry has expired: it no longer counts, but is remembered. */
  expire(hash: number, nowMs: number): void {
    const at = this.#find(hash);
    if (this.#states[at] !== RESIDENT) return;
    this.#states[at] = EXPIRED;
    this.#expiredMs[at] = nowMs;
  }

  remove(hash: number): void {
    const at = this.#find(hash);
    if (this.#states[at] !== EMPTY) this.#removeAt(at);
  }

  /** Forgets all keys. */
  clear(): void {
    this.#states.fill(EMPTY);
    this.#count = 0;
  }

  /** Gives entries other families. @param moved the new family of each one */
  moveFamilies(moved: (family: number) => number): void {
    for (let at = 0; at <= this.#mask; at++) {
      if (this.#states[at] !== EMPTY) this.#families[at] = moved(this.#families[at]!);
    }
  }

  /** Visits the entries that are in the cache. */
  forEach(visit: (family: number, bytes: number) => void): void {
    for (let at = 0; at <= this.#mask; at++) {
      if (this.#states[at] === RESIDENT) visit(this.#families[at]!, this.#bytes[at]!);
    }
  }

  /** Keys that expired go first, all of them; then half of the sample. */
  #makeRoom(): void {
    const before = this.#count;
    this.#removeWhere((at) => this.#states[at] === EXPIRED);
    if (this.#count > before * 0.75) this.lowerRate(this.#rate / 2);
  }

  #removeWhere(condition: (at: number) => boolean): void {
    // A removal may move another key to its place, so this looks at the place again.
    for (let at = 0; at <= this.#mask; at++) {
      while (this.#states[at] !== EMPTY && condition(at)) this.#removeAt(at);
    }
  }

  #home(hash: number): number {
    // The upper bits of sampled hashes are alike.
    return hash & this.#mask;
  }

  /** Returns the place of the key, or the empty one where it would be. */
  #find(hash: number): number {
    let at = this.#home(hash);
    while (this.#states[at] !== EMPTY && this.#hashes[at] !== (hash | 0)) at = (at + 1) & this.#mask;
    return at;
  }

  /** Removes a key, and closes the gap that it leaves in its run. */
  #removeAt(start: number): void {
    const mask = this.#mask;
    let gap = start;
    for (let at = (gap + 1) & mask; this.#states[at] !== EMPTY; at = (at + 1) & mask) {
      const home = this.#home(this.#hashes[at]!);
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.#states[gap] = this.#states[at]!;
      this.#hashes[gap] = this.#hashes[at]!;
      this.#families[gap] = this.#families[at]!;
      this.#bytes[gap] = this.#bytes[at]!;
      this.#expiredMs[gap] = this.#expiredMs[at]!;
      gap = at;
    }
    this.#states[gap] = EMPTY;
    this.#count--;
  }
}
