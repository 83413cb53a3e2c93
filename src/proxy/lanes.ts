import type { ReplyMode } from "../commands/client.ts";
import { helloVersion } from "../commands/hello-version.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { copyRequest } from "../protocol/request-copy.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import { AloneLane } from "./alone-lane.ts";
import type { ProxyParts } from "./context.ts";
import { OutstandingKeys } from "./outstanding-keys.ts";

/**
 * The way to the origin that a request takes: the main connection, a side connection, a connection for requests that
 * run alone (`AloneLane`), or the client's own (`DedicatedConnection`). Each lane keeps its requests in order.
 */
export type Lane = "main" | "side" | "alone" | "dedicated";

/** The client whose requests the lanes keep in order. */
export interface LanesClient {
  /** Whether the client's next request must wait for something other than outstanding replies. */
  readonly isDelayed: boolean;
  /** Executes a postponed request. */
  request(request: Request, reply: ReplyWriter): void;
}

/** A request that waits for the replies to earlier ones. Its ticket keeps its place among them. */
interface Postponed {
  readonly request: Request;
  readonly ticket: Ticket;
  /** Whether the reply is wanted (CLIENT REPLY). */
  readonly replyMode: ReplyMode;
  /** When it came: monotonic, with its fraction. */
  readonly arrivedMs: number;
}

/**
 * Keeps one client's requests in the order they were sent. Within a lane the connection keeps the order. A request
 * for another lane is postponed until all replies in the present lane have come.
 */
export class Lanes {
  readonly alone: AloneLane;
  /** The keys of outstanding requests on the main connection. */
  readonly keys = new OutstandingKeys();
  readonly #proxy: ProxyParts;
  readonly #connection: Connection;
  readonly #client: LanesClient;
  #mainOutstanding = 0;
  #sideOutstanding = 0;
  #postponed: Postponed | undefined;
  #isRunningPostponed = false;
  /** The origin's `orderVersion` when the outstanding requests were sent. */
  #orderVersion = 0;

  constructor(proxy: ProxyParts, connection: Connection, client: LanesClient) {
    this.#proxy = proxy;
    this.#connection = connection;
    this.#client = client;
    this.alone = new AloneLane(proxy, connection, () => this.resume());
  }

  /** Whether the request being executed was postponed before. */
  get isRunningPostponed(): boolean {
    return this.#isRunningPostponed;
  }

  /** Enters a lane. @returns false if the request was postponed; it is executed again when it may enter */
  enter(lane: Lane, request: Request): boolean {
    const { orderVersion } = this.#proxy.origin;
    const mayEnter =
      (lane === "main" || this.#mainOutstanding === 0) &&
      (lane === "side" || this.#sideOutstanding === 0) &&
      (lane === "alone" ? !this.alone.speaksOtherwise : !this.alone.isBusy) &&
      (orderVersion === this.#orderVersion || this.#mainOutstanding + this.#sideOutstanding === 0);
    if (mayEnter) this.#orderVersion = orderVersion;
    else this.postpone(request);
    return mayEnter;
  }

  /** Counts a request over the main connection. `mainDone` follows when the client has its reply. */
  beginMain(): void {
    this.#mainOutstanding++;
  }

  readonly mainDone = (): void => {
    this.#mainOutstanding--;
    if (this.#mainOutstanding > 0) return;
    this.keys.clear();
    this.resume();
  };

  /** Counts a request over a side connection, or one that the proxy answers later. `sideDone` follows. */
  beginSide(): void {
    this.#sideOutstanding++;
  }

  readonly sideDone = (): void => {
    this.#sideOutstanding--;
    if (this.#sideOutstanding === 0) this.resume();
  };

  /**
   * Whether a key may be read from the cache. A client that awaits a reply about a key must next read its own write,
   * and nothing older than that reply shows. The reply may show a change that the proxy has not heard of yet:
   *
   * 1. The key is cached. Another client changes it at the origin; the message is on its way.
   * 2. STRLEN k is sent, and shows the change. GET k from the cache would show the state before it.
   *
   * The value may also come from another thread, or it may have expired, or nobody may have vouched for it, when the
   * first of two reads looked for it, and not when the second did. So the origin is asked over the same connection, and
   * answers in order.
   */
  readonly mayHit = ({ hash }: KeyRef): boolean => this.#mainOutstanding === 0 || !this.keys.mayHave(hash);

  /** Notes that a reply about this key is outstanding on the main connection. */
  awaitKey({ hash }: KeyRef): void {
    this.keys.add(hash);
  }

  /** Postpones a request. The client's later requests wait until it has run. */
  postpone(request: Request): void {
    const connection = this.#connection;
    const { replyMode, arrivedMs } = connection;
    this.#postponed = { request: copyRequest(request), ticket: connection.defer(), replyMode, arrivedMs };
    connection.hold();
  }

  /** Runs the postponed request, unless something still makes it wait. */
  resume(): void {
    const connection = this.#connection;
    const postponed = this.#postponed;
    if (postponed === undefined || connection.isClosed) return;
    if (this.#mainOutstanding + this.#sideOutstanding > 0 || this.alone.isBusy) return;
    if (this.#client.isDelayed) return;
    this.#postponed = undefined;
    const { request, ticket, replyMode, arrivedMs } = postponed;
    // HELLO is answered in the version it asks for, but its ticket was taken before.
    const version = helloVersion(request);
    if (version !== undefined) (ticket.reply as RespWriter).version = version;
    const modeSince = connection.replyMode;
    connection.replyMode = replyMode;
    connection.executingSinceMs = this.#proxy.nowMs();
    connection.arrivedMs = arrivedMs;
    this.#isRunningPostponed = true;
    try {
      this.#client.request(request, ticket.reply);
    } catch (error) {
      ticket.reply.error(`ERR ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#isRunningPostponed = false;
    if (connection.replyMode === replyMode) connection.replyMode = modeSince;
    ticket.done();
    connection.release();
  }

  /** Ends the lanes because the client has gone. */
  end(): void {
    this.alone.end();
    this.#postponed = undefined;
  }
}
