import type { Histogram } from "../instruments/histogram.ts";

/** A question to the origin and its answer, in monotonic milliseconds with their fraction. */
export interface Exchange {
  /** When the question was handed to the system. */
  readonly handedOverMs: number;
  /** From then until the answer began to arrive. */
  readonly roundTripMs: number;
  /** When the answer's last packet came. */
  readonly answeredMs: number;
}

/** Is told how the origin answered questions for values. */
export interface MissMeter {
  /** A question for a value has been answered. */
  missed(isError: boolean, exchange: Exchange): void;
  /** A question was not answered. */
  failed(): void;
}

/** Counts and times the requests of one thread's clients to the origin. */
export class OriginMeter implements MissMeter {
  /** Answered with anything but an error. */
  okCount = 0;
  /** Answered with an error. */
  errorCount = 0;
  /** Not answered. */
  failureCount = 0;
  /** The latest question for a value: that whose answer is being handed out. */
  latestMiss: Exchange = { handedOverMs: 0, roundTripMs: 0, answeredMs: 0 };
  readonly #misses: Histogram;
  readonly #others: Histogram;

  /**
   * @param misses round trips of misses, in microseconds
   * @param others those of all other requests
   */
  constructor(misses: Histogram, others: Histogram) {
    this.#misses = misses;
    this.#others = others;
  }

  missed(isError: boolean, exchange: Exchange): void {
    this.#count(isError);
    this.latestMiss = exchange;
    this.#misses.record(exchange.roundTripMs * 1000);
  }

  /** A question for a value that no client had asked was answered. Clients may have joined it. */
  warmed(exchange: Exchange): void {
    this.latestMiss = exchange;
  }

  /**
   * Any other request has been answered.
   * @param roundTripMs undefined: it may have blocked, so its time says nothing of the origin
   */
  answered(isError: boolean, roundTripMs: number | undefined): void {
    this.#count(isError);
    if (roundTripMs !== undefined) this.#others.record(roundTripMs * 1000);
  }

  failed(): void {
    this.failureCount++;
  }

  #count(isError: boolean): void {
    if (isError) this.errorCount++;
    else this.okCount++;
  }
}
