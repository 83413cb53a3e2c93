import type { CoherentCache } from "../coherence/coherent-cache.ts";
import { expiryOfFill, oldestAnswerMs, type Tracking } from "../coherence/fill-terms.ts";
import type { Flight, FlightOwner } from "../coherence/flight.ts";
import type { Fill } from "../coherence/leases.ts";
import { MISSING, type Waiter } from "../coherence/waiter.ts";
import type { LargeValue, ValueSink } from "../lib/byte-buffer.ts";
import { ByteSlab } from "../lib/byte-slab.ts";
import { latin1 } from "../lib/bytes.ts";
import type { KeyBytes } from "../lib/key-bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { TakingSink } from "../store/copy-sink.ts";
import { FRESH } from "../store/freshness.ts";
import type { GrowingEntry } from "../store/growing-entry.ts";
import { ABSENT } from "../store/reading.ts";
import type { Store } from "../store/store.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Fenced } from "../upstream/fenced.ts";
import type { Origin } from "../upstream/origin.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { Auditor } from "./auditor.ts";
import type { CacheObserver } from "./cache-observer.ts";
import { IncomingValue } from "./incoming-value.ts";
import { type Landing, OriginFlight } from "./origin-flight.ts";
import type { MissMeter } from "./origin-meter.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { GET_QUESTION, type Question } from "./question.ts";
import { CLAIMED, type FlightClaims, UNCLAIMED } from "./threads/flight-claims.ts";
import { LOOK_AGAIN, missingSinceMs, PeerFlight, PeerWaiter } from "./threads/peer-flight.ts";
import type { Answer, Peers } from "./threads/peers.ts";
import type { ThreadTable } from "./threads/thread-table.ts";

export interface ReadThroughOptions {
  readonly cache: CoherentCache<Store, Question>;
  readonly origin: Origin;
  readonly threads: ThreadTable;
  /** The other threads; undefined if there are none. */
  readonly peers: Peers | undefined;
  readonly claims: FlightClaims | undefined;
  /** How long to wait for another thread's flight. */
  readonly peerTimeoutMs: number;
  readonly stats: ProxyStats;
  readonly observer: CacheObserver | undefined;
  readonly auditor: Auditor;
  /** Milliseconds that never go back: the time base of the cache. */
  readonly nowMs: () => number;
  /** How long a value of an origin without tracking may be served. */
  readonly untrackedTtlMs: number;
}

export interface CachedTimes {
  readonly ageMs: number;
  /** −1: no expiry. */
  readonly remainingMs: number;
}

/**
 * The read-through path: get → lookup → (miss) load → fill. Reads that miss meanwhile join the load. A hit is
 * synchronous; a miss calls its waiter later, exactly once.
 */
export class ReadThrough implements FlightOwner<Question>, Landing, Tracking {
  readonly #store: Store;
  readonly #cache: CoherentCache<Store, Question>;
  readonly #origin: Origin;
  readonly #threads: ThreadTable;
  readonly #stats: ProxyStats;
  readonly #observer: CacheObserver | undefined;
  readonly #auditor: Auditor;
  readonly #options: ReadThroughOptions;
  /** Holds the keys of flights. */
  readonly #keys = new ByteSlab();
  /** The flights of other threads that are awaited here, by key. */
  readonly #peerFlights = new Map<string, PeerFlight>();

  constructor(options: ReadThroughOptions) {
    this.#options = options;
    this.#cache = options.cache;
    this.#store = options.cache.store;
    this.#origin = options.origin;
    this.#threads = options.threads;
    this.#stats = options.stats;
    this.#observer = options.observer;
    this.#auditor = options.auditor;
  }

  /**
   * Returns age and remaining time to live of the value that `lookup` would deliver; undefined if it would deliver
   * none.
   */
  peek(key: KeyRef, question: Question, nowMs: number): CachedTimes | undefined {
    if (!this.isProven(key, nowMs)) return undefined;
    const entry = this.#store.peek(key, nowMs, FRESH, question);
    if (entry === undefined) return undefined;
    const remainingMs = entry.expiresAtMs === 0 ? -1 : Math.max(0, Math.floor(entry.expiresAtMs - nowMs));
    return { ageMs: Math.max(0, Math.floor(nowMs - entry.filledAtMs)), remainingMs };
  }

  /**
   * Returns the cached value and counts a read. The value is a copy; a large one stays in the arena, and the caller
   * releases it.
   */
  get(key: KeyRef, question: Question, nowMs: number): Uint8Array | LargeValue | undefined {
    const sink = new TakingSink();
    return this.lookup(key, question, sink, nowMs) ? (sink.large ?? sink.copy) : undefined;
  }

