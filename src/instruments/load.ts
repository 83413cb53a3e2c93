/** The weight of a measurement of this length against all earlier ones. */
const WEIGHT = 0.1;
const WEIGHT_MS = 250;
/** A peak counts for half of what it was after this time. */
const PEAK_HALF_LIFE_MS = 120_000;

/** Measures how many reads there are, and the processor time that the instruments' thread takes. */
export class Load {
  /** Over the last few measurements, and since the last but one. */
  readsPerSecond = 0;
  lastReadsPerSecond = 0;
  /** The greatest rate of the last minutes: a load that has gone often comes back. */
  peakReadsPerSecond = 0;
  /** The share of one processor that this thread took, and that for everything but simulated accesses. */
  share = 0;
  otherShare = 0;
  #atMs: number;
  #reads: number;
  #threadMs: number;
  #accesses = 0;

  constructor(nowMs: number, reads: number, threadMs: number) {
    this.#atMs = nowMs;
    this.#reads = reads;
    this.#threadMs = threadMs;
  }

  /** Returns the rate since the last measurement. @param reads of all keys, in all */
  rateSince(nowMs: number, reads: number): number {
    return ((reads - this.#reads) * 1000) / Math.max(1, nowMs - this.#atMs);
  }

  /**
   * @param reads of all keys, in all
   * @param threadMs processor time of this thread, in all
   * @param accesses simulated, in all
   * @param accessNs what one of them costs
   */
  measure(nowMs: number, reads: number, threadMs: number, accesses: number, accessNs: number): void {
    const ms = Math.max(1, nowMs - this.#atMs);
    const takenMs = threadMs - this.#threadMs;
    const simulatedMs = (Math.max(0, accesses - this.#accesses) * accessNs) / 1e6;
    this.lastReadsPerSecond = this.rateSince(nowMs, reads);
    this.readsPerSecond = smoothed(this.readsPerSecond, this.lastReadsPerSecond, ms);
    const peakBefore = this.peakReadsPerSecond * 0.5 ** (ms / PEAK_HALF_LIFE_MS);
    this.peakReadsPerSecond = Math.max(this.lastReadsPerSecond, peakBefore);
    this.share = smoothed(this.share, takenMs / ms, ms);
    this.otherShare = smoothed(this.otherShare, Math.max(0, takenMs - simulatedMs) / ms, ms);
    this.#atMs = nowMs;
    this.#reads = reads;
    this.#threadMs = threadMs;
    this.#accesses = accesses;
  }
}

function smoothed(before: number, now: number, ms: number): number {
  return before === 0 ? now : now + (before - now) * (1 - WEIGHT) ** (ms / WEIGHT_MS);
}
