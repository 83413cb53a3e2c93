import type { Connection } from "./connection.ts";
import type { Session } from "./session.ts";

/**
 * What stands behind a listener: the server or the proxy. One service serves all connections; a session is its
 * side of one of them.
 */
export interface Service {
  connect(connection: Connection): Session;
}
