import type { Store } from "../cache/store.ts";
import { FlightTable } from "./flight-table.ts";

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
  readonly flights = new FlightTable();
  /** Keys invalidated, by the origin or by writes through this proxy. */
  invalidationCount = 0;

  constructor(store: Store, isShared: boolean) {
    this.store = store;
    this.isShared = isShared;
  }

  invalidate(bytes: Uint8Array, start: number, end: number): void {
    this.invalidationCount++;
    const hash = this.store.hash(bytes, start, end);
    this.store.invalidate(bytes, start, end, hash);
    if (this.flights.size === 0) return;
    const flight = this.flights.find(bytes, start, end, hash);
    if (flight !== undefined) this.flights.remove(flight);
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
    const flight = flights.find(bytes, start, end, hash);
    if (flight === undefined) return;
    const renewed = (flight.lease + 1) | 0;
    if (store.lease(hash) === renewed) flight.lease = renewed;
    else flights.remove(flight);
  }

  /** Everything fetched so far, and everything being fetched, is of no use any longer. */
  invalidateAll(): void {
    this.store.bumpEpoch();
    this.flights.clear();
  }
}
