import type { Clock } from "../lib/clock.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { Access } from "./acl/access.ts";
import type { Client, Clients } from "./client.ts";
import type { CommandTable } from "./command-table.ts";
import type { Monitors } from "./monitors.ts";
import type { PauseMode } from "./pause-request.ts";

/** The context of the commands that every service has, such as HELLO, CLIENT and COMMAND. Each client has one. */
export interface ClientContext {
  readonly connection: Client;
  readonly host: ServiceHost;
  /** Promises to answer the present request later. Absent where commands are answered at once. */
  answerLater?(): LateAnswer;
}

/** Answers a request once, by a function that writes the reply. */
export type LateAnswer = (write: (reply: ReplyWriter) => void) => void;

/** The service, as these commands see it. */
export interface ServiceHost {
  readonly registry: Clients;
  readonly clock: Clock;
  /** The database that is selected for new clients; 0 by default. */
  readonly database?: number;
  /** Who may do what. */
  readonly access: Access;
  /** The `server` field of HELLO: `redis`, because some clients check it. */
  readonly serverName: string;
  /** The Redis version that HELLO and INFO show. */
  readonly redisVersion: string;
  /** Glasscache's own version. */
  readonly version: string;
  /** The mode that HELLO and INFO show: `standalone`, `cluster`, … */
  readonly mode: string;
  /** `master` or `replica`. */
  readonly role: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  /** All commands of the service, for COMMAND. */
  readonly commands: CommandTable<never>;
  /** CLIENT TRACKING; undefined if the service does not have it. */
  readonly tracking?: TrackingCommands;
  /** CLIENT PAUSE. */
  readonly pause: Pause;
  /** MONITOR. */
  readonly monitors: Monitors;
  /** Whether the service runs, or passes on, this command of the tables; a subcommand as `client|kill`. */
  runs(name: string): boolean;
  /**
   * CLIENT UNBLOCK; undefined if commands never block. Replies with the number of clients unblocked.
   * @param reason `TIMEOUT` or `ERROR`
   */
  unblock?(context: ClientContext, client: number, reason: string, reply: ReplyWriter): void;
  /**
   * RESET: ends MULTI, WATCH, tracking, subscriptions and all other state that the service keeps for the client. The
   * connection's own state has been reset before.
   */
  onReset(context: ClientContext): void;
}

/** CLIENT PAUSE and UNPAUSE. */
export interface Pause {
  begin(forMs: number, mode: PauseMode): void;
  end(): void;
}

/** The tracking subcommands of CLIENT. `request` is the whole request, including CLIENT. */
export interface TrackingCommands {
  /** CLIENT TRACKING ON|OFF … */
  change(connection: Client, request: Request, reply: ReplyWriter): void;
  /** CLIENT TRACKINGINFO */
  describe(connection: Client, reply: ReplyWriter): void;
  /** CLIENT CACHING YES|NO */
  caching(connection: Client, request: Request, reply: ReplyWriter): void;
}
