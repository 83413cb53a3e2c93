import { formatPolicy, type PolicyChoice, parsePolicy } from "../policy/registry.ts";
import type { Departure } from "../store/departure-log.ts";
import type { Store } from "../store/store.ts";
import { clientsReport } from "./clients-report.ts";
import { DepartureReader } from "./departure-reader.ts";
import type { Event } from "./events/event.ts";
import { LOST } from "./events/event-kinds.ts";
import { EventReader } from "./events/event-reader.ts";
import { familyMetrics } from "./family-metrics.ts";
import { healthOf } from "./health.ts";
import { checkMark, History } from "./history.ts";
import type { HistorySeries } from "./history-series.ts";
import { instrumentMetrics } from "./instrument-metrics.ts";
import type { InstrumentsMemory } from "./instruments-memory.ts";
import { KeptValue } from "./kept-value.ts";
import { KeyFigures } from "./key-figures.ts";
import { KeyStories } from "./key-stories.ts";
import { Load } from "./load.ts";
import { mergedMetrics } from "./merged-metrics.ts";
import type { MetricHistogram } from "./published-metrics.ts";
import { QueueWatch } from "./queues/queue-watch.ts";
import type { ThreadQuestions } from "./thread-questions.ts";
import type {
  BiographyReport,
  ChannelsReport,
  ClientsReport,
  FamiliesReport,
  HealthReport,
  HistoryReport,
  HotBy,
  HotKeysReport,
  InstrumentsView,
  Metric,
  QueuesReport,
  SlowRequestsReport,
  ToldSetting,
  WatchReport,
  WhatIfReport,
} from "./view.ts";
import type { PresentCache } from "./what-if/sampling-plan.ts";
import { WhatIf, type WhatIfEstimate } from "./what-if/what-if.ts";
import { whatIfReport } from "./what-if/what-if-report.ts";

export interface InstrumentsSettings {
  /** Policies that are simulated besides the present one. */
  readonly policies: readonly PolicyChoice[];
  /** The share of one processor that the instruments may take. */
  readonly budget: number;
  /** The price of a million requests to the origin. */
  readonly originCost: number | undefined;
  /** The price of a gigabyte of memory for a month. */
  readonly memoryCost: number | undefined;
  /** How many families of keys the metrics tell. */
  readonly metricsFamilies: number;
}

/** What a service has counted. */
export interface ServiceFigures {
  readonly series: readonly HistorySeries[];
  /** Audits so far that found a value which must not have been served. */
  brokenPromises(): number;
  /** Keys read through the cache so far. A coalesced read counts as a hit, as in a simulated cache. */
  keysRead(): { readonly hits: number; readonly misses: number };
  metrics(): Metric[];
  histograms(): MetricHistogram[];
  channels(): ChannelsReport;
}

/** Settings of the service that may be changed here, as its users write them. */
interface LiveNumbers {
  readonly names: readonly string[];
  show(name: string): string;
  /**
   * Changes the value that threads share; they adopt it when they are asked to.
   * @throws RangeError saying what is wrong with it
   */
  change(name: string, value: string): void;
}

export interface InstrumentsOptions {
  readonly service: InstrumentsView["service"];
  readonly figures: ServiceFigures;
  readonly slowRequests: InstrumentsView["slowRequests"];
  readonly threads: ThreadQuestions;
  readonly live: LiveNumbers;
  readonly settings: InstrumentsSettings;
  readonly memory: InstrumentsMemory;
  /** The cache, attached to. */
  readonly store: Store;
  /** The processor time that this thread has taken, in milliseconds. */
  readonly threadMs: () => number;
  /** A monotonic clock, for the cost of simulations. */
  readonly clockMs: () => number;
  /** The time base of the cache. */
  readonly nowMs: () => number;
  /** Gives back what this thread does not use any more: the runtime would do so much later. */
  readonly collectGarbage: () => void;
  /** When this thread replaced one that had died; undefined: it did not. */
  readonly restartedMs: number | undefined;
}

