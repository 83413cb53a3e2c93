/**
 * What a command does to a key.
 *
 * - `reads`: shows something of it.
 * - `creates`: changes its value, or makes one where there is none; keeps the time to live.
 * - `changes`: changes its value where there is one, and may leave none; keeps the time to live.
 * - `replaces`: gives it a new value, without the time to live of the old one.
 * - `expires`: changes its time to live alone.
 * - `deletes`: leaves none.
 */
export type KeyEffect = "reads" | "creates" | "changes" | "replaces" | "expires" | "deletes";

/** Which arguments of a command are keys, and what it does to them. */
export interface KeyUse {
  readonly effect: KeyEffect;
  /** Every key of the database, whatever the arguments; the other fields say nothing then. */
  readonly isEveryKey: boolean;
  /** Positions, the command's name being 0; the last one counts from the end where it is negative. */
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** The argument at `first` says how many keys follow. */
  readonly isCounted: boolean;
  /** The keys stand behind this word (lower case: `store`, `streams`, `keys`), which is searched for from `first` on. */
  readonly keyword: string | undefined;
}

/**
 * The types of a command's reply (https://redis.io/docs/latest/develop/reference/protocol-spec/), of which several are
 * possible where its arguments decide. `pairs` and `doubles` are arrays that RESP3 nests, or whose numbers are doubles
 * in RESP3; a `nullable-array` has a null of its own in RESP2; a subscriber's `messages` answer no request.
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

/** Redis's flags of commands, as COMMAND tells them. */
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

/** What is known of a command, whoever runs it. */
export interface CommandFacts {
  /** Lower case; a subcommand's with that of its container: `client|kill`. */
  readonly name: string;
  /** Number of arguments, the name included; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly uses: readonly KeyUse[];
  readonly reply: readonly ReplyType[];
  /** Redis's group: `string`, `sorted-set`, … */
  readonly group: string;
  /** The version of Redis or Valkey that first had it. */
  readonly since: string;
  /** ACL categories with their `@`, in the order in which COMMAND tells them. */
  readonly categories: readonly string[];
}

/**
 * A line of the tables: name, arity, flags, keys, reply, since, and ACL categories where these are others than the
 * group's.
 *
 * Keys are told as `effect position`, several parted by `;`. A position is a number, a range `1..-1` with a step
 * `1..-1/2`, `2#` where argument 2 counts the keys behind it, a word that the keys stand behind
 * (`store@2`: searched for from argument 2 on), or `*` for every key of the database.
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

/** @throws RangeError when a row is not written as above */
export function readFacts(group: string, row: FactsRow): CommandFacts {
  const [name, arity, flagText, uses, reply, since, ownCategories] = row;
  const flags = words(flagText) as CommandFlag[];
  return {
    ...{ name, arity, flags, group, since },
    uses: uses === "" ? [] : uses.split("; ").map((text) => readUse(name, text)),
    reply: reply.split("|") as ReplyType[],
    categories: categoriesOf(group, flags, ownCategories),
  };
}

const USE = /^([a-z]+) (?:(\d+)(?:(#)|\.\.(-?\d+))?(?:\/(\d+))?|([a-z]+)@(\d+)|(\*))$/;

function readUse(name: string, text: string): KeyUse {
  const match = USE.exec(text);
  if (match === null) throw new RangeError(`keys of ${name}: ${text}`);
  const [, effect, first, counted, last, step, keyword, from, every] = match;
  return {
    effect: effect as KeyEffect,
    isEveryKey: every !== undefined,
    first: Number(first ?? from ?? 0),
    last: Number(last ?? first ?? 0),
    step: Number(step ?? 1),
    isCounted: counted !== undefined,
    keyword,
  };
}

/** The ACL category of a group; the other groups have none. */
const GROUP_CATEGORIES: Readonly<Record<string, string>> = {
  ...{ string: "string", generic: "keyspace", hash: "hash", list: "list", set: "set", geo: "geo" },
  ...{ "sorted-set": "sortedset", hyperloglog: "hyperloglog", bitmap: "bitmap", stream: "stream" },
  ...{ connection: "connection", transactions: "transaction", scripting: "scripting" },
};

/** As Redis completes them from flags (`setImplicitACLCategories` in its `server.c`). */
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

/** All ACL categories, in Redis's order. */
const CATEGORIES: readonly string[] = words(
  "keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking " +
    "dangerous connection transaction scripting",
);

/** A command as it was asked for: its name, which is argument 0, and what follows. */
export interface Arguments {
  readonly count: number;
  text(index: number): string;
}

/** The arguments of a request that a use names as keys, one after the other; none where it names every key. */
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

/** `STREAMS key… id…` has as many keys as identifiers, `KEYS key…` takes all that follows, `STORE key` one. */
function keysBehind(keyword: string, from: number, request: Arguments): number[] {
  const { count } = request;
  for (let at = from; at + 1 < count; at++) {
    if (request.text(at).toLowerCase() !== keyword) continue;
    const behind = count - at - 1;
    const keys = keyword === "keys" ? behind : keyword === "streams" ? Math.floor(behind / 2) : 1;
    return Array.from({ length: keys }, (_, index) => at + 1 + index);
  }
  return [];
}

/** Types of replies that are the same bytes in RESP2 and RESP3, but for a single value's null. */
const SAME: ReadonlySet<ReplyType> = new Set(["status", "integer", "bulk", "array"]);

/** Whether a reply has the same form in RESP2 and RESP3. */
export function isSameInBoth({ reply }: CommandFacts): boolean {
  return reply.every((type) => SAME.has(type));
}

/** Whether the command may change a key's value, time to live or existence. */
export function changesKeys({ uses }: CommandFacts): boolean {
  return uses.some(({ effect }) => effect !== "reads");
}

/**
 * One range that takes in all keys of a command, as COMMAND tells it: first, last (negative: from the end), step.
 * @returns undefined where it has none, or none that a range can tell
 */
export function keyRange({
  uses,
}: CommandFacts): readonly [first: number, last: number, step: number] | undefined {
  let range: readonly [number, number, number] | undefined;
  for (const use of uses) {
    if (use.isEveryKey || use.isCounted || use.keyword !== undefined) return undefined;
    if (range === undefined) range = [use.first, use.last, use.step];
    // Further ones continue it.
    else if (range[1] + 1 === use.first && range[2] === 1 && use.step === 1) range = [range[0], use.last, 1];
    else return undefined;
  }
  return range;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
