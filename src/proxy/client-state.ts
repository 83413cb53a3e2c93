import type { ClientFacts } from "../net/client-facts.ts";
import type { Redirection } from "./redirection.ts";

/** What a request will have changed about the upstream connection once it has succeeded. */
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

/** What a request sent to the origin changes about its client, as CLIENT LIST tells it. */
export interface Change {
  readonly effect: Effect;
  /** Of SELECT. */
  readonly database: number | undefined;
  /** Of CLIENT TRACKING ON: where invalidations go, and whether they are about keys with certain prefixes. */
  readonly redirection: Redirection | undefined;
  readonly broadcasts: boolean;
}

/** Follows what a pinned client's replies say of its state at the origin, for CLIENT LIST and GETREDIR. */
export class ClientState {
  /** Where the client's invalidations go, when not to itself. */
  redirection: Redirection | undefined;
  broadcasts = false;
  readonly #client: ClientFacts;
  /** The database that a SELECT within the transaction has chosen. */
  #queuedDatabase: number | undefined;
  /** A command could not be queued: none behind it is. */
  #isAborted = false;

  constructor(client: ClientFacts) {
    this.#client = client;
  }

  /** @param inTransaction whether the request was answered within one */
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

  /** The request was answered with an error. */
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
