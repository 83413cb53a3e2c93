import { COMMAND_FACTS } from "../commands/command-facts.ts";
import { type CommandFacts, changesKeys, isSameInBoth, keyRange } from "../commands/facts.ts";
import type { Request } from "../protocol/protocol.ts";
import { GET_QUESTION, type Question } from "./question.ts";

/**
 * Where each command goes, by what the table of commands says of it. What has no route goes over a connection of its
 * client's own for as long as it runs, which is right for every command: scripts, and what is not known here.
 *
 * - `cached`: answered from the cache where possible.
 * - `read`: over the main connection; its reply has the same shape in RESP2 and RESP3 (no maps, sets, doubles). It
 *   shows something of the keys named by `keys`, or of `all`.
 * - `write`: the same, and changes the keys named by `keys`, which the proxy itself invalidates; `all` for every key.
 * - `side`: its reply depends on the client's RESP version, or its effects cannot be told from its arguments.
 * - `pin`: binds the client to an upstream connection of its own: transactions, subscriptions, blocking commands.
 * - `refuse`: would not do what it says when connections are shared.
 *
 * To make another read cacheable, add it to `CACHED` with the question that it asks (`question.ts`).
 */
export interface Route {
  readonly name: string;
  readonly kind: "cached" | "read" | "write" | "side" | "pin" | "refuse";
  /** Positions of the keys a `write` changes and a `read` shows: first, last (negative: from the end), step. */
  readonly keys?: readonly [first: number, last: number, step: number] | undefined;
  /** A `write` that changes every key, a `read` that shows any. */
  readonly all?: boolean;
  /** What a `cached` read of one key, its first argument, asks about it. MGET has none: it asks for several values. */
  readonly question?: ((request: Request) => Question) | undefined;
  /** Takes this route only with so many arguments, the name included; otherwise `side`. */
  readonly onlyWithCount?: number | undefined;
  /** May concern another database than the client's, or all of the origin. */
  readonly reachesFar?: boolean;
  /** Changes nothing, whatever its lane. */
  readonly changesNothing?: boolean;
  /** May wait as long as it likes: no time-out. */
  readonly blocks?: boolean;
  /** Begins replication: it is refused unless the proxy was started with `--allow-admin`. */
  readonly replicates?: boolean;
  /** Why a command is refused. */
  readonly reason?: string;
}

/** Answered from the cache. */
const CACHED: ReadonlyMap<string, Pick<Route, "onlyWithCount" | "question">> = new Map([
  ["get", { onlyWithCount: 2, question: () => GET_QUESTION }],
  ["mget", {}],
]);

/** With a count they answer an array, and RESP2 tells a null array from a null, or a set in RESP3. */
const WITHOUT_COUNT = new Set(["lpop", "rpop", "spop"]);

/** They change what a client may ask next, or send it messages. */
const BINDING = new Set([
  ...["multi", "watch", "subscribe", "psubscribe", "ssubscribe"],
  ...["unsubscribe", "punsubscribe", "sunsubscribe"],
]);

/** Without keys, and without a flag that says that they change nothing. */
const READS_WITHOUT_KEYS = new Set(["lastsave", "publish", "spublish", "time"]);

/** They tell something, of keys or of the origin. */
const TELLING = new Set([
  ...["command", "commandlog", "info", "latency", "memory", "object", "pubsub", "role", "slowlog", "xinfo"],
]);

/** What is told to the origin itself. */
const TOLD = new Set(["acl", "cluster", "config", "function", "migrate", "module", "script"]);

const REPLICATION = new Set(["psync", "replconf", "sync"]);

/** Where a command goes by its facts; undefined where they do not say enough. */
export function routeOf(facts: CommandFacts): Route | undefined {
  const { name, flags } = facts;
  if (name === "wait" || name === "waitaof") {
    const reason = "cannot be told through a proxy whose clients share connections; ask the origin";
    return { name, kind: "refuse", reason: `${name.toUpperCase()} ${reason}` };
  }
  if (REPLICATION.has(name)) {
    const reason =
      "replication passes a proxy that was started with --allow-admin alone, and not within MULTI; ask the origin";
    return { name, kind: "refuse", replicates: true, reason };
  }
  const cached = CACHED.get(name);
  if (cached !== undefined) return { name, kind: "cached", ...cached };
  if (BINDING.has(name)) return { name, kind: "pin", changesNothing: true };
  if (flags.includes("blocking"))
    return { name, kind: "pin", blocks: true, changesNothing: !changesKeys(facts) };
  if (READS_WITHOUT_KEYS.has(name)) return { name, kind: "read" };
  if (TELLING.has(name)) return { name, kind: "side", changesNothing: true };
  if (TOLD.has(name)) return { name, kind: "side", reachesFar: true };
  if (name === "xgroup") return { name, kind: "side" };
  // Scripts say so of keys that they are told of; they may touch others.
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

export const ROUTES: readonly Route[] = [...COMMAND_FACTS.values()].flatMap((facts) =>
  facts.name.includes("|") || facts.group === "glasscache" ? [] : (routeOf(facts) ?? []),
);

/** Whether a request of this route may have changed something when its reply is lost. */
export function mayWrite(route: Route | undefined): boolean {
  if (route === undefined) return true;
  return route.kind !== "cached" && route.kind !== "read" && route.changesNothing !== true;
}

/** Whether a request of this route concerns no other database than the client's. */
export function staysInDatabase(route: Route | undefined): boolean {
  if (route === undefined) return false;
  return !mayWrite(route) || (route.all !== true && route.reachesFar !== true);
}

/** What a Redis answers while it is busy with a script, so that somebody can end that. */
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
