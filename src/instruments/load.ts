/** The weight of the last measurement against all earlier ones. */
const WEIGHT = 0.1;

/** Measures how many reads there are, and the processor time that the instruments' thread takes. */
export class Load {
  /** Over the last few measurements, and since the last but one. */
  readsPerSecond = 0;
  lastReadsPerSecond = 0;
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
    this.lastReadsPerSecond = ((reads - this.#reads) * 1000) / ms;
    this.readsPerSecond = smoothed(this.readsPerSecond, this.lastReadsPerSecond);
    this.share = smoothed(this.share, takenMs / ms);
    this.otherShare = smoothed(this.otherShare, Math.max(0, takenMs - simulatedMs) / ms);
    this.#atMs = nowMs;
    this.#reads = reads;
    this.#threadMs = threadMs;
    this.#accesses = accesses;
  }
}

function smoothed(before: number, now: number): number {
  return before === 0 ? now : before + (now - before) * WEIGHT;
}
