import type { Departure } from "../../store/departure-log.ts";
import type { Event } from "../events/event.ts";
import { FILLED, INVALIDATED_ALL, MISS } from "../events/event-kinds.ts";
import { type DepartedKey, DepartedKeys } from "./departed-keys.ts";
import { PlaceNames } from "./place-names.ts";
import { leftAtMs } from "./recent-departures.ts";
import { REGRET_MS, REGRET_WINDOWS_MS } from "./regret-windows.ts";
import { Settling } from "./settling.ts";
import { sayDuration, sayQueue, sayShare } from "./words.ts";

/** How much later than newer events of other threads an event may come. */
const LATE_MS = 256;
/** Events that are held back until then, at most. */
const HELD = 2 ** 14;

/** Of one millisecond, entries first leave, then are asked for, then are filled. */
const LEFT = 0;
const ASKED = 1;
const CAME = 2;

/** Numbers of what left without a reason of a policy: it expired, or was removed; everything was invalidated. */
const EXPIRED = 512;
const REMOVED = 1024;
const ALL = 1025;
const REASONS = 514;
const WINDOWS = REGRET_WINDOWS_MS.length;
/** The window of which the sentences tell. */
const TOLD_WINDOW = 1;

export interface RegretOptions {
  /** Departures that are remembered at most; a power of two. */
  readonly capacity?: number;
}

/** Departures of one reason, and how many of them were regretted: by window, each including the shorter ones. */
export interface RegretReason {
  /** Empty if the policy is unknown, or the entries expired. */
  readonly policy: string;
  readonly queue: string;
  readonly hasExpired: boolean;
  /** Whether they had been read since their fill. */
  readonly wasRead: boolean;
  readonly departures: number;
  readonly regrets: readonly number[];
  readonly text: string;
}

/** Everything counted since the start. Arrays are by window: `REGRET_WINDOWS_MS`. */
export interface RegretReport {
  readonly misses: number;
  readonly evictions: number;
  /** Evicted entries that were asked for again within this time. */
  readonly regrets: readonly number[];
  /** Which share of all misses these are. */
  readonly missShares: readonly number[];
  readonly expiries: number;
  /** Expired entries that were asked for again so soon: their time to live was too short. */
  readonly expiryRegrets: readonly number[];
  /** The most departures first. */
  readonly reasons: readonly RegretReason[];
  /** The share of keys whose departures are remembered. Below 1 the regrets are estimates. */
  readonly samplingRatio: number;
}

/**
 * Counts the misses that come soon after an entry left: for all keys, from the logs of departures and the records of
 * all misses. A departure is regretted at most once, and not if the entry would have expired meanwhile. Invalidations
 * of keys that are not followed are unknown, so an entry that was changed after its eviction counts, too.
 */
export class Regrets {
  readonly #departed: DepartedKeys;
  readonly #settling: Settling;
  readonly #places = new PlaceNames();
  #misses = 0;
  readonly #departures = new Float64Array(REASONS);
  readonly #regrets = new Float64Array(REASONS * WINDOWS);

