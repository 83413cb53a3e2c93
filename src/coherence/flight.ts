import type { LargeValue } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Fill } from "./leases.ts";
import type { Variant } from "./variant.ts";
import type { NoValue, OriginFailure, Source, Waiter } from "./waiter.ts";

/** What a flight tells whoever sent it out. */
export interface FlightOwner<Asked extends Variant> {
  /** A waiter is about to be given a value. */
  answered(waiter: Waiter, valueBytes: number, remainingMs: number): void;
  /** This waiter joined when the value had expired already: it is told nothing, and waits for another flight. */
  askAgain(flight: Flight<Asked>, waiter: Waiter): void;
}

/** A large value that is coming in: each waiter reads it at its own speed. */
export interface ArrivingValue {
  readonly lengthBytes: number;
  reader(): LargeValue;
}

/** PTTL's answer for a key that is not there: nothing is known of its time to live. */
export const NO_SUCH_KEY = -2;

/**
 * One fill: a question to the origin about one key, however many wait for the answer (single flight). It begins and ends
 * in a `CoherentCache`. Whoever asks the origin tells it what came: `timeToLive` first, where the origin is asked for
 * that, then one of `found`, `without`, `failed`, or `arrives` with `arrived` behind it.
 */
export class Flight<Asked extends Variant = Variant> implements Fill {
  /** The next one in the table with the same hash. */
  next: Flight<Asked> | undefined = undefined;
  readonly key: KeyRef;
  /** What is asked about the key. */
  readonly variant: Asked;
  /** The key's lease when it was asked for, or when it was renewed (`CoherentCache.settle`). */
  lease: number;
  readonly epoch: number;
  /** Whether other threads know of it, and are to be told that it has ended. */
  isClaimed = false;
  /** When the question was sent, in milliseconds of the cache's clock. */
  sentAtMs = 0;
  /** Whether the origin has answered nothing of it yet. */
  isUnanswered = true;
  /** The value's remaining time to live when the question was answered; -1: it never expires. */
  remainingMs: number = NO_SUCH_KEY;
  readonly #owner: FlightOwner<Asked>;
  readonly #first: Waiter;
  #others: Joined[] | undefined = undefined;
  /** What is coming in, and who has been given it. */
  #arriving: ArrivingValue | undefined = undefined;

  constructor(
    key: KeyRef,
    variant: Asked,
    lease: number,
    epoch: number,
    owner: FlightOwner<Asked>,
    first: Waiter,
  ) {
    this.key = key;
    this.variant = variant;
    this.lease = lease;
    this.epoch = epoch;
    this.#owner = owner;
    this.#first = first;
  }

  /** The question is on its way, for the first time or once more. */
  sent(nowMs: number): void {
    this.sentAtMs = nowMs;
    this.isUnanswered = true;
    this.remainingMs = NO_SUCH_KEY;
  }

  join(waiter: Waiter, joinedAtMs: number): void {
    this.#others ??= [];
    this.#others.push({ waiter, joinedAtMs });
    if (this.#arriving !== undefined) this.#give(waiter, this.#arriving, "coalesced");
  }

  /** Whether what comes in has expired, as far as that is known by now. */
  hasExpired(nowMs: number): boolean {
    return this.#arriving !== undefined && nowMs >= this.#expiresAtMs;
  }

  /** The origin says how long the value lives, as PTTL does; undefined: it does not say. */
  timeToLive(remainingMs: number | undefined): void {
    this.isUnanswered = false;
    this.remainingMs = remainingMs ?? NO_SUCH_KEY;
  }

  /** The value is bytes[start, end), and has been stored where it may be. */
  found(bytes: Uint8Array, start: number, end: number): void {
    const { remainingMs } = this;
    const owner = this.#owner;
    owner.answered(this.#first, end - start, remainingMs);
    this.#first.found(bytes, start, end, "miss", remainingMs);
    if (this.#others === undefined) return;
    for (const { waiter, joinedAtMs } of this.#others) {
      if (!this.#isLate(joinedAtMs)) {
        owner.answered(waiter, end - start, remainingMs);
        waiter.found(bytes, start, end, "coalesced", remainingMs);
      } else owner.askAgain(this, waiter);
    }
  }

  without(reason: NoValue): void {
    this.#tell((waiter) => waiter.without(reason));
  }

  /** The value is large: those who wait are given it as it comes. */
  arrives(value: ArrivingValue): void {
    this.#arriving = value;
    this.#give(this.#first, value, "miss");
    const late = this.#others?.filter(({ joinedAtMs }) => this.#isLate(joinedAtMs)) ?? [];
    this.#others = this.#others?.filter(({ joinedAtMs }) => !this.#isLate(joinedAtMs));
    for (const { waiter } of this.#others ?? []) this.#give(waiter, value, "coalesced");
    for (const { waiter } of late) this.#owner.askAgain(this, waiter);
  }

  /** All of the large value has come; with an error: the rest never will. */
  arrived(error?: OriginFailure): void {
    this.#tell((waiter) => waiter.arrived(error));
  }

  #give(waiter: Waiter, value: ArrivingValue, source: Source): void {
    this.#owner.answered(waiter, value.lengthBytes, this.remainingMs);
    waiter.arriving(value.reader(), source, this.remainingMs);
  }

  /** Whether the value may have expired before a waiter came. */
  #isLate(joinedAtMs: number): boolean {
    return joinedAtMs > this.sentAtMs && joinedAtMs >= this.#expiresAtMs;
  }

  /** Counted from when the question was sent, as for what is cached: never later than it goes at the origin. */
  get #expiresAtMs(): number {
    return this.remainingMs < 0 ? Number.POSITIVE_INFINITY : this.sentAtMs + this.remainingMs;
  }

  #tell(one: (waiter: Waiter) => void): void {
    one(this.#first);
    if (this.#others === undefined) return;
    for (const { waiter } of this.#others) one(waiter);
  }
}

interface Joined {
  readonly waiter: Waiter;
  /** Monotonic milliseconds. */
  readonly joinedAtMs: number;
}
