import type { Flight } from "../coherence/flight.ts";
import type { KeyBytes } from "../lib/key-bytes.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { isErrorReply } from "../upstream/error-reply.ts";
import type { Fenced } from "../upstream/fenced.ts";
import type { LargeReplySink } from "../upstream/large-reply.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";
import {
  type ConnectionKind,
  type Redirected,
  type Upstream,
  UpstreamRequest,
} from "../upstream/upstream-request.ts";
import type { IncomingValue } from "./incoming-value.ts";
import type { MissMeter } from "./origin-meter.ts";
import type { Question } from "./question.ts";

/** Stores what flights bring, before their waiters are told. */
export interface Landing {
  /** Whether the node owns the key bytes[start, end). */
  owns(node: Fenced, key: KeyBytes): boolean;
  /** The time base of the cache. */
  nowMs(): number;
  /** The flight has brought the value bytes[start, end). */
  landed(flight: Flight<Question>, bytes: Uint8Array, start: number, end: number): void;
  /** The flight has brought no value. */
  landedEmpty(flight: Flight<Question>): void;
  /** A large value is about to arrive. @returns its receiver; undefined: gather it and call `landed` */
  arriving(flight: Flight<Question>, lengthBytes: number): IncomingValue | undefined;
  /** The large value is complete, or never will be. Called before any reader can have all of it. */
  arrived(flight: Flight<Question>, value: IncomingValue, isComplete: boolean): void;
}

/** Sends a flight's question to the origin. */
export class OriginFlight extends UpstreamRequest implements LargeReplySink {
  readonly #flight: Flight<Question>;
  readonly #landing: Landing;
  readonly #meter: MissMeter;
  #incoming: IncomingValue | undefined = undefined;

  constructor(flight: Flight<Question>, landing: Landing, meter: MissMeter) {
    super();
    this.#flight = flight;
    this.#landing = landing;
    this.#meter = meter;
  }

  send(connection: Upstream, nowMs: number): void {
    const { key, variant } = this.#flight;
    this.#flight.sent(nowMs);
    variant.write(connection.out, key.bytes, key.start, key.end);
    this.repliesAwaited = variant.replies;
    connection.enqueue(this, connection.timeoutMs, nowMs);
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    const flight = this.#flight;
    if (this.repliesAwaited > 0) {
      flight.timeToLive(flight.variant.remainingMs(bytes, reader));
      return;
    }
    this.#meter.missed(isErrorReply(reader), this);
    const reason = flight.variant.withoutValue(bytes, start, end, reader);
    if (reason !== undefined) {
      this.#landing.landedEmpty(flight);
      flight.without(reason);
      return;
    }
    const isWhole = flight.variant.form === "reply";
    const valueStart = isWhole ? start : reader.valueStart;
    const valueEnd = isWhole ? end : reader.valueEnd;
    this.#landing.landed(flight, bytes, valueStart, valueEnd);
    flight.found(bytes, valueStart, valueEnd);
  }

  override takeLarge(lengthBytes: number): LargeReplySink | undefined {
    if (this.#flight.variant.form === "reply") return undefined;
    const incoming = this.#landing.arriving(this.#flight, lengthBytes);
    if (incoming === undefined) return undefined;
    this.#incoming = incoming;
    this.#meter.missed(false, this);
    this.#flight.arrives(incoming);
    return this;
  }

  append(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#incoming!.append(bytes, start, end);
  }

  complete(): void {
    const incoming = this.#incoming!;
    this.#landing.arrived(this.#flight, incoming, true);
    incoming.complete();
    this.#flight.arrived();
  }

  override get redirectsTo(): ConnectionKind {
    return "main";
  }

  /**
   * A node that answers by way of exception does not own the slot yet, and one that another node has named may not be
   * known as the owner. Its answer is shown and not stored, because the entries of the slot depend on the owner.
   */
  override redirect({ to, node, isAsking }: Redirected): void {
    if (isAsking || !this.#landing.owns(node, this.#flight.key)) this.#flight.void();
    this.send(to, this.#landing.nowMs());
  }

  /** The lease is void by then, since everything was invalidated: the answer is shown and not stored. */
  override resend(to: Upstream): boolean {
    if (this.#incoming !== undefined) return false;
    this.send(to, this.#landing.nowMs());
    return true;
  }

  override failed(error: UpstreamError): void {
    const incoming = this.#incoming;
    if (incoming !== undefined) {
      incoming.lose();
      this.#landing.arrived(this.#flight, incoming, false);
      this.#flight.arrived(error);
      return;
    }
    this.#meter.failed();
    this.#landing.landedEmpty(this.#flight);
    this.#flight.without({ kind: "failed", error });
  }
}
