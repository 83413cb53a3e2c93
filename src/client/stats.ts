import type { Source } from "./call.ts";
import { Latencies, type LatencySummary } from "./latencies.ts";

/**
 * The events that a client has counted since it connected. Every key read by `get`, `mget` or `getOrSet` counts as
 * one of the first three.
 */
export interface ClientStats {
  /** Reads that found a value. */
  readonly hits: number;
  /** Reads that found none. For `getOrSet`: the caller's loader was called, or was about to be. */
  readonly misses: number;
  /** Calls of `getOrSet` that found no value and waited for another caller's load, here or in another process. */
  readonly coalesced: number;
  /** Loaders run by `getOrSet`, failed ones included. */
  readonly loads: number;
  /** Loaders that threw, or whose value could not be stored as the requested type. */
  readonly loadFailures: number;
  /** Loaded values that were returned but not stored; the event `notStored` says why. */
  readonly notStored: number;
  /** Sources that a proxy reported for `get`: its cache, the origin, or another client's miss. */
  readonly proxy: { readonly hits: number; readonly misses: number; readonly coalesced: number };
  readonly latencies: {
    /** `get` and `mget`. */
    readonly reads: LatencySummary;
    /** `put`, `set`, `delete`, `del` and `expire`. */
    readonly writes: LatencySummary;
    /** `getOrSet`, including all waiting. */
    readonly getOrSet: LatencySummary;
    /** The loaders alone. */
    readonly loads: LatencySummary;
  };
}

/** Counts the events in `ClientStats`. */
export class StatsCounter {
  hits = 0;
  misses = 0;
  coalesced = 0;
  loads = 0;
  loadFailures = 0;
  notStored = 0;
  proxyHits = 0;
  proxyMisses = 0;
  proxyCoalesced = 0;
  readonly reads: Latencies = new Latencies();
  readonly writes: Latencies = new Latencies();
  readonly getOrSets: Latencies = new Latencies();
  readonly loadTimes: Latencies = new Latencies();

  /** Counts a read of one key. */
  read(found: boolean, source: Source): void {
    if (found) this.hits++;
    else this.misses++;
    this.told(source);
  }

  /** Counts the source that a proxy reported for a value. */
  told(source: Source): void {
    if (source === "hit") this.proxyHits++;
    else if (source === "miss") this.proxyMisses++;
    else if (source === "coalesced") this.proxyCoalesced++;
  }

  snapshot(): ClientStats {
    const { hits, misses, coalesced, loads, loadFailures, notStored } = this;
    return {
      ...{ hits, misses, coalesced, loads, loadFailures, notStored },
      proxy: { hits: this.proxyHits, misses: this.proxyMisses, coalesced: this.proxyCoalesced },
      latencies: {
        reads: this.reads.summary(),
        writes: this.writes.summary(),
        getOrSet: this.getOrSets.summary(),
        loads: this.loadTimes.summary(),
      },
    };
  }
}
