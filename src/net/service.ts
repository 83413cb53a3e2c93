import type { Connection } from "./connection.ts";
import type { Session } from "./session.ts";

/**
 * What stands behind a listener: the server or the proxy. One service serves all connections; a session is its
 * side of one of them.
 */
export interface Service {
  /** Whether bytes[start, end) are the name of a command, in any case. A line that begins with one is inline. */
  isCommandName(bytes: Uint8Array, start: number, end: number): boolean;
  connect(connection: Connection): Session;
}
