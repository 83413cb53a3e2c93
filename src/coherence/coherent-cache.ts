import { KeyRef } from "../lib/key-ref.ts";
import { Flight, type FlightOwner } from "./flight.ts";
import { FlightTable } from "./flight-table.ts";
import type { Fill } from "./leases.ts";
import type { Variant } from "./variant.ts";
import type { Waiter } from "./waiter.ts";

/** Why a cache drops a key: a write through it, an invalidation of the origin's, a reply that shows a newer state. */
type InvalidatedBy = "write" | "push" | "reply";

/** Told what is invalidated. Keys are valid during the call. */
export interface InvalidationObserver {
  invalidated(key: KeyRef, by: InvalidatedBy): void;
  /** Everything fetched so far is of no use any longer. */
  invalidatedAll(): void;
}

/**
 * Where the entries are. It keeps a lease for each key (`Leases`) and one epoch, and stores what a fill brings only
 * while both are as they were when the fill began.
 */
export interface CoherentStore {
  /** Lets `key` stand for bytes[start, end), with the hash that it has here. */
  refer(key: KeyRef, bytes: Uint8Array, start: number, end: number): KeyRef;
  /** Removes the entry and voids the leases of all fills of this key that are under way. */
  invalidate(key: KeyRef): unknown;
  /** The lease of the keys with this hash. */
  lease(hash: number): number;
  /** A fill begins. @returns the lease that it must present */
  beginFill(hash: number): number;
  /** A fill has ended, whatever came of it. */
  endFill(hash: number): void;
  readonly epoch: number;
  /** Makes everything that is stored invisible, and voids all fills under way. */
  bumpEpoch(): void;
}

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
export class CoherentCache<Store extends CoherentStore, Asked extends Variant = Variant> {
  readonly store: Store;
  /** Whether other threads fill it, too. */
  readonly isShared: boolean;
  /** Keys invalidated: pushes of the origin, and writes through this proxy when they are sent. */
  invalidationCount = 0;
  readonly #flights = new FlightTable<Asked>();
  readonly #pushedKey = new KeyRef();
  readonly #observer: InvalidationObserver | undefined;

  constructor(store: Store, isShared: boolean, observer?: InvalidationObserver) {
    this.store = store;
    this.isShared = isShared;
    this.#observer = observer;
  }

  /** Fills under way that further reads may join. */
  get flightCount(): number {
    return this.#flights.size;
  }

  /** The fill of this key with this question that is under way, if there is one. */
  findFlight(key: KeyRef, variant: Asked): Flight<Asked> | undefined {
    return this.#flights.find(key, variant);
  }

  /**
   * A fill of this key begins, of which there must be no other with this question in the table. The question is to be sent over the
   * connection that invalidations come over, and `end` called.
   * @param key kept, and `variant` as well
   */
  begin(key: KeyRef, variant: Asked, owner: FlightOwner<Asked>, first: Waiter): Flight<Asked> {
    const { store } = this;
    const flight = new Flight(key, variant, store.beginFill(key.hash), store.epoch, owner, first);
    this.#flights.add(flight);
    return flight;
  }

  /** Lets no further reads join a fill. */
  forget(flight: Flight<Asked>): void {
    this.#flights.remove(flight);
  }

  /** A fill has ended. @param isStored whether what it brought is in the cache now */
  end(flight: Flight<Asked>, isStored: boolean): void {
    this.#flights.remove(flight);
    this.store.endFill(flight.key.hash);
    if (!isStored && this.isShared) this.invalidate(flight.key);
  }

  /**
   * Whether a read may wait for what a fill brings. That may be as old as its question. While a connection that stalls has
   * not been given up yet (one being set up has no heartbeat), that can be longer ago than a read may be stale. And
   * another thread may have invalidated the key since.
   * @param oldestMs how old an answer may be
   */
  mayJoin(flight: Flight<Asked>, nowMs: number, oldestMs: number): boolean {
    if (nowMs - flight.sentAtMs > oldestMs || flight.hasExpired(nowMs)) return false;
    return !this.isShared || this.holds(flight.key, flight);
  }

  /** Whether nothing has invalidated the key since a fill noted this. */
  holds({ hash }: KeyRef, { lease, epoch }: Fill): boolean {
    return this.store.lease(hash) === lease && this.store.epoch === epoch;
  }

  /** A write of the key is sent; or what another thread may have stored is older than what is shown. */
  invalidate(key: KeyRef): void {
    this.invalidationCount++;
    this.#observer?.invalidated(key, "write");
    this.store.invalidate(key);
    if (this.#flights.size === 0) return;
    for (let flight = this.#flights.first(key); flight !== undefined; flight = this.#flights.first(key)) {
      this.#flights.remove(flight);
    }
  }

  /** The origin says that the key bytes[start, end) has changed: by itself, or because of a write of anybody's, this proxy's too. */
  pushed(bytes: Uint8Array, start: number, end: number): void {
    this.invalidationCount++;
    const key = this.store.refer(this.#pushedKey, bytes, start, end);
    this.#observer?.invalidated(key, "push");
    this.#renew(key);
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
  settle(key: KeyRef): void {
    this.#observer?.invalidated(key, "reply");
    this.#renew(key);
  }

  #renew(key: KeyRef): void {
    const { store } = this;
    store.invalidate(key);
    if (this.#flights.size === 0) return;
    let next = this.#flights.first(key);
    while (next !== undefined) {
      const flight = next;
      next = this.#flights.after(flight);
      const renewed = (flight.lease + 1) | 0;
      if (flight.isUnanswered && store.lease(key.hash) === renewed) flight.lease = renewed;
      else this.#flights.remove(flight);
    }
  }

  /** Everything fetched so far, and everything being fetched, is of no use any longer. */
  invalidateAll(): void {
    this.#observer?.invalidatedAll();
    this.store.bumpEpoch();
    this.#flights.clear();
  }
}
