import type { ClientFacts } from "../net/client-facts.ts";
import type { Redirection } from "./redirection.ts";

/** The change to the upstream connection that a request makes if it succeeds. */
export type Effect =
  | "multi"
  | "exec"
  | "discard"
  | "watch"
  | "unwatch"
  | "tracking-on"
  | "tracking-off"
  | "select-first"
  | "select-other"
  | "peculiar"
  | "none";

/** The change that a request makes to its client's state, as CLIENT LIST shows it. */
export interface Change {
  readonly effect: Effect;
  /** The database of a SELECT. */
  readonly database: number | undefined;
  /** The target of invalidations in CLIENT TRACKING ON, and whether tracking is by prefixes. */
  readonly redirection: Redirection | undefined;
  readonly broadcasts: boolean;
}

/** Follows a client with a connection of its own through the origin's replies, for CLIENT LIST and GETREDIR. */
export class ClientState {
  /** The client that gets this client's invalidations, if it is another one. */
  redirection: Redirection | undefined;
  broadcasts = false;
  readonly #client: ClientFacts;
  /** The database selected within the transaction. */
  #queuedDatabase: number | undefined;
  /** Whether a command could not be queued; no later one is queued then. */
  #isAborted = false;

  constructor(client: ClientFacts) {
    this.#client = client;
  }

  /** @param inTransaction whether the request was answered within a transaction */
  succeeded(change: Change, isNull: boolean, inTransaction: boolean): void {
    const client = this.#client;
    const { effect, database } = change;
    if (inTransaction) {
      if (effect !== "exec" && effect !== "discard") this.#queued(database);
      else this.#endTransaction(effect === "exec" && !isNull);
    } else if (effect === "multi") client.queuedCommands = 0;
    else if (database !== undefined) client.database = database;
    else if (effect === "tracking-on") {
      this.redirection = change.redirection?.theirs === 0 ? undefined : change.redirection;
      this.broadcasts = change.broadcasts;
      client.redirection = change.redirection?.ours ?? 0;
    } else if (effect === "tracking-off") {
      this.redirection = undefined;
      this.broadcasts = false;
      client.redirection = -1;
    }
  }

  /** Handles an error reply. */
  failed({ effect }: Change, inTransaction: boolean): void {
    if (!inTransaction) return;
    if (effect === "exec") this.#endTransaction(false);
    else if (effect === "none") this.#isAborted = true;
  }

  #queued(database: number | undefined): void {
    if (this.#isAborted) return;
    this.#client.queuedCommands++;
    this.#queuedDatabase = database ?? this.#queuedDatabase;
  }

  #endTransaction(isExecuted: boolean): void {
    this.#client.queuedCommands = -1;
    if (isExecuted) this.#client.database = this.#queuedDatabase ?? this.#client.database;
    this.#queuedDatabase = undefined;
    this.#isAborted = false;
  }
}
