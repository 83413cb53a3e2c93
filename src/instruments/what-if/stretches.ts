/** Sampled reads of a stretch for each entry of a miniature: some cachefuls of misses, at usual miss ratios. */
const READS_PER_ENTRY = 32;
/** The share of a stretch that is not counted: the caches still hold what they held when the last one ended. */
const WARM_UP = 1 / 4;

export type StretchPhase = "off" | "warming" | "counting";

/**
 * Says when the caches of one size run, if they may run for a part of the time only. Time is counted in reads, so that
 * every stretch sees the same amount of traffic.
 */
export class Stretches {
  readonly #stretchReads: number;
  #at: number;

  /**
   * @param ratio the share of the keys that the size sees
   * @param duty the share of the time that it may run, at present
   * @param offset from 0 to 1: where in the cycle to begin, so that sizes take turns
   */
  constructor(miniatureEntries: number, ratio: number, duty: number, offset: number) {
    this.#stretchReads = (READS_PER_ENTRY * miniatureEntries) / ratio;
    this.#at = (offset * this.#stretchReads) / duty;
  }

  /** @param duty the share of the time that it may run */
  phase(duty: number): StretchPhase {
    if (duty >= 1) return "counting";
    const at = this.#at % (this.#stretchReads / duty);
    if (at >= this.#stretchReads) return "off";
    return at < this.#stretchReads * WARM_UP ? "warming" : "counting";
  }

  pass(reads: number): void {
    this.#at += reads;
  }
}
