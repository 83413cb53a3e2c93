/** What a simulated access costs before it has been measured, and the bounds of what is believed. */
const USUAL_ACCESS_NS = 200;
const LEAST_ACCESS_NS = 50;
const MOST_ACCESS_NS = 1000;
/** Fewer accesses than this, between two measurements, tell nothing about the cost of one. */
const FEW_ACCESSES = 5_000;
/** The weight of the last measurement against all earlier ones. */
const WEIGHT = 0.1;

/** Measures how many reads there are, and what the instruments' thread takes for them. */
export class Load {
  /** Over the last few measurements, and since the last but one. */
  readsPerSecond = 0;
  lastReadsPerSecond = 0;
  /** Processor time of this thread for each simulated access, everything else included. */
  accessNs = USUAL_ACCESS_NS;
  /** The share of one processor that this thread took. */
  share = 0;
  #atMs: number;
  #reads: number;
  #threadMs: number;
  #accesses = 0;

  constructor(nowMs: number, reads: number, threadMs: number) {
    this.#atMs = nowMs;
    this.#reads = reads;
    this.#threadMs = threadMs;
  }

  /**
   * @param reads of all keys, in all
   * @param threadMs processor time of this thread, in all
   * @param accesses simulated, in all
   */
  measure(nowMs: number, reads: number, threadMs: number, accesses: number): void {
    const ms = Math.max(1, nowMs - this.#atMs);
    const takenMs = threadMs - this.#threadMs;
    const accessed = accesses - this.#accesses;
    this.lastReadsPerSecond = ((reads - this.#reads) * 1000) / ms;
    this.readsPerSecond = smoothed(this.readsPerSecond, this.lastReadsPerSecond);
    this.share = smoothed(this.share, takenMs / ms);
    if (accessed >= FEW_ACCESSES) {
      const accessNs = Math.max(LEAST_ACCESS_NS, Math.min(MOST_ACCESS_NS, (takenMs * 1e6) / accessed));
      this.accessNs = smoothed(this.accessNs, accessNs);
    }
    this.#atMs = nowMs;
    this.#reads = reads;
    this.#threadMs = threadMs;
    this.#accesses = accesses;
  }
}

function smoothed(before: number, now: number): number {
  return before === 0 ? now : before + (now - before) * WEIGHT;
}
