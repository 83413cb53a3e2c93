import type { Connection, Ticket } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK_ERROR, ERROR } from "../protocol/reply-types.ts";
import { writeRequest } from "../protocol/request-writer.ts";
import { type UpstreamConnection, UpstreamRequest } from "../upstream/connection.ts";
import type { Origin } from "../upstream/origin.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { failureMessage } from "./forwarded-request.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import type { Route } from "./routes.ts";

export interface PinHost {
  readonly connection: Connection;
  readonly origin: Origin;
  readonly stats: ProxyStats;
  readonly timeoutMs: number;
  /** The client needs no connection of its own any longer. */
  unpinned(): void;
}

/** What a request will have changed about the upstream connection once it has succeeded. */
type Effect =
  | "multi"
  | "exec"
  | "discard"
  | "watch"
  | "unwatch"
  | "tracking-on"
  | "tracking-off"
  | "select"
  | "none";

/** How a request ended. */
type Outcome = "replied" | "null" | "error" | "failed";

const SUBSCRIBING = new Set(["subscribe", "psubscribe", "ssubscribe"]);
const UNSUBSCRIBING = new Set(["unsubscribe", "punsubscribe", "sunsubscribe"]);

/**
 * One client bound to an upstream connection of its own, for as long as its state there (a transaction, watched
 * keys, a blocking command, a database other than 0, tracking) needs it; a subscriber or monitor for good. Everything
 * it asks goes there and comes back through a fence, so that what it has written or read is never contradicted by
 * the cache.
 */
export class Pin {
  readonly #host: PinHost;
  readonly #version: 2 | 3;
  readonly #upstream: UpstreamConnection;
  #inTransaction = false;
  #watching = false;
  #tracking = false;
  #database = 0;
  /** The database that a SELECT within the transaction will choose. */
  #queuedDatabase: number | undefined;
  /** Messages arrive that answer no request. */
  #listening = false;
  #outstanding = 0;
  #ended = false;

  /** @throws UpstreamError when the origin is down */
  constructor(host: PinHost, version: 2 | 3) {
    this.#host = host;
    this.#version = version;
    this.#upstream = host.origin.dedicated(version, {
      pushed: (bytes, start, end) => this.#relay(bytes, start, end),
      stray: (bytes, start, end) => this.#relay(bytes, start, end),
      closed: () => this.#lost(),
    });
  }

  /** Whether even commands about the client itself are the origin's to answer. */
  get answersEverything(): boolean {
    return this.#inTransaction || this.#listening;
  }

  get tracks(): boolean {
    return this.#tracking;
  }

  /** Flags of CLIENT LIST. */
  get flags(): string {
    return `${this.#inTransaction ? "x" : ""}${this.#listening ? "P" : ""}${this.#tracking ? "t" : ""}`;
  }

  request(request: Request, route: Route | undefined): void {
    const { connection } = this.#host;
    const name = request.text(0).toLowerCase();
    this.#host.stats.forwarded++;
    writeRequest(this.#upstream.out, request);
    if (SUBSCRIBING.has(name) || name === "monitor") {
      this.#listening = true;
      connection.exemptFromIdleTimeout = true;
    }
    // A subscriber's replies are messages: RESP3 pushes them, and to a RESP2 client they are all that is sent.
    const repliesAreMessages =
      this.#version === 2
        ? this.#listening && name !== "monitor"
        : SUBSCRIBING.has(name) || UNSUBSCRIBING.has(name);
    if (repliesAreMessages) {
      this.#upstream.queueFlush();
      return;
    }
    const blocks = route?.blocks === true && !this.#inTransaction;
    if (blocks) connection.exemptFromIdleTimeout = true;
    this.#outstanding++;
    const effect = effectOf(name, request);
    const database = effect === "select" ? Number(request.text(1)) : 0;
    const ended = (outcome: Outcome): void => {
      this.#outstanding--;
      if (blocks && !this.#listening) connection.exemptFromIdleTimeout = false;
      if (outcome === "failed") this.#lost();
      else this.#apply(effect, database, outcome);
    };
    this.#upstream.enqueue(
      new PinnedRequest(connection.defer(), this.#host, ended),
      blocks ? Number.POSITIVE_INFINITY : this.#host.timeoutMs,
    );
  }

  /** The client has gone, or starts afresh. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#upstream.close(new UpstreamError("ORIGINDOWN", "the client has gone", true));
  }

  #apply(effect: Effect, database: number, outcome: Exclude<Outcome, "failed">): void {
    // An EXEC that fails ends the transaction all the same; no other command that fails changes anything.
    if (effect === "exec" || (effect === "discard" && outcome !== "error")) {
      if (effect === "exec" && outcome === "replied") this.#database = this.#queuedDatabase ?? this.#database;
      this.#inTransaction = false;
      this.#watching = false;
      this.#queuedDatabase = undefined;
    } else if (outcome !== "error") {
      this.#succeeded(effect, database);
    }
    const isNeeded =
      this.#inTransaction ||
      this.#watching ||
      this.#tracking ||
      this.#listening ||
      this.#database !== 0 ||
      this.#outstanding > 0;
    if (isNeeded || this.#ended) return;
    this.#ended = true;
    this.#host.origin.giveBack(this.#upstream, this.#version);
    this.#host.unpinned();
  }

  #succeeded(effect: Effect, database: number): void {
    if (effect === "multi") this.#inTransaction = true;
    else if (effect === "select" && this.#inTransaction) this.#queuedDatabase = database;
    else if (effect === "select") this.#database = database;
    else if (this.#inTransaction) return;
    else if (effect === "watch") this.#watching = true;
    else if (effect === "unwatch") this.#watching = false;
    else if (effect === "tracking-on") this.#tracking = true;
    else if (effect === "tracking-off") this.#tracking = false;
  }

  /** No answer in time, or the connection is gone, and with it the client's state: the client cannot go on. */
  #lost(): void {
    if (this.#ended) return;
    this.end();
    this.#host.unpinned();
    this.#host.connection.closeAfterReplies();
  }

  #relay(bytes: Uint8Array, start: number, end: number): void {
    const message = bytes.slice(start, end);
    const { connection, origin } = this.#host;
    origin.fence(() => connection.pushBytes(message, 0, message.length));
  }
}

class PinnedRequest extends UpstreamRequest {
  readonly #ticket: Ticket;
  readonly #host: PinHost;
  readonly #ended: (outcome: Outcome) => void;

  constructor(ticket: Ticket, host: PinHost, ended: (outcome: Outcome) => void) {
    super();
    this.#ticket = ticket;
    this.#host = host;
    this.#ended = ended;
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    const isError = reader.type === ERROR || reader.type === BULK_ERROR;
    const outcome = isError ? "error" : reader.isNull ? "null" : "replied";
    this.#ticket.buffer.append(bytes, start, end);
    this.#host.origin.fence(() => {
      this.#ticket.done();
      this.#ended(outcome);
    });
  }

  override failed(error: UpstreamError): void {
    this.#ticket.reply.error(failureMessage(error, true, this.#host.stats));
    this.#ticket.done();
    this.#ended("failed");
  }
}

function effectOf(name: string, request: Request): Effect {
  switch (name) {
    case "multi":
    case "exec":
    case "discard":
    case "watch":
    case "unwatch":
    case "select":
      return name;
    case "client":
      if (request.count >= 3 && request.text(1).toLowerCase() === "tracking") {
        return request.text(2).toLowerCase() === "on" ? "tracking-on" : "tracking-off";
      }
      return "none";
    default:
      return "none";
  }
}
