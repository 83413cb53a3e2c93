import type { ClientContext, ServiceHost } from "../commands/client-context.ts";
import type { Engine } from "../engine/engine.ts";
import type { Log } from "../lib/log.ts";
import type { ClientPause } from "../net/client-pause.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import type { Connection } from "../net/connection.ts";
import type { ActiveExpiry } from "./active-expiry.ts";
import type { Channels } from "./channels.ts";
import type { DebugAccess } from "./debug-access.ts";
import type { Keyspace } from "./keyspace.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerNumbers } from "./numbers.ts";
import type { Slowlog } from "./slowlog.ts";
import type { Tracking } from "./tracking.ts";
import type { Transaction } from "./transaction.ts";

/** The context in which the server's commands run: one for each client, the same for all its requests. */
export interface ServerContext extends ClientContext {
  readonly connection: Connection;
  readonly host: ServerHost;
  readonly keyspace: Keyspace;
  /** The client's state of MULTI and WATCH. */
  readonly transaction: Transaction<ServerContext>;
}

/** The server, as its commands see it. */
export interface ServerHost extends ServiceHost {
  readonly registry: ClientRegistry;
  readonly pause: ClientPause;
  /** The default user's password, as it was given last (`requirepass`); undefined: none. */
  password: string | undefined;
  readonly engine: Engine;
  readonly keyspace: Keyspace;
  readonly limits: ServerLimits;
  readonly log: Log;
  readonly tracking: Tracking;
  readonly channels: Channels;
  readonly slowlog: Slowlog;
  readonly numbers: ServerNumbers;
  readonly activeExpiry: ActiveExpiry;
  readonly debugAccess: DebugAccess;
  /** Whether a write to disk has failed. */
  readonly hasStorageFailed: boolean;
  /** Tells the operator that the engine cannot keep its data. Logs only once, because the engine goes on failing. */
  storageFailed(error: unknown): void;
}
