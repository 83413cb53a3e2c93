import type { ReplyWriter, Request } from "../protocol/protocol.ts";

/** A service's side of one connection. */
export interface Session {
  /**
   * Executes one request. The reply is written to `reply` before this returns, or later through a ticket taken
   * by `connection.defer()`. Every request gets exactly one reply. What it throws is answered as an error.
   */
  request(request: Request, reply: ReplyWriter): void;
  /**
   * Whether `request` takes the large arguments of this one as they came, in chunks (`Request.large`); otherwise, and
   * where this is absent, they are first put together.
   */
  takesLarge?(request: Request): boolean;
  /**
   * Asked before replies written so far are sent. A promise holds them back until it is resolved (group commit);
   * when it is rejected they are never sent: the client gets the error and the connection ends.
   */
  settle(): Promise<void> | undefined;
  /** The connection has ended, however it did. Called once. */
  closed(): void;
}
