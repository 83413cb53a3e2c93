import type { ReplyMode } from "../commands/client.ts";
import { helloVersion } from "../commands/hello-version.ts";
import type { Ticket } from "../net/ticket.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { copyRequest } from "../protocol/request-copy.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { ServerContext } from "./context.ts";
import { sendWhenDurable } from "./durable-reply.ts";

/**
 * A request delayed by CLIENT PAUSE. It keeps its place among the client's replies; later requests wait behind it.
 */
export class Postponed {
  readonly #context: ServerContext;
  readonly #request: Request;
  readonly #ticket: Ticket;
  readonly #replyMode: ReplyMode;
  readonly #stop: () => void;

  /** @param run called when the pause is over */
  constructor(context: ServerContext, request: Request, run: (postponed: Postponed) => void) {
    const { connection, host } = context;
    this.#context = context;
    this.#request = copyRequest(request);
    this.#replyMode = connection.replyMode;
    this.#ticket = connection.defer();
    connection.hold();
    this.#stop = host.pause.wait(() => run(this));
  }

  /** Stops waiting, because the client has gone. */
  forget(): void {
    this.#stop();
  }

  execute(execute: (request: Request, reply: ReplyWriter) => void): void {
    const { connection } = this.#context;
    const ticket = this.#ticket;
    if (connection.isClosed) return;
    const version = helloVersion(this.#request);
    if (version !== undefined) (ticket.reply as RespWriter).version = version;
    const modeSince = connection.replyMode;
    connection.replyMode = this.#replyMode;
    try {
      execute(this.#request, ticket.reply);
    } catch (error) {
      ticket.buffer.clear();
      ticket.reply.error(`ERR ${error instanceof Error ? error.message : String(error)}`);
    }
    if (connection.replyMode === this.#replyMode) connection.replyMode = modeSince;
    sendWhenDurable(this.#context, ticket, () => {
      ticket.done();
      connection.release();
    });
  }
}
