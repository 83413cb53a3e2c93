import { parseDecimal } from "../lib/bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK, BULK_ERROR, ERROR, INTEGER } from "../protocol/reply-types.ts";
import { writeArgument, writeArgumentCount, writeTextArgument } from "../protocol/request-writer.ts";
import { type UpstreamConnection, UpstreamRequest } from "../upstream/connection.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";

/** Somebody who waits for a key's value. Exactly one of these is called. */
export interface Waiter {
  /** The value is bytes[start, end); valid during the call only. `remainingMs` is -1 where it never expires. */
  found(bytes: Uint8Array, start: number, end: number, source: Source, remainingMs: number): void;
  missing(): void;
  /** The origin answered with an error. */
  refused(message: string): void;
  failed(error: UpstreamError): void;
}

/** Where a value came from: the cache, the origin, or a request to the origin that somebody else had made. */
export type Source = "hit" | "miss" | "coalesced";

/** Who sent a flight out. */
export interface FlightOwner {
  /** Called with what it brought, before its waiters are. `remainingMs` is -1 for a value without expiry. */
  landed(flight: Flight, bytes: Uint8Array, start: number, end: number, remainingMs: number): void;
  /** This waiter joined when the value had expired already: it is told nothing, and waits for another flight. */
  askAgain(flight: Flight, waiter: Waiter): void;
}

const NO_SUCH_KEY = -2;

/**
 * One request to the origin for one key, however many wait for it (single flight). It asks for the remaining time
 * to live first and the value second: what changes the key in between causes an invalidation, which arrives before
 * the value and makes the lease void, so a value is never kept with a time to live that is not its own.
 */
export class Flight extends UpstreamRequest {
  /** The key, one character a byte. */
  readonly name: string;
  readonly key: Uint8Array;
  readonly hash: number;
  /** The key's lease when it was asked for, or when it was renewed (`CoherentCache.settle`). */
  lease: number;
  readonly epoch: number;
  /** Whether other threads know of it, and are to be told that it has ended. */
  isClaimed = false;
  readonly #owner: FlightOwner;
  readonly #waiters: Waiter[] = [];
  /** When each of them joined, in monotonic milliseconds. */
  readonly #joinedAtMs: number[] = [];
  #remainingMs = NO_SUCH_KEY;

  constructor(name: string, key: Uint8Array, hash: number, lease: number, epoch: number, owner: FlightOwner) {
    super();
    this.name = name;
    this.key = key;
    this.hash = hash;
    this.lease = lease;
    this.epoch = epoch;
    this.#owner = owner;
  }

  join(waiter: Waiter, nowMs: number): void {
    this.#waiters.push(waiter);
    this.#joinedAtMs.push(nowMs);
  }

  send(connection: UpstreamConnection): void {
    const { out } = connection;
    writeArgumentCount(out, 2);
    writeTextArgument(out, "PTTL");
    writeArgument(out, this.key);
    connection.enqueue(new RemainingTime(this));
    writeArgumentCount(out, 2);
    writeTextArgument(out, "GET");
    writeArgument(out, this.key);
    connection.enqueue(this);
  }

  remaining(ms: number): void {
    this.#remainingMs = ms;
  }

  override reply(bytes: Uint8Array, _start: number, _end: number, reader: ReplyReader): void {
    const { valueStart, valueEnd, type } = reader;
    if (type === ERROR || type === BULK_ERROR) {
      const message = Buffer.from(bytes.subarray(valueStart, valueEnd)).toString();
      this.#owner.landed(this, bytes, 0, 0, NO_SUCH_KEY);
      for (const waiter of this.#waiters) waiter.refused(message);
    } else if (type === BULK && !reader.isNull) {
      this.#owner.landed(this, bytes, valueStart, valueEnd, this.#remainingMs);
      this.#deliver(bytes, valueStart, valueEnd);
    } else {
      this.#owner.landed(this, bytes, 0, 0, NO_SUCH_KEY);
      for (const waiter of this.#waiters) waiter.missing();
    }
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    // Counted from when the question was sent, as for what is cached: never later than it goes at the origin.
    const remainingMs = this.#remainingMs;
    const expiresAtMs = remainingMs < 0 ? Number.POSITIVE_INFINITY : this.sentAtMs + remainingMs;
    for (let index = 0; index < this.#waiters.length; index++) {
      const waiter = this.#waiters[index]!;
      if (index === 0) waiter.found(bytes, start, end, "miss", remainingMs);
      else if (this.#joinedAtMs[index]! < expiresAtMs) {
        waiter.found(bytes, start, end, "coalesced", remainingMs);
      } else this.#owner.askAgain(this, waiter);
    }
  }

  override failed(error: UpstreamError): void {
    this.#owner.landed(this, this.key, 0, 0, NO_SUCH_KEY);
    for (const waiter of this.#waiters) waiter.failed(error);
  }
}

/** The reply to the flight's PTTL. A failure of it is the flight's, too, and is told by that. */
class RemainingTime extends UpstreamRequest {
  readonly #flight: Flight;

  constructor(flight: Flight) {
    super();
    this.#flight = flight;
  }

  override reply(bytes: Uint8Array, _start: number, _end: number, reader: ReplyReader): void {
    if (reader.type !== INTEGER) return;
    this.#flight.remaining(parseDecimal(bytes, reader.valueStart, reader.valueEnd) ?? NO_SUCH_KEY);
  }

  override failed(): void {}
}
