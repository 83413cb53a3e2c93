import type { LargeValue } from "../lib/byte-buffer.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { type UpstreamConnection, UpstreamRequest } from "../upstream/connection.ts";
import type { LargeReplySink } from "../upstream/large-reply.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";
import type { IncomingValue } from "./incoming-value.ts";
import type { NoValue, Question } from "./question.ts";

/** Somebody who waits for a key's value. `found`, `without` or `arriving` is called, and `arrived` behind `arriving`. */
export interface Waiter {
  /** What the observer calls this read; absent where there is none. */
  read?: number;
  /** The value is bytes[start, end); valid during the call only. `remainingMs` is -1 where it never expires. */
  found(bytes: Uint8Array, start: number, end: number, source: Source, remainingMs: number): void;
  /** There is no value to be had. */
  without(reason: NoValue): void;
  /**
   * The value is large, and may still be coming in. It is the waiter's from now on, to be read as it comes. `remainingMs`
   * as above.
   */
  arriving(value: LargeValue, source: Source, remainingMs: number): void;
  /** All of it has come; with an error: the rest never will, and who reads it finds it lost. */
  arrived(error?: UpstreamError): void;
}

/** Where a value came from: the cache, the origin, or a request to the origin that somebody else had made. */
export type Source = "hit" | "miss" | "coalesced";

/** Who sent a flight out. */
export interface FlightOwner {
  /** The time base of everything cached. */
  nowMs(): number;
  /** Called with what it brought, before its waiters are. `remainingMs` is -1 for a value without expiry. */
  landed(flight: Flight, bytes: Uint8Array, start: number, end: number, remainingMs: number): void;
  /** A large value is about to come in. @returns where to; undefined: it is to be gathered, and to land as any other */
  arriving(flight: Flight, lengthBytes: number, remainingMs: number): IncomingValue | undefined;
  /** All of it has come; called before anybody can have read all of it. */
  arrived(flight: Flight, value: IncomingValue, remainingMs: number): void;
  /** A waiter is about to be given a value. */
  answered(waiter: Waiter, valueBytes: number, remainingMs: number): void;
  /** This waiter joined when the value had expired already: it is told nothing, and waits for another flight. */
  askAgain(flight: Flight, waiter: Waiter): void;
}

/** PTTL's answer for a key that is not there: nothing is known of its time to live. */
const NO_SUCH_KEY = -2;

/** One request to the origin for one key, however many wait for it (single flight). */
export class Flight extends UpstreamRequest implements LargeReplySink {
  /** The next one in the table with the same hash. */
  next: Flight | undefined = undefined;
  /** The key is key[keyStart, keyEnd). */
  readonly key: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly hash: number;
  /** The key's lease when it was asked for, or when it was renewed (`CoherentCache.settle`). */
  lease: number;
  readonly epoch: number;
  /** Whether other threads know of it, and are to be told that it has ended. */
  isClaimed = false;
  readonly #owner: FlightOwner;
  readonly #question: Question;
  readonly #first: Waiter;
  #others: Joined[] | undefined = undefined;
  #remainingMs = NO_SUCH_KEY;
  /** What is coming in, and who has been given it. */
  #incoming: IncomingValue | undefined = undefined;

  constructor(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    lease: number,
    epoch: number,
    owner: FlightOwner,
    question: Question,
    first: Waiter,
  ) {
    super();
    this.key = key;
    this.keyStart = keyStart;
    this.keyEnd = keyEnd;
    this.hash = hash;
    this.lease = lease;
    this.epoch = epoch;
    this.#owner = owner;
    this.#question = question;
    this.#first = first;
  }

