import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { COMMAND_FACTS, factsOf } from "./command-facts.ts";
import { type CommandFacts, keyRange, readFacts } from "./facts.ts";

const redis = requireProgram("redis-server");

/** A command or subcommand as COMMAND INFO and COMMAND DOCS tell it. */
interface Told {
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly string[];
  readonly range: readonly [first: number, last: number, step: number];
  readonly categories: readonly string[];
  readonly uses: readonly string[];
  /** Of each key specification, as `KeyUse.permission`. */
  readonly permissions: readonly string[];
  readonly group: string;
  readonly since: string;
}

type InfoReply = [
  name: string,
  arity: number,
  flags: string[],
  first: number,
  last: number,
  step: number,
  categories: string[],
  tips: unknown,
  specifications: unknown[],
  subcommands: InfoReply[],
];

/** A list of names and values, as RESP2 has a map. */
function mapOf(list: unknown): Record<string, unknown> {
  const items = list as unknown[];
  return Object.fromEntries(
    Array.from({ length: items.length / 2 }, (_, at) => [String(items[2 * at]), items[2 * at + 1]]),
  );
}

/** Where the keys of a specification are, written as in the tables; `?` where Redis does not say. */
function positionsOf(specification: Record<string, unknown>): string {
  const begin = mapOf(specification["begin_search"]);
  const find = mapOf(specification["find_keys"]);
  if (begin["type"] === "unknown" || find["type"] === "unknown") return "?";
  const start = mapOf(begin["spec"]);
  if (begin["type"] === "keyword") return `${String(start["keyword"]).toLowerCase()}@${start["startfrom"]}`;
  const first = Number(start["index"]);
  const found = mapOf(find["spec"]);
  if (find["type"] === "keynum") return `${first}#${found["keystep"] === 1 ? "" : `/${found["keystep"]}`}`;
  const last = Number(found["lastkey"]);
  const step = found["keystep"] === 1 ? "" : `/${found["keystep"]}`;
  const end = last < 0 ? last : first + last;
  return `${first}${end === first ? "" : `..${end}`}${step}`;
}

function toldOf(info: InfoReply, docs: ReadonlyMap<string, Record<string, unknown>>): Told[] {
  const [name, arity, flags, first, last, step, categories, , specifications, subcommands] = info;
  const own = docs.get(name)!;
  const uses = specifications.map(mapOf).flatMap((each) => {
    const kinds = each["flags"] as string[];
    if (kinds.includes("not_key")) return [];
    const kind = ["RO", "RW", "OW", "RM"].find((text) => kinds.includes(text))!;
    return [`${kind} ${positionsOf(each)}`];
  });
  const permissions = specifications.map(mapOf).flatMap((each) => {
    const kinds = each["flags"] as string[];
    if (kinds.includes("not_key")) return [];
    const writes = ["insert", "delete", "update"].some((kind) => kinds.includes(kind));
    return [`${kinds.includes("access") ? "R" : ""}${writes ? "W" : ""}`];
  });
  const told: Told = {
    ...{ name, arity, flags, categories, uses, permissions },
    range: [first, last, step],
    group: String(own["group"]),
    since: String(own["since"]),
  };
  return [told, ...subcommands.flatMap((each) => toldOf(each, docs))];
}

/** What newer versions than the Redis here say otherwise; the tables follow them. */
const LATER = {
  // They take WITHSCORE since 7.2.
  arity: new Map([
    ["zrank", -3],
    ["zrevrank", -3],
  ]),
  flags: new Set(
    (
      "blmove blpop brpop brpoplpush bzpopmax bzpopmin multi wait watch " +
      "cluster|info cluster|myid cluster|nodes cluster|shards cluster|slots"
    ).split(" "),
  ),
  categories: new Set(["wait"]),
  since: new Set(["client|pause"]),
};

/** Redis may search for MIGRATE's KEYS from the end, and does not say where the STORE of SORT is. */
const ELSEWHERE: ReadonlySet<string> = new Set(["migrate", "sort"]);

