import type { Clock } from "../lib/clock.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { Client, Clients } from "./client.ts";
import type { CommandTable } from "./command-table.ts";
import type { Monitors } from "./monitors.ts";
import type { PauseMode } from "./pause-request.ts";

/** What the commands that every service has (HELLO, CLIENT, COMMAND, …) run on; one for each client. */
export interface ClientContext {
  readonly connection: Client;
  readonly host: ServiceHost;
}

/** What a service tells about itself. */
export interface ServiceHost {
  readonly registry: Clients;
  readonly clock: Clock;
  /** The database that clients are in until they select another one; 0 by default. */
  readonly database?: number;
  /** Whether clients must give a password to HELLO or AUTH before anything else. */
  readonly needsPassword: boolean;
  /** What HELLO calls the server: `redis`, for clients that look at it. */
  readonly serverName: string;
  /** The version of Redis this service is compatible with, as HELLO and INFO tell it. */
  readonly redisVersion: string;
  /** Glasscache's own version. */
  readonly version: string;
  /** As HELLO and INFO tell it: `standalone`, `cluster`, … */
  readonly mode: string;
  /** `master` or `replica`. */
  readonly role: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  /** All commands of the service, for COMMAND. */
  readonly commands: CommandTable<never>;
  /** CLIENT TRACKING, where the service has it. */
  readonly tracking?: TrackingCommands;
  /** CLIENT PAUSE. */
  readonly pause: Pause;
  /** MONITOR. */
  readonly monitors: Monitors;
  /** Whether `password` is that of the user of this name. Takes the same time however much of it is right. */
  isPasswordOf(user: string, password: Uint8Array): boolean;
  /**
   * CLIENT UNBLOCK, where clients can be blocked: answers how many were.
   * @param reason `TIMEOUT` or `ERROR`
   */
  unblock?(context: ClientContext, client: number, reason: string, reply: ReplyWriter): void;
  /**
   * The client goes back to the state of a new connection (RESET): MULTI, WATCH, tracking, subscriptions and all
   * else that the service keeps for it end. What the connection itself keeps has been reset already.
   */
  onReset(context: ClientContext): void;
}

/** CLIENT PAUSE, as commands begin and end it. */
export interface Pause {
  begin(forMs: number, mode: PauseMode): void;
  end(): void;
}

/** The subcommands of CLIENT about tracking; `request` is the whole request, CLIENT first. */
export interface TrackingCommands {
  /** CLIENT TRACKING ON|OFF … */
  change(connection: Client, request: Request, reply: ReplyWriter): void;
  /** CLIENT TRACKINGINFO */
  describe(connection: Client, reply: ReplyWriter): void;
  /** CLIENT CACHING YES|NO */
  caching(connection: Client, request: Request, reply: ReplyWriter): void;
}