  join(waiter: Waiter, joinedAtMs: number): void {
    this.#others ??= [];
    this.#others.push({ waiter, joinedAtMs });
    if (this.#incoming !== undefined) this.#give(waiter, this.#incoming, "coalesced");
  }

  /** Whether the origin has answered nothing of it yet. */
  get isUnanswered(): boolean {
    return this.repliesAwaited === this.#question.replies;
  }

  /** Whether what comes in has expired, as far as that is known by now. */
  hasExpired(nowMs: number): boolean {
    return this.#incoming !== undefined && nowMs >= this.#expiresAtMs;
  }

  send(connection: UpstreamConnection, nowMs: number): void {
    this.#question.write(connection.out, this.key, this.keyStart, this.keyEnd);
    this.repliesAwaited = this.#question.replies;
    connection.enqueue(this, connection.timeoutMs, nowMs);
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    if (this.repliesAwaited > 0) {
      this.#remainingMs = this.#question.remainingMs(bytes, reader) ?? NO_SUCH_KEY;
      return;
    }
    const reason = this.#question.withoutValue(bytes, start, end, reader);
    if (reason === undefined) {
      this.#owner.landed(this, bytes, reader.valueStart, reader.valueEnd, this.#remainingMs);
      this.#deliver(bytes, reader.valueStart, reader.valueEnd);
    } else {
      this.#owner.landed(this, bytes, 0, 0, NO_SUCH_KEY);
      this.#tell((waiter) => waiter.without(reason));
    }
  }

  override takeLarge(lengthBytes: number): LargeReplySink | undefined {
    const incoming = this.#owner.arriving(this, lengthBytes, this.#remainingMs);
    if (incoming === undefined) return undefined;
    this.#incoming = incoming;
    this.#give(this.#first, incoming, "miss");
    const late = this.#others?.filter(({ joinedAtMs }) => this.#isLate(joinedAtMs)) ?? [];
    this.#others = this.#others?.filter(({ joinedAtMs }) => !this.#isLate(joinedAtMs));
    for (const { waiter } of this.#others ?? []) this.#give(waiter, incoming, "coalesced");
    for (const { waiter } of late) this.#owner.askAgain(this, waiter);
    return this;
  }

  append(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#incoming!.append(bytes, start, end);
  }

  complete(): void {
    const incoming = this.#incoming!;
    this.#owner.arrived(this, incoming, this.#remainingMs);
    incoming.complete();
    this.#tell((waiter) => waiter.arrived());
  }

  /** Its lease is void by then, for everything was invalidated: what comes is shown, and not kept. */
  override resend(to: UpstreamConnection): boolean {
    if (this.#incoming !== undefined) return false;
    this.#remainingMs = NO_SUCH_KEY;
    this.send(to, this.#owner.nowMs());
    return true;
  }

  override failed(error: UpstreamError): void {
    const incoming = this.#incoming;
    if (incoming !== undefined) {
      incoming.lose();
      this.#owner.arrived(this, incoming, NO_SUCH_KEY);
      this.#tell((waiter) => waiter.arrived(error));
      return;
    }
    this.#owner.landed(this, this.key, 0, 0, NO_SUCH_KEY);
    this.#tell((waiter) => waiter.without({ kind: "failed", error }));
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    const remainingMs = this.#remainingMs;
    this.#owner.answered(this.#first, end - start, remainingMs);
    this.#first.found(bytes, start, end, "miss", remainingMs);
    if (this.#others === undefined) return;
    for (const { waiter, joinedAtMs } of this.#others) {
      if (!this.#isLate(joinedAtMs)) {
        this.#owner.answered(waiter, end - start, remainingMs);
        waiter.found(bytes, start, end, "coalesced", remainingMs);
      } else this.#owner.askAgain(this, waiter);
    }
  }

  #give(waiter: Waiter, value: IncomingValue, source: Source): void {
    this.#owner.answered(waiter, value.lengthBytes, this.#remainingMs);
    waiter.arriving(value.reader(), source, this.#remainingMs);
  }

  /** Whether the value may have expired before a waiter came. */
  #isLate(joinedAtMs: number): boolean {
    return joinedAtMs > this.sentAtMs && joinedAtMs >= this.#expiresAtMs;
  }

  /** Counted from when the question was sent, as for what is cached: never later than it goes at the origin. */
  get #expiresAtMs(): number {
    return this.#remainingMs < 0 ? Number.POSITIVE_INFINITY : this.sentAtMs + this.#remainingMs;
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
