import type { ReadonlySignal } from "@preact/signals";
import type { CountedHistogram, Counters, Reading } from "./sections.ts";
import { added, type Labels, SeriesReader } from "./series.ts";

/** Counters at one moment. */
export interface Moment {
  readonly atMs: number;
  readonly counters: Counters;
}

const KEPT_MS = 10_000;

/** Keeps the counters of the last ten seconds. */
export class Recent {
  #moments: readonly Moment[] = [];
  #number = 0;

  /** The oldest first, four a second. */
  get moments(): readonly Moment[] {
    return this.#moments;
  }

  add({ number, atMs, sections: { counters } }: Reading): void {
    if (counters === undefined) return;
    // A service that was started again numbers its states anew, and counts anew.
    const kept = number <= this.#number ? [] : this.#moments;
    this.#number = number;
    const from = kept.findIndex((moment) => moment.atMs >= atMs - KEPT_MS);
    this.#moments = [...(from < 0 ? [] : kept.slice(from)), { atMs, counters }];
  }
}

/** Figures per second, from counters of the last ten seconds. */
export class RecentFigures {
  readonly moments: ReadonlySignal<readonly Moment[]>;
  readonly #series = new SeriesReader();

  /** @param moments the oldest first */
  constructor(moments: ReadonlySignal<readonly Moment[]>) {
    this.moments = moments;
  }

  /**
   * A counter's growth per second.
   * @param forMs over the last so many milliseconds, or over all that is known if that is less
   * @returns undefined: there is no such counter, or only one reading so far
   */
  rate(metric: string, labels: Labels = {}, forMs: number = KEPT_MS): number | undefined {
    const span = this.#span(forMs);
    if (span === undefined) return undefined;
    const [first, last] = span;
    const now = this.#series.figure(last.counters, metric, labels);
    if (now === undefined) return undefined;
    return (
      ((now - (this.#series.figure(first.counters, metric, labels) ?? 0)) * 1000) / (last.atMs - first.atMs)
    );
  }

  /** What a histogram has gained in the last seconds, and in how long. */
  gained(metric: string, labels: Labels = {}): { histogram: CountedHistogram; seconds: number } | undefined {
    const span = this.#span(KEPT_MS);
    if (span === undefined) return undefined;
    const [first, last] = span;
    const now = this.#series.histogram(last.counters, metric, labels);
    if (now === undefined) return undefined;
    const before = this.#series.histogram(first.counters, metric, labels);
    const seconds = (last.atMs - first.atMs) / 1000;
    return { histogram: before === undefined ? now : added(now, before, -1), seconds };
  }

  /** The present value of a gauge or a counter. */
  figure(metric: string, labels: Labels = {}): number | undefined {
    const last = this.moments.value.at(-1);
    return last && this.#series.figure(last.counters, metric, labels);
  }

  /** The values that a label has at present, in their order. */
  labelValues(metric: string, label: string): string[] {
    const last = this.moments.value.at(-1);
    return last === undefined ? [] : this.#series.labelValues(last.counters, metric, label);
  }

  #span(forMs: number): [Moment, Moment] | undefined {
    const moments = this.moments.value;
    const last = moments.at(-1);
    const first = moments.find(({ atMs }) => atMs >= (last?.atMs ?? 0) - forMs);
    return last === undefined || first === undefined || first.atMs === last.atMs ? undefined : [first, last];
  }
}
