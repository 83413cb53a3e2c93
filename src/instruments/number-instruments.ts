import { healthOf } from "./health.ts";
import { checkMark, History } from "./history.ts";
import type { ServiceFigures } from "./instruments.ts";
import type { ThreadBeats } from "./thread-beats.ts";
import { toldKey } from "./told-key.ts";
import type {
  BiographyReport,
  FamiliesReport,
  HealthReport,
  HistoryReport,
  HotBy,
  HotKeysReport,
  InstrumentsView,
  Metric,
  ToldSetting,
  WatchReport,
} from "./view.ts";

export interface NumberInstrumentsOptions {
  readonly service: InstrumentsView["service"];
  readonly figures: Pick<ServiceFigures, "series" | "metrics" | "histograms">;
  readonly beats: ThreadBeats;
  readonly nowMs: () => number;
  readonly restartedMs: number | undefined;
}

const HISTORY_MS = 1000;
const NO_KEYS = "a server has no cache in front of an origin: keys are followed by a proxy";

/** The instruments of a service that has figures, and no cache in front of an origin. */
export class NumberInstruments implements InstrumentsView {
  readonly service: InstrumentsView["service"];
  readonly #options: NumberInstrumentsOptions;
  readonly #history: History;
  #historyMs = 0;

  constructor(options: NumberInstrumentsOptions) {
    this.service = options.service;
    this.#options = options;
    this.#history = new History(options.figures.series);
  }

  tick(): boolean {
    const { figures, nowMs } = this.#options;
    const now = nowMs();
    if (now - this.#historyMs < HISTORY_MS) return false;
    this.#historyMs = now;
    this.#history.take(now, figures.metrics(), figures.histograms());
    return false;
  }

  health(): HealthReport {
    const { beats, nowMs, restartedMs } = this.#options;
    return healthOf(beats, nowMs(), restartedMs);
  }

  metrics(): readonly Metric[] {
    return this.#options.figures.metrics();
  }

  history(fromMs: number, stepMs: number): HistoryReport {
    return this.#history.report(fromMs, stepMs);
  }

  mark(text: string): void {
    checkMark(text);
    this.#history.mark(this.#options.nowMs(), text);
  }

  hotKeys(by: HotBy): HotKeysReport {
    return { by, unit: "requests/s", keys: [] };
  }

  families(): FamiliesReport {
    return { families: [] };
  }

  biography(key: Uint8Array): BiographyReport {
    return { key: toldKey(key), isSampled: false, isWatched: false, events: [], forgotten: 0 };
  }

  queues(): undefined {
    return undefined;
  }

  watched(): WatchReport {
    return { limit: 0, patterns: [] };
  }

  /** @throws RangeError */
  watch(): never {
    throw new RangeError(NO_KEYS);
  }

  unwatch(): void {}

  whatIf(): undefined {
    return undefined;
  }

  resetWhatIf(): void {}

  channels(): undefined {
    return undefined;
  }

  async clients(): Promise<undefined> {
    return undefined;
  }

  slowRequests(): undefined {
    return undefined;
  }

  settings(): readonly ToldSetting[] {
    return [];
  }

  /** @throws RangeError */
  async change(name: string): Promise<void> {
    throw new RangeError(`"${name}" cannot be changed here: use CONFIG SET`);
  }
}
