import type { BatchTimer } from "./batch-timer.ts";
import type { Connection } from "./connection.ts";
import type { Session } from "./session.ts";

/** The server or the proxy. It gives each connection of a listener a session. */
export interface Service {
  /** Whether bytes[start, end) name a command, in any case. A line that begins with one is an inline command. */
  isCommandName(bytes: Uint8Array, start: number, end: number): boolean;
  connect(connection: Connection): Session;
  /** Whether the replies to one client come from several servers, each over a connection of its own. */
  readonly hasSeveralSources?: boolean;
  /** Absent: no batch is timed. */
  readonly batchTimes?: BatchTimer;
}
