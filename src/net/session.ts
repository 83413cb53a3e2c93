import type { ReplyWriter, Request } from "../protocol/protocol.ts";

/** A service's side of one connection. */
export interface Session {
  /**
   * Executes one request. It writes the reply to `reply` before it returns, or takes a ticket (`connection.defer()`)
   * and writes the reply there later. Every request gets exactly one reply. A thrown error becomes an error reply.
   */
  request(request: Request, reply: ReplyWriter): void;
  /**
   * Whether `request` takes this request's large arguments in chunks (`Request.large`). If not, or if this method is
   * absent, each is first put together.
   */
  takesLarge?(request: Request): boolean;
  /** A request was refused before it came here: it is malformed. */
  refused?(): void;
  /**
   * Called before replies are sent. If it returns a promise, the replies wait until it is resolved (group commit). If
   * the promise is rejected, they are never sent: the client gets the error and the connection ends.
   */
  settle(): Promise<void> | undefined;
  /** The connection has ended. Called once. */
  closed(): void;
}