  constructor({ capacity = 2 ** 15 }: RegretOptions = {}) {
    this.#departed = new DepartedKeys(capacity);
    this.#settling = new Settling(LATE_MS, HELD, (rank, hash, atMs, a, b, c) =>
      this.#settle(rank, hash, atMs, a, b, c),
    );
  }

  /** Something happened to any key. */
  event({ kind, hash, atMs, third }: Event): void {
    if (kind === MISS) this.#misses++;
    if (kind === MISS || kind === FILLED) {
      // With many departures most keys are not remembered: that is what makes them cheap.
      if (!this.#departed.follows(hash)) return;
      if (kind === MISS) this.#settling.add(ASKED, hash, atMs, 0, 0, 0);
      else this.#settling.add(CAME, hash, atMs, third, 0, 0);
    } else if (kind === INVALIDATED_ALL) this.#settling.add(LEFT, 0, atMs, ALL, 0, 0);
  }

  /** An entry of any key left. */
  departed(departure: Departure): void {
    const { hash, atMs, remainingMs } = departure;
    const reason = this.#reasonOf(departure);
    if (reason !== REMOVED) this.#departures[reason]!++;
    if (!this.#departed.follows(hash)) return;
    const leftMs = leftAtMs(departure);
    const hadNoEnd = departure.cause === "expired" || remainingMs < 0;
    const untilMs = leftMs + (hadNoEnd ? REGRET_MS : Math.min(REGRET_MS, remainingMs));
    this.#settling.add(LEFT, hash, atMs, reason, leftMs, untilMs);
  }

  /** Counts what nothing can come before any more. To be called at least every second. */
  tick(nowMs: number): void {
    this.#settling.settleBefore(nowMs - LATE_MS);
  }

  report(): RegretReport {
    const told: RegretReason[] = [];
    for (let reason = 0; reason < REASONS; reason++) {
      if (this.#departures[reason]! > 0) told.push(this.#tell(reason));
    }
    const evicted = told.filter(({ hasExpired }) => !hasExpired);
    const expired = told.filter(({ hasExpired }) => hasExpired);
    const regrets = regretsOf(evicted);
    return {
      misses: this.#misses,
      evictions: departuresOf(evicted),
      regrets,
      missShares: regrets.map((count) => (this.#misses === 0 ? 0 : count / this.#misses)),
      expiries: departuresOf(expired),
      expiryRegrets: regretsOf(expired),
      reasons: told.sort((a, b) => b.departures - a.departures),
      samplingRatio: this.#departed.ratio,
    };
  }

  #reasonOf({ cause, policy, queue, reads }: Departure): number {
    if (cause === "removed") return REMOVED;
    const wasRead = reads > 0 ? 1 : 0;
    return cause === "expired" ? EXPIRED + wasRead : this.#places.numberOf({ policy, queue }) * 2 + wasRead;
  }

  #settle(rank: number, hash: number, atMs: number, a: number, b: number, c: number): void {
    if (rank === LEFT) {
      if (a === ALL) this.#departed.clear();
      else if (a === REMOVED) this.#departed.take(hash, atMs);
      else this.#departed.add(hash, b, c, a);
      return;
    }
    const key = this.#departed.take(hash, atMs);
    if (key === undefined) return;
    if (rank === ASKED) this.#count(key, atMs);
    // An expired entry stays until it is replaced. So it leaves after the miss, when its next value comes.
    else if (key.reason >= EXPIRED) this.#count(key, atMs - a);
  }

  #count({ leftAtMs: leftMs, untilMs, reason, weight }: DepartedKey, askedMs: number): void {
    if (askedMs > untilMs) return;
    for (let window = 0; window < WINDOWS; window++) {
      if (askedMs - leftMs <= REGRET_WINDOWS_MS[window]!) this.#regrets[reason * WINDOWS + window]! += weight;
    }
  }

  #tell(reason: number): RegretReason {
    const { policy, queue } = this.#places.nameOf(reason >>> 1);
    const hasExpired = reason >= EXPIRED;
    const wasRead = (reason & 1) === 1;
    const departures = this.#departures[reason]!;
    const regrets = Array.from(this.#regrets.subarray(reason * WINDOWS, (reason + 1) * WINDOWS));
    const how = hasExpired ? "expired" : sayLeft(policy, queue);
    const share = Math.min(1, regrets[TOLD_WINDOW]! / departures);
    const text =
      `${how} after ${wasRead ? "some reads" : "0 reads"}: ` +
      `${sayShare(share)} of ${departures.toLocaleString("en-US")} were asked for again ` +
      `within ${sayDuration(REGRET_WINDOWS_MS[TOLD_WINDOW]!)}`;
    return { policy, queue, hasExpired, wasRead, departures, regrets, text };
  }
}

function sayLeft(policy: string, queue: string): string {
  return policy === "" ? "evicted" : `evicted by ${policy}: left ${sayQueue(queue)}`;
}

function departuresOf(reasons: readonly RegretReason[]): number {
  return reasons.reduce((sum, { departures }) => sum + departures, 0);
}

function regretsOf(reasons: readonly RegretReason[]): number[] {
  return REGRET_WINDOWS_MS.map((_, window) =>
    reasons.reduce((sum, { regrets }) => sum + regrets[window]!, 0),
  );
}
