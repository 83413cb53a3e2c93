import { HistoryLevel, type Resolution } from "./history-level.ts";
import { HistoryReading } from "./history-reading.ts";
import type { HistorySeries } from "./history-series.ts";
import type { MetricHistogram } from "./published-metrics.ts";
import type { HistoryReport, Mark, Metric } from "./view.ts";

/** A second's resolution for ten minutes, ten seconds' for three hours, a minute's for two days. */
export const RESOLUTIONS: readonly Resolution[] = [
  { stepMs: 1_000, steps: 600 },
  { stepMs: 10_000, steps: 1_080 },
  { stepMs: 60_000, steps: 2_880 },
];

/** The most marks that are kept, and the most characters of each. */
export const MARK_LIMIT = 1_000;
export const MARK_LENGTH = 200;

/** Digits of the fractions that are told. */
const DIGITS = 6;

/** @throws RangeError unless a mark may have this text */
export function checkMark(text: string): void {
  if (text.trim() === "") throw new RangeError("the text of a mark is empty");
  if (text.length > MARK_LENGTH) {
    throw new RangeError(`the text of a mark has ${text.length} characters, and ${MARK_LENGTH} are the most`);
  }
}

/** Figures over time, in fixed memory: the finer the resolution, the shorter it is kept. */
export class History {
  readonly #series: readonly HistorySeries[];
  readonly #reading: HistoryReading;
  /** From the finest to the coarsest. */
  readonly #levels: readonly HistoryLevel[];
  /** Whether each series has ever been measured. */
  readonly #isKnown: boolean[];
  readonly #marks: Mark[] = [];

  /** @param resolutions from the finest to the coarsest; each step is a multiple of the one before */
  constructor(series: readonly HistorySeries[], resolutions: readonly Resolution[] = RESOLUTIONS) {
    this.#series = series;
    this.#reading = new HistoryReading(series);
    this.#levels = resolutions.map((resolution) => new HistoryLevel(resolution, this.#reading));
    this.#isKnown = series.map(() => false);
  }

  /** Bytes of memory that the history takes, apart from its objects and marks. */
  get bytes(): number {
    return this.#levels.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Call this once a second.
   * @param nowMs Unix milliseconds
   * @param histograms for quantiles, as `TableMetrics` returns them
   */
  take(nowMs: number, metrics: readonly Metric[], histograms: readonly MetricHistogram[] = []): void {
    const reading = this.#reading;
    reading.read(metrics, histograms);
    for (let index = 0; index < this.#series.length; index++) {
      const place = reading.places[index]!;
      const isThere =
        place < 0 ? !Number.isNaN(reading.values[index]!) : reading.histograms[place]!.now.count > 0;
      if (isThere) this.#isKnown[index] = true;
    }
    for (const level of this.#levels) level.take(nowMs, reading);
  }

  /** Notes a change that somebody made. A long text is cut; the oldest of too many marks is forgotten. */
  mark(atMs: number, text: string): void {
    if (this.#marks.length === MARK_LIMIT) this.#marks.shift();
    this.#marks.push({ atMs, text: text.slice(0, MARK_LENGTH) });
  }

  /**
   * Tells the complete steps since a time. A step that is no longer kept in its own resolution has the value of the
   * coarser step that it lies in. A step of several finer ones has their mean, or the largest of their quantiles.
   * @param fromMs Unix milliseconds; the report begins with the step that it lies in, or the first that is kept
   * @param stepMs a whole number, at least the finest step
   */
  report(fromMs: number, stepMs: number): HistoryReport {
    const knownUntilMs = this.#levels[0]!.endMs;
    const endMs = knownUntilMs === undefined ? 0 : Math.floor(knownUntilMs / stepMs) * stepMs;
    const keptMs = Math.max(...this.#levels.map((level) => level.steps * level.stepMs));
    const beginMs = Math.floor(Math.max(fromMs, endMs - keptMs) / stepMs) * stepMs;
    const count = Math.max(0, (endMs - beginMs) / stepMs);
    const levels = this.#levelsFor(stepMs);
    const series = this.#series.flatMap(({ metric: name, labels = {}, kind, quantile }, index) => {
      if (this.#isKnown[index] !== true) return [];
      const values = Array.from({ length: count }, (_, at) => {
        const stepBeginMs = beginMs + at * stepMs;
        return this.#valueOver(index, stepBeginMs, stepBeginMs + stepMs, levels);
      });
      return [{ name, labels, kind, ...(quantile === undefined ? {} : { quantile }), values }];
    });
    const marks = this.#marks.filter(({ atMs }) => atMs >= beginMs);
    return { fromMs: beginMs, stepMs, series, marks };
  }

  /** The levels to look for steps of this length in: the coarsest one that is fine enough, finer ones, coarser ones. */
  #levelsFor(stepMs: number): HistoryLevel[] {
    const fine = this.#levels.filter((level) => level.stepMs <= stepMs).reverse();
    return [...fine, ...this.#levels.filter((level) => level.stepMs > stepMs)];
  }

  #valueOver(series: number, fromMs: number, toMs: number, levels: readonly HistoryLevel[]): number | null {
    const level = levels.find((each) => each.covers(fromMs, toMs));
    const isLargest = this.#series[series]!.kind === "quantile";
    const value = level?.over(series, fromMs, toMs, isLargest) ?? Number.NaN;
    if (Number.isNaN(value)) return null;
    return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS));
  }
}
