import type { PolicyChoice } from "../policy/registry.ts";
import { formatPolicy, parsePolicy } from "../policy/registry.ts";
import type { Store } from "../store/store.ts";
import type { Event } from "./events/event.ts";
import { FILLED, MISS } from "./events/event-kinds.ts";
import { EventReader } from "./events/event-reader.ts";
import type { InstrumentsMemory } from "./instruments-memory.ts";
import { Load } from "./load.ts";
import type { WhatIfReport } from "./view.ts";
import type { PresentCache } from "./what-if/sampling-plan.ts";
import { WhatIf } from "./what-if/what-if.ts";
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
}

export interface InstrumentsOptions {
  readonly settings: InstrumentsSettings;
  readonly memory: InstrumentsMemory;
  /** The cache, attached to. */
  readonly store: Store;
  /** The processor time that this thread has taken, in milliseconds. */
  readonly threadMs: () => number;
  /** The time base of the cache. */
  readonly nowMs: () => number;
}

/** Of every so many hits, one is counted for hot keys and families. */
const COUNT_EVERY = 100;
/** How often the sampling follows the load. */
const ADAPT_MS = 2000;
/** A slower origin than this hardly matters for a mean, and one lost answer should not count for hours. */
const FILL_LIMIT_MS = 60_000;

/** Reads the events of all threads and makes sense of them. One thread owns it. */
export class Instruments {
  readonly #options: InstrumentsOptions;
  readonly #reader: EventReader;
  readonly #load: Load;
  #present: PresentCache;
  #whatIf: WhatIf;
  #adaptedMs: number;
  /** Since when what-if counts, and the reads and misses until then. */
  #sinceMs: number;
  #readsBefore = 0;
  #missesBefore = 0;
  #misses = 0;
  #fills = 0;
  #fillMs = 0;
  readonly #take = (event: Event): void => this.#event(event);

  constructor(options: InstrumentsOptions) {
    const { memory, nowMs } = options;
    const now = nowMs();
    this.#options = options;
    const threads = Array.from({ length: memory.handle.threads }, (_, index) => index);
    this.#reader = new EventReader(threads.map((thread) => memory.ring(thread)));
    this.#load = new Load(now, this.#reader.reads, options.threadMs());
    this.#adaptedMs = now;
    this.#sinceMs = now;
    this.#readsBefore = this.#reader.reads;
    this.#present = this.#presentCache();
    this.#whatIf = this.#newWhatIf();
    memory.control.countEvery = COUNT_EVERY;
    memory.control.bound = this.#whatIf.bound;
  }

  /** Records that were lost because a ring was full. */
  get dropped(): number {
    return this.#reader.dropped;
  }

  /**
   * Reads what has come since the last call.
   * @param mostWords after which to stop
   * @returns whether there may be more
   */
  tick(mostWords: number): boolean {
    const nowMs = this.#options.nowMs();
    const words = this.#reader.drain(nowMs, mostWords, this.#take);
    this.#whatIf.tick(nowMs, this.#reader.reads);
    if (nowMs - this.#adaptedMs >= ADAPT_MS) this.#adapt(nowMs);
    this.#options.memory.control.bound = this.#whatIf.bound;
    return words >= mostWords;
  }

  whatIf(): WhatIfReport {
    const { originCost, memoryCost } = this.#options.settings;
    const reads = this.#reader.reads - this.#readsBefore;
    const misses = this.#misses - this.#missesBefore;
    return whatIfReport(this.#whatIf, this.#present, {
      readsPerSecond: this.#load.readsPerSecond,
      missRatio: reads === 0 ? 0 : misses / reads,
      hitMs: 0,
      missMs: this.#fills === 0 ? 0 : this.#fillMs / this.#fills,
      reads,
      sinceMs: this.#sinceMs,
      originCost,
      memoryCost,
    });
  }

  resetWhatIf(): void {
    this.#sinceMs = this.#options.nowMs();
    this.#readsBefore = this.#reader.reads;
    this.#missesBefore = this.#misses;
    this.#whatIf.reset(this.#sinceMs, this.#readsBefore);
  }

  #event(event: Event): void {
    if (event.kind === MISS) this.#misses++;
    if (event.kind === FILLED) {
      this.#fills++;
      this.#fillMs += Math.min(FILL_LIMIT_MS, event.third);
    }
    this.#whatIf.event(event);
  }

  /** Follows the load, and changes of the cache. */
  #adapt(nowMs: number): void {
    this.#adaptedMs = nowMs;
    this.#load.measure(nowMs, this.#reader.reads, this.#options.threadMs(), this.#whatIf.accesses);
    const present = this.#presentCache();
    // Another policy may not be among those that are simulated.
    if (present.policy !== this.#present.policy && !this.#whatIf.policies.includes(present.policy)) {
      this.#present = present;
      this.#whatIf = this.#newWhatIf();
      this.resetWhatIf();
    }
    this.#present = present;
    const { readsPerSecond, accessNs } = this.#load;
    this.#whatIf.adapt(present, { readsPerSecond, accessNs, budget: this.#options.settings.budget });
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
      weigh: isBytes ? (keyBytes, valueBytes) => store.chargeOf(keyBytes, valueBytes) : () => 1,
    });
  }
}
