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

/** Called with what a flight brought, before its waiters are. `remainingMs` is -1 for a value without expiry. */
export type Landing = (
  flight: Flight,
  bytes: Uint8Array,
  start: number,
  end: number,
  remainingMs: number,
) => void;

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
  /** The key's lease when it was asked for. */
  readonly lease: number;
  readonly epoch: number;
  readonly #land: Landing;
  readonly #waiters: Waiter[] = [];
  #remainingMs = NO_SUCH_KEY;

  constructor(name: string, key: Uint8Array, hash: number, lease: number, epoch: number, land: Landing) {
    super();
    this.name = name;
    this.key = key;
    this.hash = hash;
    this.lease = lease;
    this.epoch = epoch;
    this.#land = land;
  }

  join(waiter: Waiter): void {
    this.#waiters.push(waiter);
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
      this.#land(this, bytes, 0, 0, NO_SUCH_KEY);
      for (const waiter of this.#waiters) waiter.refused(message);
    } else if (type === BULK && !reader.isNull) {
      this.#land(this, bytes, valueStart, valueEnd, this.#remainingMs);
      let source: Source = "miss";
      for (const waiter of this.#waiters) {
        waiter.found(bytes, valueStart, valueEnd, source, this.#remainingMs);
        source = "coalesced";
      }
    } else {
      this.#land(this, bytes, 0, 0, NO_SUCH_KEY);
      for (const waiter of this.#waiters) waiter.missing();
    }
  }

  override failed(error: UpstreamError): void {
    this.#land(this, this.key, 0, 0, NO_SUCH_KEY);
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
