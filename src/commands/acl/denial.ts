import { fromLatin1, latin1 } from "../../lib/bytes.ts";
import type { Request } from "../../protocol/protocol.ts";
import { factsOf } from "../command-facts.ts";
import { type Arguments, type CommandFacts, keysOf } from "../facts.ts";
import { hasWord, permissionFor } from "../key-flags.ts";
import type { Selector } from "./selector.ts";
import type { User } from "./user.ts";

/** Why a user may not run a request. */
export interface Denial {
  readonly reason: "command" | "key" | "channel";
  /** The command's name, the key or the channel, one character a byte; for ACL LOG. */
  readonly object: string;
  /** The error that the client gets, with Redis 7.0's text where it has one. */
  readonly message: string;
}

/** How the requests of a service are run. */
export interface Running {
  /**
   * Scripts run with the rights of somebody else, who may do everything: those of the proxy at its origin. Then only a
   * user who may do everything may run one.
   */
  readonly scriptsMayAll: boolean;
}

/**
 * Tells why a user may not run a request; undefined if it may. One of its selectors must allow the command with all
 * keys and channels. What is told of the selectors that do not is the reason that comes closest, as in Redis.
 * @param facts of the command or subcommand
 */
export function denialOf(
  user: User,
  facts: CommandFacts,
  request: Request,
  running: Running,
): Denial | undefined {
  if (user.isUnrestricted) return undefined;
  let closest: Refusal = { rank: 0, index: 0 };
  for (const selector of user.selectors) {
    const refusal = refusalOf(selector, facts, request);
    if (refusal === undefined) {
      return runsAsOther(facts, running) ? commandDenial(facts, SCRIPTS_MAY_ALL) : undefined;
    }
    if (refusal.rank > closest.rank || (refusal.rank === closest.rank && refusal.index > closest.index)) {
      closest = refusal;
    }
  }
  if (closest.rank <= COMMAND) return commandDenial(facts, noCommand(facts.name));
  if (closest.message !== undefined) return { reason: "key", object: "*", message: closest.message };
  const isKey = closest.rank === KEY;
  const reason = isKey ? "key" : "channel";
  const message =
    closest.index === EVERY_KEY
      ? `NOPERM this user has no permissions to see every key, which '${facts.name}' may show`
      : `NOPERM this user has no permissions to access one of the ${reason}s used as arguments`;
  return { reason, object: closest.index === EVERY_KEY ? "*" : request.text(closest.index), message };
}

/** What ACL DRYRUN answers: it names the key or channel, which an error does not. */
export function describeDenial({ reason, object, message }: Denial): string {
  if (reason === "command" || object === "*")
    return message.replace(/^NOPERM (.)/, (_, first) => first.toUpperCase());
  return `This user has no permissions to access the '${object}' ${reason}`;
}

/** The error of Redis for a command that a user may not run. @param name a subcommand as `client|kill` */
function noCommand(name: string): string {
  return `NOPERM this user has no permissions to run the '${name}' command`;
}

const SCRIPTS_MAY_ALL =
  "NOPERM scripts run at the origin with the rights of the proxy's own user there, so only a user who may run every " +
  "command on every key may run them";

function commandDenial({ name }: CommandFacts, message: string): Denial {
  return { reason: "command", object: name, message };
}

/** Ranks as in Redis: a command that may be run, but not on this key, comes closer. */
const COMMAND = 1;
const KEY = 2;
const CHANNEL = 4;

/** In place of the argument that is refused: the command may show any key. */
const EVERY_KEY = -1;

interface Refusal {
  readonly rank: number;
  /** The refused argument, or EVERY_KEY. */
  readonly index: number;
  /** The error, if it is not the usual one. */
  readonly message?: string;
}

function refusalOf(selector: Selector, facts: CommandFacts, request: Request): Refusal | undefined {
  const { commands, keys, channels } = selector;
  if (!commands.allows(facts, () => firstArgument(facts, request)) && !facts.flags.includes("no_auth")) {
    return { rank: COMMAND, index: 0 };
  }
  if (!keys.isAll) {
    for (const use of facts.uses) {
      if (use.isEveryKey) {
        const refusal = use.permission === "R" ? refusalToShow(selector, facts, request) : undefined;
        if (refusal !== undefined) return refusal;
        continue;
      }
      const permission = permissionFor(use, facts.name, request);
      for (const index of keysOf(use, request)) {
        // MIGRATE takes an empty key if the keys follow later.
        if (facts.name === "migrate" && request.length(index) === 0) continue;
        const { bytes, starts, ends } = request;
        if (!keys.allows(bytes, starts[index]!, ends[index]!, permission)) return { rank: KEY, index };
      }
    }
    if (broadcasts(facts, request) && !readsPrefixes(selector, request))
      return { rank: KEY, index: EVERY_KEY };
  }
  if (channels.isAll || facts.group !== PUBSUB) return undefined;
  const isPattern = facts.name === "psubscribe";
  for (const index of channelsOf(facts, request)) {
    if (!channels.allows(request.view(index), isPattern)) return { rank: CHANNEL, index };
  }
  return undefined;
}

