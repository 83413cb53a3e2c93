import { Histogram } from "./histogram.ts";
import type { HistoryReading } from "./history-reading.ts";

/** One resolution of a history. */
export interface Resolution {
  readonly stepMs: number;
  /** How many steps are kept. */
  readonly steps: number;
}

/** A reading this much before the end of a step ends it: readings come once a second, and not exactly. */
const TOLERANCE_MS = 500;
/** How much later than a step a reading may come, so that nothing between the two is taken for a gap. */
const LATE_MS = 750;

/**
 * The last steps of all series in one resolution, in a ring. A step has the number `n` if it lasts from `n` to `n + 1`
 * times its length, in Unix time. It begins and ends with a reading, so its rates and quantiles are exact for the time
 * between the two, and its gauges are means.
 */
export class HistoryLevel {
  readonly stepMs: number;
  readonly steps: number;
  /** The values of all series of a step are neighbours. NaN: not measured. */
  readonly #values: Float64Array;
  readonly #width: number;
  /** The first step that is not complete; undefined before the first reading. */
  #boundary: number | undefined;
  /** When the last step ended, and the counters and histograms then. */
  #endedMs = 0;
  readonly #counts: Float64Array;
  readonly #histograms: Histogram[];
  readonly #grown = new Histogram();
  #lastMs = 0;
  /** Sums of the gauges since, and how many readings had them. */
  readonly #sums: Float64Array;
  readonly #readings: Float64Array;

  constructor({ stepMs, steps }: Resolution, { series, histograms }: HistoryReading) {
    this.stepMs = stepMs;
    this.steps = steps;
    this.#width = series.length;
    this.#values = new Float64Array(series.length * steps).fill(Number.NaN);
    this.#counts = new Float64Array(series.length);
    this.#sums = new Float64Array(series.length);
    this.#readings = new Float64Array(series.length);
    this.#histograms = histograms.map(() => new Histogram());
  }

  /** The end of the last complete step; undefined before the first reading. */
  get endMs(): number | undefined {
    return this.#boundary === undefined ? undefined : this.#boundary * this.stepMs;
  }

  /** Bytes of memory that this level takes, apart from its objects. */
  get bytes(): number {
    const words = this.#values.length + 3 * this.#width + (this.#histograms.length + 1) * Histogram.WORDS;
    return words * Float64Array.BYTES_PER_ELEMENT;
  }

  /** @param nowMs Unix milliseconds */
  take(nowMs: number, reading: HistoryReading): void {
    const boundary = Math.floor((nowMs + TOLERANCE_MS) / this.stepMs);
    if (this.#boundary === undefined || nowMs < this.#lastMs) {
      this.#restart(boundary);
      this.#begin(nowMs, reading);
      return;
    }
    for (let index = 0; index < this.#width; index++) {
      const value = reading.values[index]!;
      if (Number.isNaN(value)) continue;
      this.#sums[index]! += value;
      this.#readings[index]!++;
    }
    const sinceLastMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (boundary === this.#boundary) return;
    const count = boundary - this.#boundary;
    const isGap = count > 1 && sinceLastMs >= this.stepMs + LATE_MS;
    const first = Math.max(this.#boundary, boundary - this.steps);
    for (let step = first; step < boundary; step++) {
      const at = this.#placeOf(step);
      if (isGap) this.#values.fill(Number.NaN, at, at + this.#width);
      else if (step === first) this.#measure(at, nowMs, reading);
      // The reading came late: both steps have what was between the two.
      else this.#values.copyWithin(at, this.#placeOf(first), this.#placeOf(first) + this.#width);
    }
    this.#boundary = boundary;
    this.#begin(nowMs, reading);
  }

  /** Whether the steps from one time to the other are complete and have not been replaced yet. */
  covers(fromMs: number, toMs: number): boolean {
    if (this.#boundary === undefined || toMs > this.#boundary * this.stepMs) return false;
    return Math.floor(fromMs / this.stepMs) >= this.#boundary - this.steps;
  }

  /** Returns a series' value over this time: its largest if `isLargest`, else its mean; NaN if nothing was measured. */
  over(series: number, fromMs: number, toMs: number, isLargest: boolean): number {
    let largest = Number.NaN;
    let sum = 0;
    let totalMs = 0;
    for (let step = Math.floor(fromMs / this.stepMs); step * this.stepMs < toMs; step++) {
      const value = this.#values[this.#placeOf(step) + series]!;
      if (Number.isNaN(value)) continue;
      const beginMs = Math.max(fromMs, step * this.stepMs);
      const overlapMs = Math.min(toMs, (step + 1) * this.stepMs) - beginMs;
      sum += value * overlapMs;
      totalMs += overlapMs;
      if (!(value <= largest)) largest = value;
    }
    return isLargest ? largest : sum / totalMs;
  }

  /** Starts anew: at first, and when the clock was set back. Steps that are in the future now are forgotten. */
  #restart(boundary: number): void {
    const last = this.#boundary ?? boundary;
    if (last - boundary >= this.steps) this.#values.fill(Number.NaN);
    for (let step = boundary; step < Math.min(last, boundary + this.steps); step++) {
      const at = this.#placeOf(step);
      this.#values.fill(Number.NaN, at, at + this.#width);
    }
    this.#boundary = boundary;
  }

  #begin(nowMs: number, reading: HistoryReading): void {
    this.#endedMs = nowMs;
    this.#lastMs = nowMs;
    this.#counts.set(reading.values);
    this.#sums.fill(0);
    this.#readings.fill(0);
    for (const [place, histogram] of this.#histograms.entries()) {
      histogram.copyFrom(reading.histograms[place]!.now);
    }
  }

  #measure(at: number, nowMs: number, reading: HistoryReading): void {
    const { series, values, places, histograms } = reading;
    const seconds = (nowMs - this.#endedMs) / 1000;
    let grown = -1;
    for (const [index, { kind, quantile = 0 }] of series.entries()) {
      const place = places[index]!;
      if (kind === "rate") {
        this.#values[at + index] = Math.max(0, values[index]! - this.#counts[index]!) / seconds;
      } else if (kind === "gauge") {
        this.#values[at + index] = this.#sums[index]! / this.#readings[index]!;
      } else {
        const { now, unit } = histograms[place]!;
        if (place !== grown) this.#grown.setToGrowth(now, this.#histograms[place]!);
        grown = place;
        const isEmpty = this.#grown.count === 0;
        this.#values[at + index] = isEmpty ? Number.NaN : this.#grown.quantile(quantile) * unit;
      }
    }
  }

  #placeOf(step: number): number {
    return (((step % this.steps) + this.steps) % this.steps) * this.#width;
  }
}
