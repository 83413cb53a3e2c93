import type { Conditions } from "./conditions.ts";
import { chance } from "./timed-requests.ts";

/** What a cache's requests cost behind it. */
export interface Costs {
  /** Fetches that the origin was asked for. */
  fetches: number;
  /** Fetches that failed. */
  failedFetches: number;
  /** Reads that got an error: those whose own fetch failed, or the one that they waited for. */
  failedReads: number;
  /** Reads of a key under way that waited for its fetch. */
  coalesced: number;
  /** Reads of a key under way that fetched it once more. */
  duplicates: number;
  /** Writes that the origin was asked for. */
  writes: number;
  /** Entries that left because their time to live was over. */
  expired: number;
  /** Sum of the times that all reads took. A hit takes none. */
  waitedMs: number;
}

const noCosts = (): Costs => ({
  ...{ fetches: 0, failedFetches: 0, failedReads: 0, coalesced: 0, duplicates: 0, writes: 0 },
  ...{ expired: 0, waitedMs: 0 },
});

/** A fetch under way. */
interface Flight {
  readonly endsMs: number;
  readonly fails: boolean;
}

/** What became of a read. */
export interface ReadOutcome {
  readonly fails: boolean;
  /** Whether the key was being fetched already. */
  readonly isUnderWay: boolean;
}

const DONE: ReadOutcome = { fails: false, isUnderWay: false };
const FAILED: ReadOutcome = { fails: true, isUnderWay: false };
const FAILURES = 0x0f_a1_1e_d5;

/**
 * A model of the slow store behind a cache, with a clock. It answers each fetch after the same time, and some with an
 * error. The cache has an entry from the request that fetches it; requests that come before the answer wait for it, or
 * fetch it again (delayed hits: Atre et al., SIGCOMM 2020).
 */
export class Origin {
  readonly #conditions: Conditions;
  /** By object, in the order in which they end. */
  #flights = new Map<number, Flight>();
  /** Written objects that the origin has yet to hear of. */
  #dirty = new Set<number>();
  #costs: Costs = noCosts();

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  get costs(): Costs {
    return this.#costs;
  }

  /** How many entries would be lost if the cache lost its memory now. */
  get dirty(): number {
    return this.#dirty.size;
  }

  /** @param isHit whether the cache has an entry of the object */
  read(object: number, index: number, nowMs: number, isHit: boolean): ReadOutcome {
    const costs = this.#costs;
    const { originMs, failures, coalesces } = this.#conditions;
    const flight = this.#flightOf(object, nowMs);
    if (isHit && flight === undefined) return DONE;
    const isUnderWay = flight !== undefined;
    if (flight !== undefined && coalesces) {
      costs.coalesced++;
      // Times of a recording may go back a little.
      costs.waitedMs += Math.min(originMs, flight.endsMs - nowMs);
      if (flight.fails) costs.failedReads++;
      return { fails: flight.fails, isUnderWay };
    }
    if (isUnderWay) costs.duplicates++;
    const fails = failures > 0 && chance(FAILURES, index) < failures;
    costs.fetches++;
    costs.waitedMs += originMs;
    if (fails) {
      costs.failedFetches++;
      costs.failedReads++;
    }
    // The first answer with a value counts.
    if (originMs > 0 && (flight === undefined || (flight.fails && !fails))) {
      this.#flights.delete(object);
      this.#flights.set(object, { endsMs: nowMs + originMs, fails });
    }
    return isUnderWay ? { fails, isUnderWay } : fails ? FAILED : DONE;
  }

  /** What is being fetched is old now, and what was written before need not be written any more. */
  supersede(object: number): void {
    this.#flights.delete(object);
    this.#dirty.delete(object);
  }

  /** @param isKept whether the cache has what was written */
  change(object: number, isKept: boolean): void {
    if (this.#conditions.writes === "back" && isKept) this.#dirty.add(object);
    else this.#costs.writes++;
  }

  /** An entry leaves the cache: the origin gets what it has not heard of. */
  entryLeft(object: number): void {
    if (this.#dirty.delete(object)) this.#costs.writes++;
  }

  #flightOf(object: number, nowMs: number): Flight | undefined {
    for (const [landed, { endsMs }] of this.#flights) {
      if (endsMs > nowMs) break;
      this.#flights.delete(landed);
    }
    const flight = this.#flights.get(object);
    return flight !== undefined && flight.endsMs > nowMs ? flight : undefined;
  }

  image(): OriginImage {
    return { flights: new Map(this.#flights), dirty: new Set(this.#dirty), costs: { ...this.#costs } };
  }

  restore({ flights, dirty, costs }: OriginImage): void {
    this.#flights = new Map(flights);
    this.#dirty = new Set(dirty);
    this.#costs = { ...costs };
  }
}

/** A copy of an origin's state. */
export interface OriginImage {
  readonly flights: ReadonlyMap<number, Flight>;
  readonly dirty: ReadonlySet<number>;
  readonly costs: Readonly<Costs>;
}

/** Roughly what an entry of a map or a set takes. */
const BYTES_EACH = 48;

export function originImageBytes({ flights, dirty }: OriginImage): number {
  return BYTES_EACH * (flights.size + dirty.size);
}
