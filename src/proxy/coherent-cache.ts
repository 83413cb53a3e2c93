import type { Store } from "../store/store.ts";
import type { CacheObserver } from "./cache-observer.ts";
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
  /** Keys invalidated: pushes of the origin, and writes through this proxy when they are sent. */
  invalidationCount = 0;

  readonly #observer: CacheObserver | undefined;

  constructor(store: Store, isShared: boolean, observer?: CacheObserver) {
    this.store = store;
    this.isShared = isShared;
    this.#observer = observer;
    store.onDeparture = observer?.left?.bind(observer);
  }

  /** A write of the key is sent; or what another thread may have stored is older than what is shown. */
  invalidate(bytes: Uint8Array, start: number, end: number): void {
    this.invalidationCount++;
    this.#observer?.invalidated(bytes, start, end, "write");
    const hash = this.store.hash(bytes, start, end);
    this.store.invalidate(bytes, start, end, hash);
    if (this.flights.size === 0) return;
    const flight = this.flights.find(bytes, start, end, hash);
    if (flight !== undefined) this.flights.remove(flight);
  }

  /** The origin says that the key has changed: by itself, or because of a write of anybody's, this proxy's too. */
  pushed(bytes: Uint8Array, start: number, end: number): void {
    this.invalidationCount++;
    this.#observer?.invalidated(bytes, start, end, "push");
    this.#renew(bytes, start, end);
  }

  /**
   * What anybody has fetched of the key before now may be old: the reply to a request that concerns it is about to be
   * shown, or an invalidation has come. One fill is not concerned: this thread's own, if it has had no reply yet. On one
   * connection the order of bytes is the order of execution, so the origin executes it behind that request, or behind
   * the change; it keeps its lease, unless another thread has changed that meanwhile:
   *
   * 1. SET k is sent, and makes fills of k under way void. GET k misses; its fill F is sent behind it.
   * 2. `+OK` and an invalidation of k come. It names the key, not the writer. F has no reply: it is executed after both.
   * 3. F's first reply comes, then another invalidation of k: F's second reply may be older or newer. F is void.
   */
  settle(bytes: Uint8Array, start: number, end: number): void {
    this.#observer?.invalidated(bytes, start, end, "reply");
    this.#renew(bytes, start, end);
  }

  #renew(bytes: Uint8Array, start: number, end: number): void {
    const { store, flights } = this;
    const hash = store.hash(bytes, start, end);
    store.invalidate(bytes, start, end, hash);
    if (flights.size === 0) return;
    const flight = flights.find(bytes, start, end, hash);
    if (flight === undefined) return;
    const renewed = (flight.lease + 1) | 0;
    if (flight.isUnanswered && store.lease(hash) === renewed) flight.lease = renewed;
    else flights.remove(flight);
  }

  /** Everything fetched so far, and everything being fetched, is of no use any longer. */
  invalidateAll(): void {
    this.#observer?.invalidatedAll();
    this.store.bumpEpoch();
    this.flights.clear();
  }
}
