import { type ReadonlySignal, signal } from "@preact/signals";
import type { HistoryReport } from "../../src/instruments/view.ts";
import type { Api } from "./api.ts";
import type { Labels } from "./series.ts";

/** The resolutions that the service keeps: docs/ADMIN.md. */
export const SPANS = [
  { name: "10 min", stepMs: 1000, steps: 600 },
  { name: "3 h", stepMs: 10_000, steps: 1080 },
  { name: "2 d", stepMs: 60_000, steps: 2880 },
] as const;
type Span = (typeof SPANS)[number];

/** A history as views see it. */
export interface FollowedHistory {
  readonly span: Span;
  readonly report: ReadonlySignal<HistoryReport | undefined>;
  /** Keeps the report up to date. @returns ends that */
  follow(everyMs: number): () => void;
}

/** Steps that are asked for again, for the last ones were not over yet. */
const AGAIN = 2;

/** Figures over time in one resolution, kept up to date while it is followed. */
export class History implements FollowedHistory {
  readonly span: Span;
  readonly #api: Api;
  readonly #report = signal<HistoryReport | undefined>(undefined);
  /** How often each follower wants to hear, in milliseconds. */
  readonly #paces: number[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #isAsking = false;

  constructor(api: Api, span: Span) {
    this.#api = api;
    this.span = span;
  }

  get report(): ReadonlySignal<HistoryReport | undefined> {
    return this.#report;
  }

  follow(everyMs: number): () => void {
    this.#paces.push(everyMs);
    this.#pace();
    void this.update();
    return () => {
      this.#paces.splice(this.#paces.indexOf(everyMs), 1);
      this.#pace();
    };
  }

  #pace(): void {
    clearInterval(this.#timer);
    if (this.#paces.length > 0) this.#timer = setInterval(() => void this.update(), Math.min(...this.#paces));
  }

  restore(report: HistoryReport): void {
    this.#report.value = report;
  }

  /** Asks for what is new; a service that does not answer leaves all as it was. */
  async update(): Promise<void> {
    if (this.#isAsking || this.#api.isSaved) return;
    this.#isAsking = true;
    const { stepMs, steps } = this.span;
    const known = this.#report.peek();
    const length = known?.series[0]?.values.length ?? 0;
    const from =
      known === undefined || length === 0 ? -steps * stepMs : known.fromMs + (length - AGAIN) * stepMs;
    try {
      const path = `/api/history?from=${from}&step=${stepMs}`;
      const news = await this.#api.get<HistoryReport>(path, false);
      this.#report.value = known === undefined ? news : extended(known, news, steps);
    } catch {
      // The head of the page says that the service does not answer.
    } finally {
      this.#isAsking = false;
    }
  }
}

/** Returns a history with its newest steps replaced and continued by `news`, and at most `steps` long. */
export function extended(known: HistoryReport, news: HistoryReport, steps: number): HistoryReport {
  const { stepMs } = known;
  const offset = Math.round((news.fromMs - known.fromMs) / stepMs);
  const length = known.series[0]?.values.length ?? 0;
  // The service was away for longer than it remembers, or its clock was set.
  if (news.stepMs !== stepMs || offset < 0 || offset > length) return news;
  const total = offset + (news.series[0]?.values.length ?? 0);
  const cut = Math.max(0, total - steps);
  const old = new Map(known.series.map((series) => [keyOf(series), series.values]));
  const series = news.series.map((one) => {
    const before = old.get(keyOf(one)) ?? new Array<null>(offset).fill(null);
    return { ...one, values: [...before.slice(cut, offset), ...one.values.slice(Math.max(0, cut - offset))] };
  });
  const fromMs = known.fromMs + cut * stepMs;
  const marks = [...known.marks.filter((mark) => mark.atMs < news.fromMs), ...news.marks];
  return { fromMs, stepMs, series, marks: marks.filter((mark) => mark.atMs >= fromMs) };
}

/** Returns the sum of all series of a metric with these labels, by step. */
export function seriesOf(
  { series }: HistoryReport,
  metric: string,
  labels: Labels = {},
  quantile?: number,
): (number | null)[] {
  const found = series.filter(
    (one) =>
      one.name === metric &&
      one.quantile === quantile &&
      Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  const [first, ...others] = found;
  if (first === undefined) return [];
  if (others.length === 0) return [...first.values];
  return first.values.map((value, at) => {
    const values = [value, ...others.map((one) => one.values[at] ?? null)].filter((one) => one !== null);
    return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0);
  });
}

function keyOf({ name, labels, quantile }: HistoryReport["series"][number]): string {
  return JSON.stringify([name, labels, quantile]);
}
