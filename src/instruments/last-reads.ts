/** Beyond this many keys, all are forgotten: entries then leave with an unknown last read. */
const LIMIT = 50_000;

/** When the entries of followed keys were read last. */
export class LastReads {
  readonly #atMs = new Map<number, number>();

  filled(hash: number): void {
    this.#atMs.delete(hash);
  }

  read(hash: number, atMs: number): void {
    if (this.#atMs.size >= LIMIT) this.#atMs.clear();
    this.#atMs.set(hash, atMs);
  }

  /**
   * Forgets an entry that has left.
   * @returns the time of its last read; undefined if it is unknown, or there was none
   */
  left(hash: number): number | undefined {
    const atMs = this.#atMs.get(hash);
    if (atMs !== undefined) this.#atMs.delete(hash);
    return atMs;
  }
}