function firstArgument(facts: CommandFacts, request: Request): string | undefined {
  const index = facts.name.includes("|") ? 2 : 1;
  return index < request.count ? request.text(index) : undefined;
}

function runsAsOther({ group, uses }: CommandFacts, { scriptsMayAll }: Running): boolean {
  return scriptsMayAll && group === "scripting" && uses.length > 0;
}

// ---- keys

/**
 * Refuses a command that may show any key, if it shows some which may not be read. Redis does not ask: there, whoever
 * may run SCAN sees the names of all keys. Here they are shown to those who may read them.
 */
function refusalToShow({ keys }: Selector, facts: CommandFacts, request: Request): Refusal | undefined {
  if (keys.readsAll) return undefined;
  if (facts.name === "sort" || facts.name === "sort_ro") {
    const option = followedPatterns(request);
    const message = `ERR ${option} option of SORT denied due to insufficient ACL permissions.`;
    return option === undefined ? undefined : { rank: KEY, index: EVERY_KEY, message };
  }
  const pattern = patternOf(facts, request);
  if (pattern !== undefined && keys.readsAllOf(request.view(pattern))) return undefined;
  return { rank: KEY, index: EVERY_KEY };
}

/** The position of the pattern that bounds what a command shows; undefined: nothing does. */
function patternOf({ name }: CommandFacts, request: Request): number | undefined {
  if (name === "keys") return 1;
  if (name === "glass.watch" && request.count > 1) return request.count - 1;
  if (name !== "scan" && name !== "clusterscan") return undefined;
  // The last one counts, as in Redis.
  let pattern: number | undefined;
  for (let index = 2; index + 1 < request.count; index += 2) {
    if (request.text(index).toLowerCase() === "match") pattern = index + 1;
  }
  return pattern;
}

/** The option by which SORT reads other keys than its own, those that a pattern names; undefined: it does not. */
function followedPatterns(request: Request): "BY" | "GET" | undefined {
  for (let index = 2; index + 1 < request.count; index++) {
    const option = request.text(index).toLowerCase();
    if (option === "get") return "GET";
    if (option === "by" && request.text(index + 1).includes("*")) return "BY";
    if (option === "limit") index++;
    if (option === "by" || option === "limit" || option === "store") index++;
  }
  return undefined;
}

/** Whether a request is a CLIENT TRACKING that tells of changes of keys which the client has not read. */
function broadcasts({ name }: CommandFacts, request: Request): boolean {
  return name === "client|tracking" && hasWord(request, 3, "bcast");
}

/** Whether all prefixes of a CLIENT TRACKING are of keys that may be read. Without any, it is about all keys. */
function readsPrefixes({ keys }: Selector, request: Request): boolean {
  let hasPrefix = false;
  for (let index = 3; index + 1 < request.count; index++) {
    if (request.text(index).toLowerCase() !== "prefix") continue;
    hasPrefix = true;
    index++;
    if (!keys.readsAllOf(globOfPrefix(request.view(index)))) return false;
  }
  return hasPrefix || keys.readsAll;
}

function globOfPrefix(prefix: Uint8Array): Uint8Array {
  const escaped = latin1(prefix, 0, prefix.length).replace(/[*?[\\]/g, "\\$&");
  return fromLatin1(`${escaped}*`);
}

// ---- channels

/** The group of all commands that name channels. */
export const PUBSUB = "pubsub";

const SUBSCRIBING: ReadonlySet<string> = new Set(["subscribe", "ssubscribe", "psubscribe"]);

/** The positions of the channels that a request publishes or subscribes to. */
export function channelsOf({ name }: Pick<CommandFacts, "name">, request: Arguments): number[] {
  if (name === "publish" || name === "spublish") return [1];
  if (!SUBSCRIBING.has(name)) return [];
  return Array.from({ length: request.count - 1 }, (_, index) => index + 1);
}

// ---- the text protocol

const PUT_FACTS: CommandFacts = {
  ...factsOf("set"),
  uses: factsOf("setnx").uses,
};

/**
 * As `denialOf`, for a request of the text protocol. GET and DELETE need what Redis's GET and DEL need, PUT what SET
 * needs, and DUMP what SCAN and GET need, on every key.
 * @param verb in lower case
 */
export function textDenialOf(
  user: User,
  verb: string,
  request: Request,
  running: Running,
): Denial | undefined {
  if (verb === "put") return denialOf(user, PUT_FACTS, request, running);
  if (verb !== "dump") return denialOf(user, factsOf(verb === "get" ? "get" : "del"), request, running);
  return (
    denialOf(user, factsOf("scan"), request, running) ?? denialOf(user, factsOf("get"), request, running)
  );
}
