import { OTHER_COMMAND } from "./counted-commands.ts";
import { familyOf } from "./families.ts";

/**
 * What a command does to a key.
 *
 * - `reads`: reads its value or facts about it.
 * - `creates`: changes its value, or creates it; keeps the time to live.
 * - `changes`: changes its value if it exists, and may delete it; keeps the time to live.
 * - `replaces`: sets a new value; drops the time to live.
 * - `expires`: changes only its time to live.
 * - `deletes`: deletes it.
 */
type KeyEffect = "reads" | "creates" | "changes" | "replaces" | "expires" | "deletes";

/**
 * What a user must be allowed to do with a key: to read its value, to write it, both, or either (the empty text: the
 * command tells only whether it exists, its type or its length). Redis's key specifications say so by `access` and by
 * `insert`, `update` or `delete`.
 */
export type KeyPermission = "" | "R" | "W" | "RW";

/** Which arguments of a command are keys, and the effect on them. */
export interface KeyUse {
  readonly effect: KeyEffect;
  readonly permission: KeyPermission;
  /** The command affects every key of the database, or may show its name or value. Positions have no meaning then. */
  readonly isEveryKey: boolean;
  /** Positions of the arguments; the command's name is at 0. A negative `last` counts from the end. */
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** The argument at `first` is the number of keys that follow. */
  readonly isCounted: boolean;
  /** The keys follow this word (`store`, `streams` or `keys`), which is searched from `first` on. */
  readonly keyword: string | undefined;
}

/**
 * The types of a command's reply (https://redis.io/docs/latest/develop/reference/protocol-spec/). A command has several
 * if its arguments decide. RESP3 nests the array of `pairs`, and makes doubles of the numbers of `doubles`. RESP2 has a
 * null of its own for a `nullable-array`. A subscriber gets `messages`, which reply to no request.
 */
type ReplyType =
  | "status"
  | "integer"
  | "bulk"
  | "array"
  | "nullable-array"
  | "set"
  | "map"
  | "double"
  | "doubles"
  | "pairs"
  | "verbatim"
  | "messages"
  | "none"
  | "any";

/** The flags that COMMAND shows. */
type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  | "no_auth"
  | "may_replicate"
  | "no_mandatory_keys"
  | "no_async_loading"
  | "no_multi"
  | "allow_busy";

/** The facts of a command. */
export interface CommandFacts {
  /** In lower case. A subcommand's name includes its container's: `client|kill`. */
  readonly name: string;
  /** The number of arguments, including the name. Negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly uses: readonly KeyUse[];
  readonly reply: readonly ReplyType[];
  /** Redis's group: `string`, `sorted-set`, … */
  readonly group: string;
  /** The place of the group in `FAMILIES`. */
  readonly family: number;
  /** What its requests are counted as: its number in `COUNTED_COMMANDS`; a subcommand has its container's. */
  readonly number: number;
  /** The first version of Redis or Valkey that has it. */
  readonly since: string;
  /** ACL categories with their `@`, in the order of COMMAND. */
  readonly categories: readonly string[];
}

/**
 * A line of the tables: name, arity, flags, keys, reply, since, and the ACL categories if they are not the group's.
 *
 * Keys are written as `effect position`, separated by `;`. A position is a number; a range `1..-1`, with a step
 * `1..-1/2`; `2#` if argument 2 is the number of keys that follow; a word before the keys (`store@2`: searched from
 * argument 2 on); or `*` for every key of the database.
 *
 * A read needs the permission to read, every other effect that to write. Where it is another, it follows the effect:
 * `creates:RW 1` (INCR returns the value), `reads: 1` (EXISTS needs either).
 */
export type FactsRow = readonly [
  name: string,
  arity: number,
  flags: string,
  uses: string,
  reply: string,
  since: string,
  categories?: string,
];

/** @throws RangeError if the row does not have this form */
export function readFacts(group: string, row: FactsRow): CommandFacts {
  const [name, arity, flagText, uses, reply, since, ownCategories] = row;
  const flags = words(flagText) as CommandFlag[];
  return {
    ...{ name, arity, flags, group, since },
    family: familyOf(group),
    number: OTHER_COMMAND,
    uses: uses === "" ? [] : uses.split("; ").map((text) => readUse(name, text)),
    reply: reply.split("|") as ReplyType[],
    categories: categoriesOf(group, flags, ownCategories),
  };
}