/** How many reads a second are counted for hot keys and families at least; at most twice as many, where there are more. */
const COUNTED_PER_SECOND = 1250;
/** Of so many hits one is counted, until the load is known. */
const COUNT_EVERY = 128;
/** How often the sampling follows the load. */
const ADAPT_MS = 250;
/** It follows at once when this many times the reads have come that it was made for, and this many at least. */
const SURGE = 2;
const LEAST_SURGE = 10_000;
/** Departures of a thread to read at once. */
const DEPARTURES_AT_ONCE = 10_000;
/** How often the history takes the figures. */
const HISTORY_MS = 1000;
/** How often the optimum is computed at most. */
const OPTIMUM_MS = 5000;
/** The share of one processor that it may take: once many reads are remembered, it takes tenths of a second. */
const OPTIMUM_SHARE = 0.004;
/** Estimates cost more than all other figures together, and a stream asks for these four times a second. */
const ESTIMATES_MS = 1000;
const DURATION = "glasscache_request_duration_seconds";

/** Reads the events of all threads and makes sense of them. One thread owns it. */
export class Instruments implements InstrumentsView {
  readonly service: InstrumentsView["service"];
  readonly #options: InstrumentsOptions;
  readonly #reader: EventReader;
  readonly #departures: DepartureReader;
  readonly #load: Load;
  readonly #figures: KeyFigures;
  readonly #stories: KeyStories;
  readonly #queues: QueueWatch;
  readonly #history: History;
  #historyMs = 0;
  /** The optimum at each size, as it was last computed. */
  readonly #optimum = new KeptValue(OPTIMUM_MS, () => this.#whatIf.optimum(), {
    share: OPTIMUM_SHARE,
    clockMs: () => this.#options.clockMs(),
  });
  readonly #estimates = new KeptValue(ESTIMATES_MS, () => this.#whatIf.estimates());
  #present: PresentCache;
  #whatIf: WhatIf;
  #adaptedMs: number;
  /** The reads per second that the sampling was made for last. */
  #plannedReads = 0;
  /** Since when what-if counts, and the hits and misses until then. */
  #sinceMs: number;
  #hitsBefore = 0;
  #missesBefore = 0;
  #lostBefore: number;
  readonly #takeEvent = (event: Event): void => this.#event(event);
  readonly #takeDeparture = (departure: Departure): void => this.#departed(departure);

  constructor(options: InstrumentsOptions) {
    const { memory, nowMs, store } = options;
    const now = nowMs();
    const threads = Array.from({ length: memory.handle.threads }, (_, index) => index);
    const logs = threads.map((thread) => memory.departures(thread, nowMs));
    this.#options = options;
    this.service = options.service;
    this.#history = new History(options.figures.series);
    this.#reader = new EventReader(threads.map((thread) => memory.ring(thread)));
    this.#departures = new DepartureReader(logs);
    this.#figures = new KeyFigures(now);
    this.#stories = new KeyStories(store, memory.filter, logs);
    this.#queues = new QueueWatch(store, (hash) => this.#stories.nameOf(hash));
    this.#load = new Load(now, this.#reader.reads, options.threadMs());
    this.#adaptedMs = now;
    this.#sinceMs = now;
    this.#beginCount();
    this.#lostBefore = this.dropped;
    this.#present = this.#presentCache();
    this.#whatIf = this.#newWhatIf();
    memory.filter.set([]);
    memory.control.countEvery = COUNT_EVERY;
    memory.control.bound = this.#whatIf.bound;
  }

  /** Records that were lost because a ring was full, or had gone before they were read. */
  get dropped(): number {
    return this.#reader.dropped + this.#departures.lost;
  }

  /**
   * Reads what has come since the last call.
   * @param mostWords after which to stop
   * @returns whether there may be more
   */
  tick(mostWords: number): boolean {
    const nowMs = this.#options.nowMs();
    const words = this.#reader.drain(nowMs, mostWords, this.#takeEvent);
    this.#departures.drain(nowMs, DEPARTURES_AT_ONCE, this.#takeDeparture);
    const lost = this.dropped - this.#lostBefore;
    this.#lostBefore += lost;
    this.#whatIf.tick(nowMs, this.#reader.seenReads, this.#reader.bound);
    this.#stories.tick(nowMs, this.#whatIf.steadyBound, lost);
    if (nowMs - this.#adaptedMs >= ADAPT_MS) this.#adapt(nowMs);
    else this.#yieldToSurge(nowMs);
    if (nowMs - this.#historyMs >= HISTORY_MS) this.#keepHistory(nowMs);
    this.#options.memory.control.bound = this.#whatIf.bound;
    return words >= mostWords;
  }

  health(): HealthReport {
    const { memory, nowMs, restartedMs, figures } = this.#options;
    return healthOf(memory.beats, nowMs(), restartedMs, figures.brokenPromises());
  }

  metrics(): readonly Metric[] {
    const { metricsFamilies } = this.#options.settings;
    const figures = this.#ownFigures();
    return metricsFamilies === 0 ? figures : [...figures, ...familyMetrics(this.families(metricsFamilies))];
  }

  #ownFigures(): readonly Metric[] {
    const own = { dropped: this.dropped, share: this.#load.share };
    const regrets = this.#stories.regrets.report();
    return mergedMetrics(
      this.#options.figures.metrics(),
      instrumentMetrics(this.#whatIfReport([]), regrets, own),
    );
  }

  history(fromMs: number, stepMs: number): HistoryReport {
    return this.#history.report(fromMs, stepMs);
  }

  mark(text: string): void {
    checkMark(text);
    this.#history.mark(this.#options.nowMs(), text);
  }

  hotKeys(by: HotBy, count: number): HotKeysReport {
    return this.#figures.hotKeys(by, count, this.#options.nowMs());
  }

  families(count: number): FamiliesReport {
    return this.#figures.families(count, this.#options.nowMs());
  }

  biography(key: Uint8Array): BiographyReport {
    return this.#stories.biography(key, this.#options.nowMs());
  }

  queues(shard: number): QueuesReport {
    return this.#queues.report(shard, this.#options.nowMs());
  }

  watched(): WatchReport {
    return this.#stories.watched();
  }

  watch(pattern: string): void {
    this.#stories.watch(pattern);
  }

  unwatch(pattern: string): void {
    this.#stories.unwatch(pattern);
  }

  channels(): ChannelsReport {
    return this.#options.figures.channels();
  }

  async clients(count: number): Promise<ClientsReport> {
    const { threads } = this.#options;
    return clientsReport(await threads.ask({ kind: "clients" }), threads.threads, count);
  }

  slowRequests(count: number): SlowRequestsReport | undefined {
    return this.#options.slowRequests(count);
  }

  whatIf(): WhatIfReport {
    return this.#whatIfReport(this.#optimum.get(this.#options.nowMs()));
  }

  #whatIfReport(optimum: readonly WhatIfEstimate[]): WhatIfReport {
    const { originCost, memoryCost } = this.#options.settings;
    const { hits, misses } = this.#options.figures.keysRead();
    const reads = hits - this.#hitsBefore + misses - this.#missesBefore;
    const figures = {
      readsPerSecond: this.#load.readsPerSecond,
      missRatio: reads === 0 ? 0 : (misses - this.#missesBefore) / reads,
      ...this.#meanTimes(),
      reads,
      sinceMs: this.#sinceMs,
      originCost,
      memoryCost,
    };
    const { policies, sampledReads } = this.#whatIf;
    const estimates = this.#estimates.get(this.#options.nowMs());
    return whatIfReport({ policies, sampledReads, estimates, optimum }, this.#present, figures);
  }

  resetWhatIf(): void {
    this.#sinceMs = this.#options.nowMs();
    this.#beginCount();
    this.#whatIf.reset(this.#sinceMs, this.#reader.seenReads);
    this.#optimum.forget();
    this.#estimates.forget();
  }

  #beginCount(): void {
    const { hits, misses } = this.#options.figures.keysRead();
    this.#hitsBefore = hits;
    this.#missesBefore = misses;
  }

  settings(): readonly ToldSetting[] {
    const { live } = this.#options;
    const { policies, budget } = this.#options.settings;
    const { policy, size, unit } = this.#presentCache();
    return [
      { name: "policy", value: policy, changeable: true },
      {
        name: unit === "bytes" ? "memory" : "max-entries",
        value: String(Math.round(size)),
        changeable: false,
      },
      ...live.names.map((name) => ({ name, value: live.show(name), changeable: true })),
      { name: "what-if-policies", value: policies.map(formatPolicy).join(","), changeable: false },
      { name: "instruments-budget", value: `${budget * 100}%`, changeable: false },
    ];
  }

  /** @throws RangeError saying what is wrong */
  async change(name: string, value: string): Promise<void> {
    const { store, live, threads, nowMs } = this.#options;
    const names = ["policy", ...live.names];
    if (!names.includes(name)) {
      throw new RangeError(`"${name}" cannot be changed here; ${names.join(", ")} can`);
    }
    const shown = (): string => (name === "policy" ? store.policyName : live.show(name));
    const before = shown();
    if (name === "policy") store.setPolicy(value);
    else {
      live.change(name, value);
      await threads.ask({ kind: "settings" });
    }
    this.#history.mark(nowMs(), `${name} ${before} → ${shown()}`);
  }

  #event(event: Event): void {
    if (event.kind === LOST) this.#whatIf.lost(this.#reader.seenReads, (event.second - event.detail) >>> 0);
    this.#whatIf.event(event);
    this.#figures.event(event);
    this.#stories.event(event);
  }

  #departed(departure: Departure): void {
    this.#figures.departed(departure);
    this.#stories.departed(departure);
    this.#queues.departed(departure);
  }

  #keepHistory(nowMs: number): void {
    this.#historyMs = nowMs;
    this.#history.take(nowMs, this.#ownFigures(), this.#options.figures.histograms());
  }

  /** Returns the mean times of hits and misses inside the service. */
  #meanTimes(): { readonly hitMs: number; readonly missMs: number } {
    const histograms = this.#options.figures.histograms();
    const meanMs = (result: string): number => {
      const found = histograms.find(
        ({ metric, labels }) => metric === DURATION && labels["result"] === result,
      );
      return found === undefined ? 0 : found.histogram.mean * found.unit * 1000;
    };
    return { hitMs: meanMs("hit"), missMs: meanMs("miss") };
  }

  /** A load that comes all at once takes the budget of a second within a few hundredths, if nothing slows it down. */
  #yieldToSurge(nowMs: number): void {
    const readsPerSecond = this.#load.rateSince(nowMs, this.#reader.reads);
    const reads = (readsPerSecond * (nowMs - this.#adaptedMs)) / 1000;
    const planned = (this.#plannedReads * ADAPT_MS) / 1000;
    if (reads > Math.max(LEAST_SURGE, SURGE * planned)) this.#fit(readsPerSecond);
  }

  /** Follows the load, and changes of the cache. */
  #adapt(nowMs: number): void {
    this.#adaptedMs = nowMs;
    this.#load.measure(
      nowMs,
      this.#reader.reads,
      this.#options.threadMs(),
      this.#whatIf.accesses,
      this.#whatIf.accessNs,
    );
    const present = this.#presentCache();
    const isNew = present.policy !== this.#present.policy && !this.#whatIf.policies.includes(present.policy);
    this.#present = present;
    // Another policy may not be among those that are simulated.
    if (isNew) {
      this.#whatIf = this.#newWhatIf();
      this.resetWhatIf();
    }
    // A load that has just come counts at once, one that has gone counts for a while.
    const isReplaced = this.#fit(Math.max(this.#load.readsPerSecond, this.#load.lastReadsPerSecond));
    if (isNew || isReplaced) this.#options.collectGarbage();
  }

  /** Makes the sampling fit so many reads per second. @returns whether all simulated caches were replaced */
  #fit(readsPerSecond: number): boolean {
    const { memory, settings } = this.#options;
    const { otherShare, peakReadsPerSecond } = this.#load;
    const { budget } = settings;
    this.#plannedReads = readsPerSecond;
    memory.control.countEvery = countEvery(readsPerSecond);
    return this.#whatIf.adapt(this.#present, { readsPerSecond, peakReadsPerSecond, otherShare, budget });
  }

  #presentCache(): PresentCache {
    const { store } = this.#options;
    const { unit, size, entries } = store.capacity;
    return { policy: store.policyName, unit, size, entries };
  }

  #newWhatIf(): WhatIf {
    const { store, settings } = this.#options;
    const present = parsePolicy(this.#present.policy);
    const others = settings.policies.filter((policy) => formatPolicy(policy) !== this.#present.policy);
    const isBytes = this.#present.unit === "bytes";
    return new WhatIf({
      policies: [present, ...others],
      present: this.#present,
      budget: settings.budget,
      clockMs: this.#options.clockMs,
      weigh: isBytes ? (keyBytes, valueBytes) => store.chargeOf(keyBytes, valueBytes) : () => 1,
    });
  }
}

/** Powers of two, so that small changes of the load change nothing. */
function countEvery(readsPerSecond: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(readsPerSecond / COUNTED_PER_SECOND)));
}
