/** What a simulated access costs before it has been measured. */
export const USUAL_NS = 200;
/** Fewer accesses at once tell little: the clock itself takes time. */
const FEW_ACCESSES = 256;
/** The weight of the last measurement against all earlier ones. */
const WEIGHT = 0.02;
/** A measurement counts as at most so many times the present estimate: the thread may have had to wait meanwhile. */
const MOST_TIMES = 2;

/** Measures what a simulated access costs, from the times that batches of them take. */
export class AccessCost {
  /** Nanoseconds of one access. */
  accessNs: number = USUAL_NS;
  readonly #clockMs: () => number;
  #begunMs = 0;

  /** @param clockMs monotonic */
  constructor(clockMs: () => number) {
    this.#clockMs = clockMs;
  }

  begin(): void {
    this.#begunMs = this.#clockMs();
  }

  /** @param accesses since `begin` */
  end(accesses: number): void {
    if (accesses < FEW_ACCESSES) return;
    const ns = ((this.#clockMs() - this.#begunMs) * 1e6) / accesses;
    this.accessNs += (Math.min(ns, MOST_TIMES * this.accessNs) - this.accessNs) * WEIGHT;
  }
}
