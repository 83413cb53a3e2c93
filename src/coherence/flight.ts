import type { LargeValue } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Fill } from "./leases.ts";
import type { Variant } from "./variant.ts";
import type { NoValue, OriginFailure, Source, Waiter } from "./waiter.ts";

/** The code that started a flight. */
export interface FlightOwner<Asked extends Variant> {
  /** A waiter is about to be given a value of the key with this hash. */
  answered(hash: number, waiter: Waiter, valueBytes: number, remainingMs: number): void;
  /** The value had expired before this waiter joined. The waiter has been told nothing and needs another flight. */
  askAgain(flight: Flight<Asked>, waiter: Waiter): void;
}

/** A large value that is still arriving. Each waiter reads it at its own speed. */
export interface ArrivingValue {
  readonly lengthBytes: number;
  reader(): LargeValue;
}

/** PTTL's reply for a missing key: the time to live is unknown. */
export const NO_SUCH_KEY = -2;

/**
 * One fill: one question to the origin about one key, with any number of waiters (single flight). A `CoherentCache`
 * begins and ends it. The code that asks the origin reports the answer: first `timeToLive`, if the question asks for
 * it; then `found`, `without`, or `arrives` followed by `arrived`.
 */
export class Flight<Asked extends Variant = Variant> implements Fill {
  /** The next flight in the same bucket of the table. */
  next: Flight<Asked> | undefined = undefined;
  readonly key: KeyRef;
  /** The question about the key. */
  readonly variant: Asked;
  /** The key's lease when the question was sent, or when `CoherentCache.invalidateEarlier` renewed it. */
  lease: number;
  readonly epoch: number;
  /** Whether other threads can see this flight and must be told when it ends. */
  isClaimed = false;
  /** When the question was sent, in milliseconds of the cache's clock. */
  sentAtMs = 0;
  /** Whether no reply to the question has come yet. */
  isUnanswered = true;
  /** The value's remaining time to live when the origin answered; -1: it never expires. */
  remainingMs: number = NO_SUCH_KEY;
  readonly #owner: FlightOwner<Asked>;
  readonly #first: Waiter;
  #others: Joined[] | undefined = undefined;
  /** The large value that is arriving; its readers are the waiters told so far. */
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

  /** Notes that the question was sent, for the first time or again. */
  sent(nowMs: number): void {
    this.sentAtMs = nowMs;
    this.isUnanswered = true;
    this.remainingMs = NO_SUCH_KEY;
  }

  /** Makes sure that its value is not stored. A lease that the key had before never comes back. */
  void(): void {
    this.lease = (this.lease - 1) | 0;
  }

  join(waiter: Waiter, joinedAtMs: number): void {
    this.#others ??= [];
    this.#others.push({ waiter, joinedAtMs });
    if (this.#arriving !== undefined) this.#give(waiter, this.#arriving, "coalesced");
  }

  /** Whether a large value that is arriving has expired, as far as is known. */
  hasExpired(nowMs: number): boolean {
    return this.#arriving !== undefined && nowMs >= this.#expiresAtMs;
  }

  /** Notes the origin's answer to PTTL; undefined: the origin did not say. */
  timeToLive(remainingMs: number | undefined): void {
    this.isUnanswered = false;
    this.remainingMs = remainingMs ?? NO_SUCH_KEY;
  }

  /** Delivers the value bytes[start, end). It has already been stored, if it may be. */
  found(bytes: Uint8Array, start: number, end: number): void {
    const { remainingMs } = this;
    const { hash } = this.key;
    const owner = this.#owner;
    owner.answered(hash, this.#first, end - start, remainingMs);
    this.#first.found(bytes, start, end, "miss", remainingMs);
    if (this.#others === undefined) return;
    for (const { waiter, joinedAtMs } of this.#others) {
      if (!this.#isLate(joinedAtMs)) {
        owner.answered(hash, waiter, end - start, remainingMs);
        waiter.found(bytes, start, end, "coalesced", remainingMs);
      } else owner.askAgain(this, waiter);
    }
  }

  without(reason: NoValue): void {
    this.#tell((waiter) => waiter.without(reason));
  }

  /** Hands out a large value that begins to arrive. */
  arrives(value: ArrivingValue): void {
    this.#arriving = value;
    this.#give(this.#first, value, "miss");
    const late = this.#others?.filter(({ joinedAtMs }) => this.#isLate(joinedAtMs)) ?? [];
    this.#others = this.#others?.filter(({ joinedAtMs }) => !this.#isLate(joinedAtMs));
    for (const { waiter } of this.#others ?? []) this.#give(waiter, value, "coalesced");
    for (const { waiter } of late) this.#owner.askAgain(this, waiter);
  }

  /** The large value is complete or, with an error, never will be. */
  arrived(error?: OriginFailure): void {
    this.#tell((waiter) => waiter.arrived(error));
  }

  #give(waiter: Waiter, value: ArrivingValue, source: Source): void {
    this.#owner.answered(this.key.hash, waiter, value.lengthBytes, this.remainingMs);
    waiter.arriving(value.reader(), source, this.remainingMs);
  }

  /** Whether the value may have expired before a waiter joined. */
  #isLate(joinedAtMs: number): boolean {
    return joinedAtMs > this.sentAtMs && joinedAtMs >= this.#expiresAtMs;
  }

  /** Counted from when the question was sent, as in the cache: no later than at the origin. */
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
  /** When the waiter joined, in monotonic milliseconds. */
  readonly joinedAtMs: number;
}
