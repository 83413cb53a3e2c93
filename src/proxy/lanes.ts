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
 * Where a request is answered by the origin: over the main connection, over a side connection, over one that the
 * request has for itself (`AloneLane`), or over the client's own (`Pin`). Each keeps the order of what goes over it.
 */
export type Lane = "main" | "side" | "alone" | "own";

/** The client whose requests the lanes keep in order. */
export interface LanesClient {
  /** Whether something besides the replies outstanding holds up the client's next request. */
  readonly isHeldUp: boolean;
  /** Executes a request that was put off. */
  request(request: Request, reply: ReplyWriter): void;
}

/** A request that waits for the replies to those before it. Its ticket keeps its place among them. */
interface Postponed {
  readonly request: Request;
  readonly ticket: Ticket;
  /** Whether its reply is wanted (CLIENT REPLY). */
  readonly replyMode: ReplyMode;
}

/**
 * Keeps one client's requests in the order they were sent. Within a lane the connection to the origin does so. A request
 * for another lane is put off until the replies outstanding in the lane before have come.
 */
export class Lanes {
  readonly alone: AloneLane;
  /** The keys that the requests outstanding on the main connection concern, where threads share the cache. */
  readonly keys = new OutstandingKeys();
  readonly #proxy: ProxyParts;
  readonly #connection: Connection;
  readonly #client: LanesClient;
  #mainOutstanding = 0;
  #sideOutstanding = 0;
  #postponed: Postponed | undefined;
  #isRunningPostponed = false;

  constructor(proxy: ProxyParts, connection: Connection, client: LanesClient) {
    this.#proxy = proxy;
    this.#connection = connection;
    this.#client = client;
    this.alone = new AloneLane(proxy, connection, () => this.resume());
  }

  /** Whether the request being executed was put off before. */
  get isRunningPostponed(): boolean {
    return this.#isRunningPostponed;
  }

  /** @returns false when the request was put off: it is run again when it may enter the lane */
  enter(lane: Lane, request: Request): boolean {
    const mayEnter =
      (lane === "main" || this.#mainOutstanding === 0) &&
      (lane === "side" || this.#sideOutstanding === 0) &&
      (lane === "alone" ? !this.alone.speaksOtherwise : !this.alone.isBusy);
    if (!mayEnter) this.postpone(request);
    return mayEnter;
  }

  /** A request goes over the main connection; `mainDone` is called when the client has its reply. */
  beginMain(): void {
    this.#mainOutstanding++;
  }

  readonly mainDone = (): void => {
    this.#mainOutstanding--;
    if (this.#mainOutstanding > 0) return;
    this.keys.clear();
    this.resume();
  };

  /** A request is answered over a side connection, or later by the proxy itself; `sideDone` is called then. */
  beginSide(): void {
    this.#sideOutstanding++;
  }

  readonly sideDone = (): void => {
    this.#sideOutstanding--;
    if (this.#sideOutstanding === 0) this.resume();
  };

  /**
   * Whether a key may be read from the cache. A client that awaits a reply about a key must see its own write in what it
   * reads next, and nothing older than what it has read. Another thread may cache an older value in between. The origin,
   * asked over the same connection, answers with what comes after.
   */
  readonly mayHit = ({ hash }: KeyRef): boolean =>
    this.#mainOutstanding === 0 || !this.#proxy.cache.isShared || !this.keys.mayHave(hash);

  /** A reply about this key is outstanding on the main connection. */
  awaitKey({ hash }: KeyRef): void {
    if (this.#proxy.cache.isShared) this.keys.add(hash);
  }

  /** Puts a request off; the client's further requests are not executed until it has run. */
  postpone(request: Request): void {
    const connection = this.#connection;
    const { replyMode } = connection;
    this.#postponed = { request: copyRequest(request), ticket: connection.defer(), replyMode };
    connection.hold();
  }

  /** Runs the request that was put off, if nothing holds it up any longer. */
  resume(): void {
    const connection = this.#connection;
    const postponed = this.#postponed;
    if (postponed === undefined || connection.isClosed) return;
    if (this.#mainOutstanding + this.#sideOutstanding > 0 || this.alone.isBusy) return;
    if (this.#client.isHeldUp) return;
    this.#postponed = undefined;
    const { request, ticket, replyMode } = postponed;
    // HELLO is answered in the version it asks for, and the ticket was taken before.
    const version = helloVersion(request);
    if (version !== undefined) (ticket.reply as RespWriter).version = version;
    const modeSince = connection.replyMode;
    connection.replyMode = replyMode;
    connection.executingSinceMs = this.#proxy.nowMs();
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

  /** The client has gone. */
  end(): void {
    this.alone.end();
    this.#postponed = undefined;
  }
}
