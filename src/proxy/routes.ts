import { COMMAND_FACTS, SUBCOMMAND_FACTS } from "../commands/command-facts.ts";
import { type CommandFacts, changesKeys, isSameInBoth, keyRange } from "../commands/facts.ts";
import type { Request } from "../protocol/protocol.ts";
import { GET_QUESTION, type Question } from "./question.ts";

/**
 * The route of each command, derived from the table of commands. A command without a route uses a connection of its
 * client's own while it runs, which is right for every command; scripts and unknown commands do so.
 *
 * - `cached`: answered from the cache if possible.
 * - `read`: over the main connection. Its reply has the same form in RESP2 and RESP3 (no maps, sets, doubles). It
 *   shows something of the keys in `keys`, or of all keys (`all`).
 * - `write`: likewise, but changes the keys in `keys`, or all keys (`all`). The proxy itself invalidates them.
 * - `side`: its reply depends on the client's RESP version, or its arguments do not tell its effects.
 * - `dedicated`: gives the client a connection of its own: transactions, subscriptions, blocking commands.
 * - `refuse`: would not work over shared connections.
 *
 * To make another read cacheable, add it to `CACHED` with its question (`question.ts`).
 */
export interface Route {
  readonly name: string;
  readonly kind: "cached" | "read" | "write" | "side" | "dedicated" | "refuse";
  /**
   * The positions of the keys that a `write` changes or a `read` shows: first, last (negative: from the end), step.
   */
  readonly keys?: readonly [first: number, last: number, step: number] | undefined;
  /** Whether a `write` changes every key, or a `read` may show any. */
  readonly all?: boolean;
  /** The question that a `cached` read asks about its first argument. MGET has none: it asks for several values. */
  readonly question?: ((request: Request) => Question) | undefined;
  /** The number of arguments, including the name, that this route needs; otherwise `side`. */
  readonly onlyWithCount?: number | undefined;
  /** Whether the command may concern another database than the client's, or the whole origin. */
  readonly reachesFar?: boolean;
  /** Whether the command changes nothing, whatever its lane. */
  readonly changesNothing?: boolean;
  /** Whether the command may block for any time, so it has no time-out. */
  readonly blocks?: boolean;
  /** Whether the command begins replication. It is refused without `--allow-admin`. */
  readonly replicates?: boolean;
  /** Why the command is refused. */
  readonly reason?: string;
  /** What its requests are counted as (`COUNTED_COMMANDS`); absent: `other`. */
  readonly number?: number;
  /** The command's facts; absent: it has subcommands, and each has its own, or it is not in the tables. */
  readonly facts?: CommandFacts;
}

/** Commands answered from the cache. */
const CACHED: ReadonlyMap<string, Pick<Route, "onlyWithCount" | "question">> = new Map([
  ["get", { onlyWithCount: 2, question: () => GET_QUESTION }],
  ["mget", {}],
]);

/** With a count these answer with an array; RESP2 distinguishes a null array from a null, and RESP3 has sets. */
const WITHOUT_COUNT = new Set(["lpop", "rpop", "spop"]);

/** These change what a client may send next, or make the origin send it messages. */
const BINDING = new Set([
  ...["multi", "watch", "subscribe", "psubscribe", "ssubscribe"],
  ...["unsubscribe", "punsubscribe", "sunsubscribe"],
]);

/** These have no keys, and no flag saying that they change nothing. */
const READS_WITHOUT_KEYS = new Set(["lastsave", "publish", "spublish", "time"]);

/** These report something about keys or the origin. */
const TELLING = new Set([
  ...["command", "commandlog", "info", "latency", "memory", "object", "pubsub", "role", "slowlog", "xinfo"],
]);

/** These are about the origin itself. */
const TOLD = new Set(["cluster", "config", "function", "migrate", "module", "script"]);

const REPLICATION = new Set(["psync", "replconf", "sync"]);

/** Returns the route that a command's facts imply; undefined if they do not say enough. */
export function routeOf(facts: CommandFacts): Route | undefined {
  const { name, flags } = facts;
  if (name === "wait" || name === "waitaof") {
    const reason = "does not work through a proxy whose clients share connections; ask the origin";
    return { name, kind: "refuse", reason: `${name.toUpperCase()} ${reason}` };
  }
  if (REPLICATION.has(name)) {
    const reason =
      "replication needs a proxy started with --allow-admin, and cannot begin within MULTI; ask the origin";
    return { name, kind: "refuse", replicates: true, reason };
  }
  const cached = CACHED.get(name);
  if (cached !== undefined) return { name, kind: "cached", ...cached };
  if (BINDING.has(name)) return { name, kind: "dedicated", changesNothing: true };
  if (flags.includes("blocking"))
    return { name, kind: "dedicated", blocks: true, changesNothing: !changesKeys(facts) };
  if (READS_WITHOUT_KEYS.has(name)) return { name, kind: "read" };
  if (TELLING.has(name)) return { name, kind: "side", changesNothing: true };
  if (TOLD.has(name)) return { name, kind: "side", reachesFar: true };
  if (name === "xgroup") return { name, kind: "side" };
  // A script's flags are about the keys it is given; it may use others.
  const isOnData = flags.includes("readonly") || flags.includes("write");
  return isOnData && facts.group !== "scripting" ? dataRoute(facts) : undefined;
}

function dataRoute(facts: CommandFacts): Route {
  const { name, uses } = facts;
  const changes = changesKeys(facts);
  const keys = keyRange(facts);
  const all = uses.length > 0 && uses.every(({ isEveryKey }) => isEveryKey);
  const onlyWithCount = WITHOUT_COUNT.has(name) ? 2 : undefined;
  if (!(isSameInBoth(facts) || onlyWithCount !== undefined) || (keys === undefined && !all)) {
    return { name, kind: "side", changesNothing: !changes };
  }
  const reachesFar = name === "copy" || name === "move";
  return { name, kind: changes ? "write" : "read", keys, all, onlyWithCount, reachesFar };
}

export const ROUTES: readonly Route[] = [...COMMAND_FACTS.values()].flatMap((facts) => {
  const isOrigins = !facts.name.includes("|") && facts.group !== "glasscache";
  const route = isOrigins ? routeOf(facts) : undefined;
  if (route === undefined) return [];
  return { ...route, number: facts.number, ...(SUBCOMMAND_FACTS.has(facts.name) ? {} : { facts }) };
});

/** Whether a request of this route may have changed something when its reply is lost. */
export function mayWrite(route: Route | undefined): boolean {
  if (route === undefined) return true;
  return route.kind !== "cached" && route.kind !== "read" && route.changesNothing !== true;
}

/** Whether a request of this route concerns only the client's database. */
export function staysInDatabase(route: Route | undefined): boolean {
  if (route === undefined) return false;
  return !mayWrite(route) || (route.all !== true && route.reachesFar !== true);
}

/** Whether a Redis that is busy with a script answers this request, so that the script can be ended. */
export function isUrgent({ name }: Route, request: Request): boolean {
  if (request.count < 2 || (name !== "script" && name !== "function")) return false;
  const subcommand = request.text(1).toLowerCase();
  return subcommand === "kill" || (name === "function" && subcommand === "stats");
}

/** PUT and DELETE of the text protocol. */
export const TEXT_PUT: Route = { name: "put", kind: "write", keys: [1, 1, 1] };
export const TEXT_DELETE: Route = { name: "del", kind: "write", keys: [1, 1, 1] };

/** Whether a write leaves no value. */
export function removesKeys({ name }: Route): boolean {
  return name === "del" || name === "unlink" || name === "getdel";
}