  /** Delivers the cached value to `sink`. @returns false if it is not cached, or not proven */
  lookup(key: KeyRef, question: Question, sink: ValueSink, nowMs: number): boolean {
    if (!this.isProven(key, nowMs)) return false;
    const valueBytes = this.#read(key, question, sink, nowMs);
    if (valueBytes === ABSENT) return false;
    this.#hit(key, valueBytes, nowMs);
    return true;
  }

  /**
   * Whether no invalidation of the key is missing: its node vouches for that alone. While all nodes do, nobody needs to
   * know the key's hash slot, which costs a hit time to compute.
   */
  isProven(key: KeyRef, nowMs: number): boolean {
    const threads = this.#threads;
    if (nowMs <= threads.provenUntilMs) return true;
    const { owners } = this.#origin;
    return owners.length > 1 && nowMs <= threads.provenUntilMsOf(owners[key.hashSlot]!);
  }

  #read(key: KeyRef, question: Question, sink: ValueSink, nowMs: number): number {
    const auditor = this.#auditor;
    // This comparison is all that a hit pays for audits while they are off.
    return auditor.share === 0
      ? this.#store.read(key, nowMs, sink, FRESH, question)
      : auditor.read(key, question, sink, nowMs);
  }

  #hit(key: KeyRef, valueBytes: number, nowMs: number): void {
    this.#stats.hits++;
    this.#observer?.hit(key, valueBytes, nowMs);
  }

  /**
   * Fetches a key that is not cached; `waiter` gets the answer.
   * @param nowMs when the cache was searched
   * @param mayAwaitPeer whether the waiter may have another thread's answer. It may not if its client awaits another
   * reply about the key: that reply comes over this thread's connection, and must be in order with this one.
   * @returns whether the read joined an earlier one, so that its client must wait. Its next request would not be in
   * order with this one, in two cases. Another thread uses another connection. And if the value had expired before
   * this waiter joined, the origin is asked again, behind the client's later requests:
   *
   * 1. Another client's GET k is sent. k expires, and this client's first GET k joins.
   * 2. A write of k voids that flight. This client's second GET k is sent.
   * 3. The first reply comes. Its value had expired before this client's first GET k, which is sent now and sees
   * later writes than the second.
   */
  load(key: KeyRef, question: Question, waiter: Waiter, mayAwaitPeer: boolean, nowMs: number): boolean {
    this.#stats.misses++;
    const observer = this.#observer;
    if (observer !== undefined) waiter.read = observer.missed(key, nowMs);
    // Other threads are asked for values only.
    return this.#ask(key, question, waiter, mayAwaitPeer && question === GET_QUESTION, nowMs);
  }

  #ask(key: KeyRef, question: Question, waiter: Waiter, mayAwaitPeer: boolean, nowMs: number): boolean {
    const cache = this.#cache;
    const { hash } = key;
    waiter.isCoalesced = false;
    const underway = cache.joinable(key, question, nowMs, oldestAnswerMs(this));
    if (underway !== undefined) {
      this.#coalesced(hash, waiter);
      underway.join(waiter, nowMs);
      // Asked within the millisecond of sending, the origin answers with its value of that moment or a later one.
      return nowMs > underway.sentAtMs;
    }
    if (mayAwaitPeer && this.#joinPeerFlight(key, waiter)) return true;
    const claims = question === GET_QUESTION ? this.#options.claims : undefined;
    const claim = claims?.claim(hash) ?? UNCLAIMED;
    if (claim >= 0 && mayAwaitPeer) {
      this.#awaitPeer(claim, key, waiter);
      return true;
    }
    this.#send(key, question, waiter, claim === CLAIMED, this.#stats.origin, nowMs);
    return false;
  }

  /** Begins a flight. */
  #send(
    key: KeyRef,
    question: Question,
    waiter: Waiter,
    isClaimed: boolean,
    meter: MissMeter,
    nowMs: number,
  ): void {
    const origin = this.#origin;
    let node: OriginNode;
    let connection: UpstreamConnection;
    try {
      node = origin.nodeOf(key);
      connection = node.main();
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (isClaimed) this.#options.claims!.release(key.hash);
      waiter.without({ kind: "failed", error });
      return;
    }
    const flight = this.#cache.begin(key.copyInto(this.#keys), question.kept(), this, waiter);
    flight.isClaimed = isClaimed;
    // A slot that has changed hands meanwhile has had another epoch since then: the flight may have got the new one.
    if (!origin.owns(node, key)) flight.void();
    new OriginFlight(flight, this, meter).send(connection, nowMs);
  }

  /**
   * Fetches a key's value that no client waits for, so that it is there when one asks. Reads that miss meanwhile join.
   * Counts neither as a read nor as a miss.
   * @param meter is told of the answer, in place of the clients' one
   * @returns false if it is cached, or on its way: nothing was asked, and the waiter is not called
   */
  warm(key: KeyRef, waiter: Waiter, meter: MissMeter, nowMs: number): boolean {
    const { claims } = this.#options;
    if (this.#store.peek(key, nowMs) !== undefined) return false;
    if (this.#cache.joinable(key, GET_QUESTION, nowMs, oldestAnswerMs(this)) !== undefined) return false;
    const claim = claims?.claim(key.hash) ?? UNCLAIMED;
    if (claim >= 0) return false;
    this.#send(key, GET_QUESTION, waiter, claim === CLAIMED, meter, nowMs);
    return true;
  }

  #coalesced(hash: number, waiter: Waiter): void {
    this.#stats.coalesced++;
    waiter.isCoalesced = true;
    this.#observer?.coalesced(hash);
  }

  #joinPeerFlight({ bytes, start, end, hash }: KeyRef, waiter: Waiter): boolean {
    if (this.#peerFlights.size === 0) return false;
    const flight = this.#peerFlights.get(latin1(bytes, start, end));
    if (flight === undefined) return false;
    this.#coalesced(hash, waiter);
    flight.waiters.push(waiter);
    return true;
  }

  #awaitPeer(thread: number, awaited: KeyRef, waiter: Waiter): void {
    const { peers, peerTimeoutMs } = this.#options;
    const key = awaited.copy();
    const name = latin1(key.bytes);
    const flight = new PeerFlight(key, this.#store.lease(key.hash), this.#store.epochOf(key));
    flight.waiters.push(waiter);
    this.#coalesced(key.hash, waiter);
    this.#peerFlights.set(name, flight);
    void peers!.askOne(thread, { kind: "landing", key: key.bytes }, peerTimeoutMs).then((answer) => {
      this.#peerFlights.delete(name);
      this.#peerLanded(flight, answer ?? LOOK_AGAIN);
    });
  }

  /** Handles the end of another thread's flight. Its value is in the cache, if it could be stored. */
  #peerLanded({ key, lease, epoch, waiters }: PeerFlight, answer: Answer): void {
    const nowMs = this.#options.nowMs();
    const sinceMs = missingSinceMs(answer);
    // Only the landing itself has invalidated the key since the first waiter joined. This then holds for later ones,
    // too.
    const landed: Fill = { lease: (lease + 1) | 0, epoch };
    if (sinceMs !== undefined && nowMs - sinceMs <= oldestAnswerMs(this) && this.#cache.holds(key, landed)) {
      for (const waiter of waiters) waiter.without(MISSING);
      return;
    }
    const times = this.peek(key, GET_QUESTION, nowMs);
    const sink = new TakingSink();
    for (const waiter of waiters) {
      // One copy serves all waiters; a large value is pinned for each.
      const isThere = sink.hasCopy || (times && this.#store.read(key, nowMs, sink) !== ABSENT);
      if (times === undefined || !isThere) {
        this.#stats.coalesced--;
        this.#ask(key, GET_QUESTION, waiter, false, nowMs);
      } else if (sink.hasCopy) {
        this.answered(key.hash, waiter, sink.copy.length, times.remainingMs);
        waiter.found(sink.copy, 0, sink.copy.length, "coalesced", times.remainingMs);
      } else {
        this.answered(key.hash, waiter, sink.large!.lengthBytes, times.remainingMs);
        waiter.arriving(sink.large!, "coalesced", times.remainingMs);
        waiter.arrived();
      }
    }
  }

  /** Calls `then` when the flight for this key has ended, at once if none can be joined. Another thread asks. */
  whenLanded(key: Uint8Array, then: (answer: Answer) => void): void {
    const nowMs = this.#options.nowMs();
    const asked = this.#store.refer(new KeyRef(), key, 0, key.length);
    const flight = this.#cache.joinable(asked, GET_QUESTION, nowMs, oldestAnswerMs(this));
    if (flight === undefined) then(LOOK_AGAIN);
    else flight.join(new PeerWaiter(flight, then), nowMs);
  }

  get tracks(): boolean | undefined {
    return this.#origin.tracking;
  }

  get stalenessBoundMs(): number {
    return this.#origin.stalenessBoundMs;
  }

  get untrackedTtlMs(): number {
    return this.#options.untrackedTtlMs;
  }

  answered(hash: number, { read }: Waiter, valueBytes: number, remainingMs: number): void {
    if (read !== undefined) this.#observer?.answered(hash, read, valueBytes, remainingMs);
  }

  /** Fetches the value again: it had expired before this waiter joined. */
  askAgain(flight: Flight<Question>, waiter: Waiter): void {
    this.#ask(flight.key, flight.variant, waiter, false, this.#options.nowMs());
  }

  owns(node: Fenced, key: KeyBytes): boolean {
    return this.#origin.owns(node, key);
  }

  /** The time base of the cache. */
  nowMs(): number {
    return this.#options.nowMs();
  }

  landed(flight: Flight<Question>, bytes: Uint8Array, start: number, end: number): void {
    this.#ended(flight, this.#fill(flight, bytes, start, end));
  }

  landedEmpty(flight: Flight<Question>): void {
    this.#ended(flight, this.#refused(flight, "no-value"));
  }

  arriving(flight: Flight<Question>, lengthBytes: number): IncomingValue | undefined {
    const store = this.#store;
    const mayKeep = expiryOfFill(flight, this) !== undefined && this.#cache.holds(flight.key, flight);
    if (mayKeep) {
      const { nowMs } = this.#options;
      const entry = store.grow(flight.key.copy(), lengthBytes, nowMs(), flight.variant);
      if (entry !== undefined) return new IncomingValue(lengthBytes, { entry, nowMs });
      // Too much of the cache is pinned to grow an entry. Gathered, the value can be stored in one go.
      if (lengthBytes <= store.maxValueBytes) return undefined;
    }
    this.#notStored(lengthBytes);
    // Nobody can join later: only the cache could provide the beginning of the value.
    this.#cache.forget(flight);
    return new IncomingValue(lengthBytes, undefined);
  }

  arrived(flight: Flight<Question>, { growing }: IncomingValue, isComplete: boolean): void {
    this.#ended(flight, growing !== undefined && this.#fillGrown(flight, growing, isComplete));
    growing?.release();
  }

  #ended(flight: Flight<Question>, isFilled: boolean): void {
    if (isFilled) this.#stats.fills++;
    this.#cache.end(flight, isFilled);
    if (flight.isClaimed) this.#options.claims!.release(flight.key.hash);
  }

  #fillGrown(flight: Flight<Question>, growing: GrowingEntry, isComplete: boolean): boolean {
    const isWhole = isComplete && growing.isComplete;
    const expiresAtMs = isWhole ? expiryOfFill(flight, this) : undefined;
    if (expiresAtMs === undefined) return this.#refused(flight, isWhole ? "no-time-to-live" : "no-value");
    const nowMs = this.#options.nowMs();
    const filled = this.#store.fillGrown(growing, expiresAtMs, flight, nowMs);
    return this.#tried(flight, filled, growing.lengthBytes, expiresAtMs);
  }

  #fill(flight: Flight<Question>, bytes: Uint8Array, start: number, end: number): boolean {
    const expiresAtMs = expiryOfFill(flight, this);
    if (expiresAtMs === undefined) return this.#refused(flight, "no-time-to-live");
    const nowMs = this.#options.nowMs();
    const filled = this.#store.fill(
      flight.key,
      bytes,
      start,
      end,
      expiresAtMs,
      flight,
      nowMs,
      0,
      flight.variant,
    );
    return this.#tried(flight, filled, end - start, expiresAtMs);
  }

  /** @returns whether the value was stored */
  #tried(flight: Flight<Question>, isFilled: boolean, valueBytes: number, expiresAtMs: number): boolean {
    if (isFilled) this.#observer?.filled(flight.key.hash, valueBytes, expiresAtMs, flight.sentAtMs);
    else {
      this.#notStored(valueBytes);
      const isVoid = !this.#cache.holds(flight.key, flight);
      this.#observer?.refused(flight.key.hash, isVoid ? "void" : "no-room");
    }
    return isFilled;
  }

  #notStored(valueBytes: number): void {
    if (valueBytes > this.#store.maxValueBytes) this.#stats.tooLargeFills++;
    else this.#stats.discardedFills++;
  }

  #refused(flight: Flight<Question>, why: "no-time-to-live" | "no-value"): false {
    this.#observer?.refused(flight.key.hash, why);
    return false;
  }
}
