import type { Store } from "../cache/store.ts";
import { latin1 } from "../lib/bytes.ts";
import type { Flight } from "./flight.ts";

/**
 * The cache and the fills under way, kept together so that an invalidation always reaches both.
 *
 * Why no read returns an older value than a write that was acknowledged before it: a write invalidates its keys
 * when it is sent. That (1) removes the entry, (2) changes the key's lease, so that a fill asked for earlier is
 * discarded when its reply comes, and (3) takes the key's flight out of the table, so that later misses start a new
 * one, which is sent behind the write over the same connection.
 *
 * Where several threads share the cache, each has a connection of its own, and nothing orders what two of them
 * bring. So a write invalidates once more before it is acknowledged; a flight can be joined only while its lease
 * holds; a lease is good for one fill, and a value that cannot be stored, but is going to be shown to somebody, takes
 * the entry away that another thread may have stored: it may be older.
 */
export class CoherentCache {
  readonly store: Store;
  /** Whether other threads fill it, too. */
  readonly isShared: boolean;
  /** Fills under way that further misses may join, by key (one character a byte). */
  readonly flights = new Map<string, Flight>();
  /** Keys invalidated, by the origin or by writes through this proxy. */
  invalidationCount = 0;

  constructor(store: Store, isShared: boolean) {
    this.store = store;
    this.isShared = isShared;
  }

  invalidate(bytes: Uint8Array, start: number, end: number): void {
    this.invalidationCount++;
    this.store.invalidate(bytes, start, end, this.store.hash(bytes, start, end));
    if (this.flights.size > 0) this.flights.delete(latin1(bytes, start, end));
  }

  /**
   * The reply to a request that concerns this key has come, and is about to be shown: what another thread fetched
   * meanwhile may be older. A flight of this thread that is still under way was sent behind that request, over the
   * same connection, so it is not: it keeps its lease.
   */
  settle(bytes: Uint8Array, start: number, end: number): void {
    const { store, flights } = this;
    const hash = store.hash(bytes, start, end);
    store.invalidate(bytes, start, end, hash);
    if (flights.size === 0) return;
    const name = latin1(bytes, start, end);
    const flight = flights.get(name);
    if (flight === undefined) return;
    const renewed = (flight.lease + 1) | 0;
    if (store.lease(hash) === renewed) flight.lease = renewed;
    else flights.delete(name);
  }

  /** Everything fetched so far, and everything being fetched, is of no use any longer. */
  invalidateAll(): void {
    this.store.bumpEpoch();
    this.flights.clear();
  }
}