/** What Redis may call an effect: a write that may read, too, counts as RW there. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  reads: ["RO"],
  creates: ["RW"],
  changes: ["RW"],
  replaces: ["OW", "RW"],
  expires: ["RW"],
  deletes: ["RM", "RW"],
};

function positions({ first, last, step, isCounted, keyword }: CommandFacts["uses"][number]): string {
  if (keyword !== undefined) return `${keyword}@${first}`;
  const behind = isCounted ? "#" : last === first ? "" : `..${last}`;
  return `${first}${behind}${step === 1 ? "" : `/${step}`}`;
}

describe.skipIf(!redis.available)(redis.title("facts of commands, held against what Redis says"), () => {
  let server: RunningServer;
  let all: Told[];

  beforeAll(async () => {
    server = await startRedis();
    using client = await RespClient.connect({ port: server.port });
    const docs = new Map<string, Record<string, unknown>>();
    const note = (list: unknown): void => {
      for (const [name, value] of Object.entries(mapOf(list))) {
        const own = mapOf(value);
        docs.set(name, own);
        if (own["subcommands"] !== undefined) note(own["subcommands"]);
      }
    };
    note(await client.must("COMMAND", "DOCS"));
    const infos = (await client.must("COMMAND")) as InfoReply[];
    all = infos.flatMap((info) => toldOf(info, docs));
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  /** Of each command that both know: what the table says, and what Redis says. */
  function compare<Value>(
    ours: (facts: CommandFacts) => Value,
    theirs: (told: Told) => Value,
    later: ReadonlySet<string> = new Set(),
  ): void {
    const known = all.filter(({ name }) => COMMAND_FACTS.has(name) && !later.has(name));
    expect(known.length).toBeGreaterThan(350 - later.size);
    expect(Object.fromEntries(known.map((told) => [told.name, ours(factsOf(told.name))]))).toEqual(
      Object.fromEntries(known.map((told) => [told.name, theirs(told)])),
    );
  }

  test("no command is missing", () => {
    expect(all.map(({ name }) => name).filter((name) => !COMMAND_FACTS.has(name))).toEqual([]);
  });

  test("the number of arguments", () => {
    compare(
      ({ arity }) => arity,
      ({ name, arity }) => LATER.arity.get(name) ?? arity,
    );
  });

  test("flags", () => {
    // COMMAND does not tell the last of these, and the first follows from where the keys are.
    const left = new Set(["movablekeys", "no_async_loading", "may_replicate"]);
    const sorted = (flags: readonly string[]): string[] => flags.filter((flag) => !left.has(flag)).sort();
    compare(
      ({ flags }) => sorted(flags),
      ({ flags }) => sorted(flags),
      LATER.flags,
    );
  });

  test("ACL categories", () => {
    compare(
      ({ categories }) => categories,
      ({ categories }) => categories,
      LATER.categories,
    );
  });

  test("groups and versions", () => {
    compare(
      ({ group, since }) => ({ group, since }),
      ({ group, since }) => ({ group, since }),
      LATER.since,
    );
  });

  test("where the keys are", () => {
    compare(
      ({ uses }) => uses.filter(({ isEveryKey }) => !isEveryKey).map(positions),
      ({ uses }) => uses.map((use) => use.split(" ")[1]!).filter((text) => text !== "?"),
      ELSEWHERE,
    );
  });

  test("what is done to keys", () => {
    const wrong = all.flatMap(({ name, uses }) => {
      // It changes the group, which is part of the key's value.
      if (name === "xreadgroup") return [];
      const known = uses.filter((use) => !use.endsWith("?"));
      const ours = COMMAND_FACTS.get(name)?.uses.filter(({ isEveryKey }) => !isEveryKey) ?? [];
      return known
        .map((use, at) => [use.split(" ")[0]!, ours[at]?.effect ?? "none"] as const)
        .filter(([kind, effect]) => KINDS[effect]?.includes(kind) !== true)
        .map(([kind, effect]) => `${name}: ${effect} of ${kind}`);
    });
    expect(wrong).toEqual([]);
  });

  test("what a user must be allowed to do with keys", () => {
    const withKeys = (uses: CommandFacts["uses"]) => uses.map(({ permission }) => permission);
    compare(
      // Commands that may show any key have no specification in Redis.
      ({ uses }) => withKeys(uses.filter(({ isEveryKey }) => !isEveryKey)),
      ({ permissions }) => permissions,
      new Set(["sort", "sort_ro"]),
    );
  });

  test("the range of all keys", () => {
    const ranges = all.filter(({ name }) => keyRange(factsOf(name)) !== undefined);
    expect(Object.fromEntries(ranges.map(({ name }) => [name, keyRange(factsOf(name))!]))).toEqual(
      Object.fromEntries(ranges.map(({ name, range }) => [name, range])),
    );
  });
});

test("a command has as many arguments as it needs for its keys", () => {
  for (const { name, arity, uses } of COMMAND_FACTS.values()) {
    // There may be none of the keys in a second range, such as PFMERGE's.
    const needed = uses.filter(({ last, keyword }, at) => keyword === undefined && (last > 0 || at === 0));
    const farthest = Math.max(0, ...needed.flatMap(({ first, last }) => [first, last]));
    expect([name, Math.abs(arity) > farthest]).toEqual([name, true]);
  }
});

test("keys at fixed places have one range, other keys have none", () => {
  const without = [...COMMAND_FACTS.values()].filter((facts) => keyRange(facts) === undefined);
  const elsewhere = [...COMMAND_FACTS.values()].filter(
    ({ uses }) =>
      uses.length === 0 ||
      uses.some(({ isEveryKey, isCounted, keyword }) => isEveryKey || isCounted || keyword !== undefined),
  );
  expect(without.map(({ name }) => name)).toEqual(elsewhere.map(({ name }) => name));
  const rangeOf = (uses: string) => keyRange(readFacts("string", ["x", 1, "", uses, "bulk", "1.0.0"]));
  expect(rangeOf("reads 1; replaces 2")).toEqual([1, 2, 1]);
  expect(rangeOf("replaces 1; reads 2..-1")).toEqual([1, -1, 1]);
  expect(rangeOf("replaces 1..-1/2")).toEqual([1, -1, 2]);
  // These leave out arguments in between.
  expect(rangeOf("reads 1; reads 3")).toBeUndefined();
  expect(rangeOf("reads 1..3/2; reads 4")).toBeUndefined();
  expect(rangeOf("reads 1; reads 2..-1/2")).toBeUndefined();
});

test("a row that is not written as it should be is refused", () => {
  for (const uses of ["reads", "reads x y", "reads 1...2", "reads store", "1"]) {
    expect(() => readFacts("string", ["x", 1, "readonly", uses, "bulk", "1.0.0"])).toThrow("keys of x");
  }
});