const USE = /^([a-z]+)(?::(R?W?))? (?:(\d+)(?:(#)|\.\.(-?\d+))?(?:\/(\d+))?|([a-z]+)@(\d+)|(\*))$/;

function readUse(name: string, text: string): KeyUse {
  const match = USE.exec(text);
  if (match === null) throw new RangeError(`keys of ${name}: ${text}`);
  const [, effect, permission, first, counted, last, step, keyword, from, every] = match;
  return {
    effect: effect as KeyEffect,
    permission: (permission ?? (effect === "reads" ? "R" : "W")) as KeyPermission,
    isEveryKey: every !== undefined,
    first: Number(first ?? from ?? 0),
    last: Number(last ?? first ?? 0),
    step: Number(step ?? 1),
    isCounted: counted !== undefined,
    keyword,
  };
}

/** The ACL category of each group that has one. */
const GROUP_CATEGORIES: Readonly<Record<string, string>> = {
  ...{ string: "string", generic: "keyspace", hash: "hash", list: "list", set: "set", geo: "geo" },
  ...{ "sorted-set": "sortedset", hyperloglog: "hyperloglog", bitmap: "bitmap", stream: "stream" },
  ...{ connection: "connection", transactions: "transaction", scripting: "scripting" },
};

/** Adds the categories that follow from flags, as Redis does (`setImplicitACLCategories` in its `server.c`). */
function categoriesOf(group: string, flags: readonly CommandFlag[], own: string | undefined): string[] {
  const has = new Set(words(own ?? GROUP_CATEGORIES[group] ?? ""));
  if (flags.includes("write")) has.add("write");
  if (flags.includes("readonly") && group !== "scripting") has.add("read");
  if (flags.includes("admin")) has.add("admin").add("dangerous");
  if (flags.includes("pubsub")) has.add("pubsub");
  if (flags.includes("blocking")) has.add("blocking");
  has.add(flags.includes("fast") ? "fast" : "slow");
  return CATEGORIES.filter((category) => has.has(category)).map((category) => `@${category}`);
}

/** All ACL categories, in Redis's order, without their `@`. */
export const CATEGORIES: readonly string[] = words(
  "keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking " +
    "dangerous connection transaction scripting",
);

/** The arguments of a request; argument 0 is the command's name. */
export interface Arguments {
  readonly count: number;
  text(index: number): string;
}

/** The positions of the arguments that are keys. None if the use is every key. */
export function keysOf(use: KeyUse, request: Arguments): number[] {
  const keys: number[] = [];
  if (use.isEveryKey) return keys;
  const { count } = request;
  if (use.keyword !== undefined) return keysBehind(use.keyword, use.first, request);
  let { first, last } = use;
  if (use.isCounted) {
    const counted = first < count ? Number(request.text(first)) : 0;
    if (!Number.isSafeInteger(counted) || counted < 1) return keys;
    first++;
    last = first + (counted - 1) * use.step;
  } else if (last < 0) last += count;
  for (let at = first; at <= last && at < count; at += use.step) keys.push(at);
  return keys;
}

/** Options of XREAD and XREADGROUP, and how many arguments each has: one of them may be the word STREAMS. */
const STREAM_OPTIONS: ReadonlyMap<string, number> = new Map([
  ["block", 1],
  ["count", 1],
  ["group", 2],
]);

/**
 * `STREAMS key… id…` has as many keys as identifiers. All arguments after `KEYS` are keys. After `STORE` comes one; of
 * several the last one counts, and all are told, since an option's argument may be that word, too.
 */
function keysBehind(keyword: string, from: number, request: Arguments): number[] {
  const { count } = request;
  const isStreams = keyword === "streams";
  const keys: number[] = [];
  // XREADGROUP takes its options in any order.
  for (let at = isStreams ? 1 : from; at + 1 < count; at++) {
    const word = request.text(at).toLowerCase();
    if (isStreams) at += STREAM_OPTIONS.get(word) ?? 0;
    if (word !== keyword) continue;
    const behind = count - at - 1;
    const length = keyword === "keys" ? behind : isStreams ? Math.floor(behind / 2) : 1;
    for (let index = 0; index < length; index++) keys.push(at + 1 + index);
    if (length > 1 || isStreams) return keys;
  }
  return keys;
}

/** Types of replies that are the same bytes in RESP2 and RESP3, except for a null. */
const SAME: ReadonlySet<ReplyType> = new Set(["status", "integer", "bulk", "array"]);

/** Whether a reply has the same form in RESP2 and RESP3. */
export function isSameInBoth({ reply }: CommandFacts): boolean {
  return reply.every((type) => SAME.has(type));
}

/** Whether a command may change a key's value, time to live or existence. */
export function changesKeys({ uses }: CommandFacts): boolean {
  return uses.some(({ effect }) => effect !== "reads");
}

/**
 * The range of a command's keys that COMMAND shows: first, last (negative: from the end), step.
 * @returns undefined if it has no keys, or if they are not a range
 */
export function keyRange({
  uses,
}: CommandFacts): readonly [first: number, last: number, step: number] | undefined {
  let range: readonly [number, number, number] | undefined;
  for (const use of uses) {
    if (use.isEveryKey || use.isCounted || use.keyword !== undefined) return undefined;
    if (range === undefined) range = [use.first, use.last, use.step];
    // The other uses continue the range.
    else if (range[1] + 1 === use.first && range[2] === 1 && use.step === 1) range = [range[0], use.last, 1];
    else return undefined;
  }
  return range;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
