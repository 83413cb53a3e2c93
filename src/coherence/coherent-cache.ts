import { KeyRef } from "../lib/key-ref.ts";
import { Flight, type FlightOwner } from "./flight.ts";
import { FlightTable } from "./flight-table.ts";
import type { Fill } from "./leases.ts";
import type { Variant } from "./variant.ts";
import type { Waiter } from "./waiter.ts";

/**
 * Why a key was invalidated: a write through this cache, a push from the origin, or a reply that shows a newer state.
 */
type InvalidatedBy = "write" | "push" | "reply";

/**
 * Why all keys were invalidated: the origin, or a write through this cache, has changed all of them; a channel was lost;
 * or nobody tells what has changed.
 */
export type InvalidatedAllBy = "flush" | "channel" | "caution";

/** Is told of every invalidation. A key is valid during the call only. */
export interface InvalidationObserver {
  invalidated(key: KeyRef, by: InvalidatedBy): void;
  /**
   * Everything fetched so far has become void.
   * @param slots only that of the keys in these hash slots; undefined: all of it
   */
  invalidatedAll(slots?: readonly number[]): void;
}

/**
 * Holds the entries, a lease for each key (`Leases`) and epochs: one for all keys, or one for each hash slot. It stores
 * what a fill brings only while the key's lease and epoch are still those from the start of the fill.
 */
export interface CoherentStore {
  /** Makes `key` refer to bytes[start, end), with the hash that this store gives them. */
  refer(key: KeyRef, bytes: Uint8Array, start: number, end: number): KeyRef;
  /**
   * Removes the key's entries and voids the leases of all fills of the key under way.
   * @returns true if there was an entry
   */
  invalidate(key: KeyRef): unknown;
  /** Removes the key's entries but that of one variant. */
  removeOthers(key: KeyRef, kept: Variant): unknown;
  /** Returns the lease of the keys with this hash. */
  lease(hash: number): number;
  /** Counts a fill that begins. @returns the lease that the fill must present */
  beginFill(hash: number): number;
  /** Counts the end of a fill, stored or not. */
  endFill(hash: number): void;
  /** Whether the key has not been invalidated since the fill began; see `Leases.holds`. */
  holds(key: KeyRef, fill: Fill): boolean;
  /** Returns the key's epoch. */
  epochOf(key: KeyRef): number;
  /**
   * Makes everything stored so far invisible and voids all fills under way.
   * @param slots only of the keys in these hash slots, if the store can tell them apart; undefined: of all keys
   * @returns about how many entries were visible
   */
  bumpEpoch(slots?: readonly number[]): number;
}

/**
 * The cache and the fills under way, kept together so that every invalidation reaches both.
 *
 * No read returns a value older than a write acknowledged before it, because a write invalidates its keys when it is
 * sent. The invalidation (1) removes the entry, (2) changes the key's lease, so that the reply to an earlier fill is
 * discarded, and (3) takes the key's flight out of the table, so that a later miss starts a new one. The new flight's
 * question is sent behind the write, over the same connection.
 *
 * When several threads share the cache, each has its own connection, and nothing orders the bytes of two connections.
 * Four more rules hold then:
 * - A write invalidates its keys again before it is acknowledged.
 * - A flight can be joined only while its lease holds, and a lease is good for one fill.
 * - A value that may not be stored, but is about to be shown to a client, removes the key's entry: another thread may
 *   have stored an older one.
 * - A value that is stored removes the key's entries for other questions: another thread may have stored older ones,
 *   and the message of the change may still be on its way to that thread.
 */
export class CoherentCache<Store extends CoherentStore, Asked extends Variant = Variant> {
  readonly store: Store;
  /** Whether several threads fill the store. */
  readonly isShared: boolean;
  /** Invalidations so far: of a key by the first three causes, of all keys or whole hash slots by the others. */
  readonly invalidations = { write: 0, push: 0, reply: 0, flush: 0, channel: 0, caution: 0 };
  /** Keys that had an entry when they were invalidated. */
  removedCount = 0;
  /** Entries that became invisible when all keys or whole hash slots were invalidated, by the cause; see `CoherentStore.bumpEpoch`. */
  readonly dropped: Record<InvalidatedAllBy, number> = { flush: 0, channel: 0, caution: 0 };
  readonly #flights = new FlightTable<Asked>();
  readonly #pushedKey = new KeyRef();
  readonly #observer: InvalidationObserver | undefined;

  constructor(store: Store, isShared: boolean, observer?: InvalidationObserver) {
    this.store = store;
    this.isShared = isShared;
    this.#observer = observer;
  }

  /** Keys invalidated so far, by pushes from the origin and by writes through this proxy as they are sent. */
  get invalidationCount(): number {
    return this.invalidations.write + this.invalidations.push;
  }

  /** Fills under way that further reads may join. */
  get flightCount(): number {
    return this.#flights.size;
  }

