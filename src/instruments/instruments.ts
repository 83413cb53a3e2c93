import type { PolicyChoice } from "../policy/registry.ts";
import { formatPolicy, parsePolicy } from "../policy/registry.ts";
import type { Departure } from "../store/departure-log.ts";
import type { Store } from "../store/store.ts";
import { DepartureReader } from "./departure-reader.ts";
import type { Event } from "./events/event.ts";
import { FILLED, HIT, INVALIDATED_ALL, IS_COUNTED, IS_FOLLOWED, MISS } from "./events/event-kinds.ts";
import { EventReader } from "./events/event-reader.ts";
import { FAMILIES_DEFAULTS, Families } from "./hot-keys/families.ts";
import { HOT_KEYS_DEFAULTS, HotKeys } from "./hot-keys/hot-keys.ts";
import { RecentKeys } from "./hot-keys/recent-keys.ts";
import type { InstrumentsMemory } from "./instruments-memory.ts";
import { LastReads } from "./last-reads.ts";
import { Load } from "./load.ts";
import type { FamiliesReport, HotBy, HotKeysReport, WhatIfReport } from "./view.ts";
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
/** Departures of a thread to read at once. */
const DEPARTURES_AT_ONCE = 10_000;
/** A slower origin than this hardly matters for a mean, and one lost answer should not count for hours. */
const FILL_LIMIT_MS = 60_000;

/** Reads the events of all threads and makes sense of them. One thread owns it. */
export class Instruments {
  readonly #options: InstrumentsOptions;
  readonly #reader: EventReader;
  readonly #departures: DepartureReader;
  readonly #load: Load;
  readonly #hotKeys: HotKeys;
  readonly #families: Families;
  /** The keys of misses whose values have not come yet. */
  readonly #recentKeys = new RecentKeys();
  readonly #lastReads = new LastReads();
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
  readonly #takeDeparture = (departure: Departure): void => this.#departed(departure);

  constructor(options: InstrumentsOptions) {
    const { memory, nowMs } = options;
    const now = nowMs();
    this.#options = options;
    const threads = Array.from({ length: memory.handle.threads }, (_, index) => index);
    this.#reader = new EventReader(threads.map((thread) => memory.ring(thread)));
    this.#departures = new DepartureReader(threads.map((thread) => memory.departures(thread, nowMs)));
    this.#hotKeys = new HotKeys(HOT_KEYS_DEFAULTS, now);
    this.#families = new Families(FAMILIES_DEFAULTS, 1, now);
    this.#load = new Load(now, this.#reader.reads, options.threadMs());
    this.#adaptedMs = now;
    this.#sinceMs = now;
    this.#readsBefore = this.#reader.reads;
    this.#present = this.#presentCache();
    this.#whatIf = this.#newWhatIf();
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
    const words = this.#reader.drain(nowMs, mostWords, this.#take);
    this.#departures.drain(nowMs, DEPARTURES_AT_ONCE, this.#takeDeparture);
    this.#whatIf.tick(nowMs, this.#reader.reads);
    if (nowMs - this.#adaptedMs >= ADAPT_MS) this.#adapt(nowMs);
    this.#options.memory.control.bound = this.#whatIf.bound;
    return words >= mostWords;
  }

  hotKeys(by: HotBy, count: number): HotKeysReport {
    return this.#hotKeys.report(by, count, this.#options.nowMs());
  }

  families(count: number): FamiliesReport {
    return this.#families.report(count, this.#options.nowMs());
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
    switch (event.kind) {
      case HIT:
        this.#hit(event);
        break;
      case MISS:
        this.#missed(event);
        break;
      case FILLED:
        this.#filled(event);
        break;
      case INVALIDATED_ALL:
        this.#hotKeys.cleared();
        this.#families.cleared(event.atMs);
    }
    this.#whatIf.event(event);
  }

  #hit({ flags, hash, atMs, bytes, keyStart, keyEnd, detail }: Event): void {
    if ((flags & IS_FOLLOWED) !== 0) this.#lastReads.read(hash, atMs);
    if ((flags & IS_COUNTED) === 0) return;
    this.#hotKeys.hit(hash, bytes, keyStart, keyEnd, detail, COUNT_EVERY, atMs);
    this.#families.hit(hash, bytes, keyStart, keyEnd, COUNT_EVERY, atMs);
  }

  #missed({ hash, atMs, bytes, keyStart, keyEnd }: Event): void {
    this.#misses++;
    this.#recentKeys.remember(hash, bytes, keyStart, keyEnd);
    this.#hotKeys.miss(hash, bytes, keyStart, keyEnd, atMs);
    this.#families.miss(hash, bytes, keyStart, keyEnd, atMs);
  }

  #filled({ hash, atMs, detail: valueBytes, second: ttlMs, third: originMs }: Event): void {
    this.#fills++;
    this.#fillMs += Math.min(FILL_LIMIT_MS, originMs);
    this.#lastReads.filled(hash);
    const recent = this.#recentKeys;
    if (!recent.find(hash)) return;
    const { bytes, start, end } = recent;
    this.#hotKeys.answered(hash, bytes, start, end, originMs, valueBytes, atMs);
    this.#families.filled(hash, bytes, start, end, valueBytes, Math.max(0, ttlMs), atMs);
  }

  #departed({ hash, cause, atMs, ageMs, reads, valueBytes }: Departure): void {
    const lastReadMs = this.#lastReads.left(hash);
    const unknown = reads === 0 ? 0 : -1;
    const lastReadAfterMs = lastReadMs === undefined ? unknown : Math.max(0, lastReadMs - (atMs - ageMs));
    this.#hotKeys.left(hash);
    this.#families.left(hash, cause === "expired", lastReadAfterMs, reads, valueBytes, atMs);
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
