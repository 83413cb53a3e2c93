import type { Connection } from "./connection.ts";
import type { Session } from "./session.ts";

/** Times some of the batches of requests: those that arrived together on one connection. */
export interface BatchTimer {
  /** Counted down at the end of each batch. */
  left: number;
  /**
   * Called at the end of a batch, with its replies handed over, when at most one is left.
   * @param sinceMs when the batch came: monotonic, with its fraction
   * @param areAnswered whether no request of the client is left without a reply
   */
  ended(sinceMs: number, areAnswered: boolean): void;
}

/** The server or the proxy. It gives each connection of a listener a session. */
export interface Service {
  /** Whether bytes[start, end) name a command, in any case. A line that begins with one is an inline command. */
  isCommandName(bytes: Uint8Array, start: number, end: number): boolean;
  connect(connection: Connection): Session;
  /** Absent: no batch is timed. */
  readonly batchTimes?: BatchTimer;
}