  /**
   * Begins a fill. The table must hold no other fill of this key and question. The caller sends the question over the
   * connection that brings the invalidations, and calls `end`.
   * @param key kept
   * @param variant kept
   */
  begin(key: KeyRef, variant: Asked, owner: FlightOwner<Asked>, first: Waiter): Flight<Asked> {
    const { store } = this;
    const flight = new Flight(key, variant, store.beginFill(key.hash), store.epochOf(key), owner, first);
    this.#flights.add(flight);
    return flight;
  }

  /**
   * Returns the fill under way that a read may wait for; see `#mayJoin`. A fill that no read may join leaves the table,
   * so that another one can begin.
   */
  joinable(key: KeyRef, variant: Asked, nowMs: number, oldestMs: number): Flight<Asked> | undefined {
    const flight = this.#flights.find(key, variant);
    if (flight === undefined || this.#mayJoin(flight, nowMs, oldestMs)) return flight;
    this.#flights.remove(flight);
    return undefined;
  }

  /** Takes a fill out of the table, so that no further read joins it. */
  forget(flight: Flight<Asked>): void {
    this.#flights.remove(flight);
  }

  /** Ends a fill. @param isStored whether the cache holds its value now */
  end(flight: Flight<Asked>, isStored: boolean): void {
    this.#flights.remove(flight);
    this.store.endFill(flight.key.hash);
    if (!this.isShared) return;
    if (isStored) this.store.removeOthers(flight.key, flight.variant);
    else this.invalidate(flight.key, "reply");
  }

  /**
   * Whether a read may wait for this fill. The fill's answer may be as old as its question. On a connection that has
   * stalled without being given up yet (one being set up has no heartbeat) the question can be older than a read may
   * be stale. With several threads, another thread may have invalidated the key since the question was sent.
   * @param oldestMs the greatest age of an answer that may be shown
   */
  #mayJoin(flight: Flight<Asked>, nowMs: number, oldestMs: number): boolean {
    if (nowMs - flight.sentAtMs > oldestMs || flight.hasExpired(nowMs)) return false;
    return !this.isShared || this.holds(flight.key, flight);
  }

  /** Whether the key has not been invalidated since the fill began. */
  holds(key: KeyRef, fill: Fill): boolean {
    return this.store.holds(key, fill);
  }

  /**
   * Invalidates a key because a write of it is sent, or because another thread may have stored an older value than
   * the one about to be shown.
   */
  invalidate(key: KeyRef, by: "write" | "reply" = "write"): void {
    this.invalidations[by]++;
    this.#observer?.invalidated(key, by);
    this.#remove(key);
    if (this.#flights.size === 0) return;
    for (let flight = this.#flights.first(key); flight !== undefined; flight = this.#flights.first(key)) {
      this.#flights.remove(flight);
    }
  }

  /**
   * Handles the origin's message that the key bytes[start, end) has changed. The cause may be a write through this
   * proxy.
   */
  pushed(bytes: Uint8Array, start: number, end: number): void {
    this.invalidations.push++;
    const key = this.store.refer(this.#pushedKey, bytes, start, end);
    this.#observer?.invalidated(key, "push");
    this.#renew(key);
  }

  /**
   * Voids everything fetched of the key before now, except one fill. Called when a reply about the key is about to be
   * shown and when an invalidation of the key arrives.
   *
   * The exception is this thread's own fill, if none of its replies has come. On one connection the order of bytes is
   * the order of execution, so the origin executes this fill after the change. The fill gets a new lease, unless
   * another thread has changed the lease meanwhile. For example:
   *
   * 1. SET k is sent and voids the fills of k under way. GET k misses; its fill F is sent behind the SET.
   * 2. `+OK` and an invalidation of k arrive. (It names the key, not the writer.) F has no reply, so the origin
   *    executes it after both: F stays valid.
   * 3. F's first reply arrives, then another invalidation of k. F's second reply may be older or newer: F is void.
   */
  invalidateEarlier(key: KeyRef): void {
    this.invalidations.reply++;
    this.#observer?.invalidated(key, "reply");
    this.#renew(key);
  }

  #renew(key: KeyRef): void {
    const { store } = this;
    this.#remove(key);
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

  #remove(key: KeyRef): void {
    if (this.store.invalidate(key) === true) this.removedCount++;
  }

  /**
   * Voids everything fetched so far and every fill under way.
   * @param slots only that of the keys in these distinct hash slots; undefined: all of it
   */
  invalidateAll(by: InvalidatedAllBy, slots?: readonly number[]): void {
    this.invalidations[by]++;
    this.#observer?.invalidatedAll(slots);
    this.dropped[by] += this.store.bumpEpoch(slots);
    if (slots === undefined) this.#flights.clear();
    else this.#forgetIn(slots);
  }

  /** Takes the fills of all keys in these hash slots out of the table. */
  #forgetIn(slots: readonly number[]): void {
    if (this.#flights.size === 0) return;
    const voided = new Set(slots);
    this.#flights.removeIf(({ key }) => voided.has(key.hashSlot));
  }
}
