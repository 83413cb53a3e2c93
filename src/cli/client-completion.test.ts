import { beforeEach, describe, expect, test } from "bun:test";
import type { Reply } from "../client/client.ts";
import { utf8 } from "../lib/bytes.ts";
import { matchesGlob } from "../lib/glob.ts";
import { type Ask, CommandCompleter } from "./client-completion.ts";

const map = (fields: Record<string, Reply>) => new Map<Reply, Reply>(Object.entries(fields));
const token = (name: string) => map({ name: name.toLowerCase(), type: "pure-token", token: name });

const INFO: Record<string, Reply> = {
  get: ["get", 2, [], 1, 1, 1],
  set: ["set", -3, [], 1, 1, 1],
  mset: ["mset", -3, [], 1, -1, 2],
  blpop: ["blpop", -3, [], 1, -2, 1],
  config: ["config", -2, [], 0, 0, 0],
  object: ["object", -2, [], 0, 0, 0],
  "object|encoding": ["object|encoding", 3, [], 2, 2, 1],
};
const DOCS: Record<string, Reply> = {
  set: map({
    arguments: [
      map({ name: "key", type: "key" }),
      map({ name: "condition", type: "oneof", arguments: [token("NX"), token("XX")] }),
      map({ name: "expiry", type: "oneof", arguments: [map({ name: "s", type: "integer", token: "EX" })] }),
    ],
  }),
  config: map({ subcommands: map({ "config|get": map({}), "config|set": map({}) }) }),
  object: map({ subcommands: map({ "object|encoding": map({}), "object|freq": map({}) }) }),
};
const KEYS = ["user:1", "user:2", "us er", "sp*ecial", 'quo"te', "a=b"].map((key) => utf8(key));

let asked: string[][];
let nowMs: number;
let completer: CommandCompleter;

const ask: Ask = async (words) => {
  const [name, ...rest] = words.map(String) as [string, ...string[]];
  asked.push([name, ...rest]);
  if (name === "SCAN") return [utf8("0"), KEYS.filter((key) => matchesGlob(utf8(rest[2]!), key, false))];
  if (name === "CONFIG") return map({ maxmemory: "0", "maxmemory-policy": "x" });
  if (rest[0] === "LIST") return ["get", "set", "config", "config|get", "ttl"];
  if (rest[0] === "INFO") return [INFO[rest[1]!] ?? null];
  return map(DOCS[rest[1]!] === undefined ? {} : { [rest[1]!]: DOCS[rest[1]!]! });
};

beforeEach(() => {
  asked = [];
  nowMs = 0;
  completer = new CommandCompleter(ask, () => nowMs);
});

test.each<[string, string[], string]>([
  // Verbs in the case in which they were begun; no subcommands.
  [
    "",
    [
      "CONFIG ",
      "DELETE ",
      "DUMP ",
      "GET ",
      "GLASS.EXPLAIN ",
      "GLASS.FAMILIES ",
      "GLASS.GET ",
      "GLASS.HEALTH ",
      "GLASS.HOTKEYS ",
      "GLASS.MARK ",
      "GLASS.SLOWLOG ",
      "GLASS.SOURCE ",
      "GLASS.WATCH ",
      "GLASS.WHATIF ",
      "HELP ",
      "PUT ",
      "QUIT ",
      "SET ",
      "TTL ",
    ],
    "",
  ],
  ["  GE", ["GET "], "GE"],
  ["glass.e", ["glass.explain "], "glass.e"],
  // Keys of the text protocol's verbs, unquoted.
  ["GET user", ["user:1", "user:2"], "user"],
  ["get us ", ["us er"], "us "],
  ["PUT user:1", ["user:1="], "user:1"],
  ["PUT user:1=us", [], ""],
  ["DELETE a", ['"a=b"'], "a"],
  ['GET "us', ['"us er" ', "user:1 ", "user:2 "], '"us'],
  // Keys of other commands, as words.
  ["SET us", ['"us er" ', "user:1 ", "user:2 "], "us"],
  ["SET quo", ['"quo\\"te" '], "quo"],
  ["SET sp*", ["sp*ecial "], "sp*"],
  ["MSET user:1 v sp", ["sp*ecial "], "sp"],
  ["MSET user:1 us", [], "us"],
  ["BLPOP user:1 q", ['"quo\\"te" '], "q"],
  ["OBJECT ENCODING user:1", ["user:1 "], "user:1"],
  ["GLASS.EXPLAIN sp", ["sp*ecial "], "sp"],
  // Subcommands and options.
  ["CONFIG ", ["GET ", "SET "], ""],
  ["config s", ["set "], "s"],
  ["CONFIG GET maxm", ["maxmemory ", "maxmemory-policy "], "maxm"],
  ["OBJECT F", ["FREQ "], "F"],
  ["SET user:1 v ", ["NX ", "XX ", "EX "], ""],
  ["set user:1 v e", ["ex "], "e"],
  ["GLASS.SOURCE O", ["ON ", "OFF "], "O"],
  ["GLASS.SLOWLOG ", ["GET ", "HELP ", "LEN ", "RESET "], ""],
  ["GLASS.HOTKEYS M", ["MISSES "], "M"],
  ["glass.whatif r", ["reset "], "r"],
  ["GLASS.WATCH sp", ["sp*ecial "], "sp"],
  ["HELP G", [], ""],
  ["NOSUCH x", [], "x"],
])("%s", async (line, candidates, replaced) => {
  await completer.learn(true);
  const [found, begun] = await completer.complete(line);
  const sorted = candidates.length > 1 && line.includes("us") ? [...found].sort() : found;
  const expected = candidates.length > 1 && line.includes("us") ? [...candidates].sort() : candidates;
  expect([sorted, begun]).toEqual([expected, replaced]);
});

describe("its requests", () => {
  test("each command once", async () => {
    await completer.complete("SET user:1 v ");
    await completer.complete("SET user:1 v E");
    expect(asked).toEqual([
      ["COMMAND", "INFO", "set"],
      ["COMMAND", "DOCS", "set"],
    ]);
  });

  test("the number of SCANs and their time are limited", async () => {
    let calls = 0;
    const endless: Ask = async (words) => {
      if (words[0] !== "SCAN") return ask(words);
      calls++;
      return [utf8("7"), [utf8(`key ${calls}`)]];
    };
    const bounded = new CommandCompleter(endless, () => nowMs);
    expect((await bounded.complete("GET key"))[0]).toHaveLength(20);
    expect(calls).toBe(20);
    const slow = new CommandCompleter(
      async (words) => {
        nowMs += 150;
        return endless(words);
      },
      () => nowMs,
    );
    expect((await slow.complete("GET key"))[0]).toHaveLength(2);
    const plenty = Array.from({ length: 1000 }, (_, index) => utf8(`key ${index}`));
    const full = new CommandCompleter(
      async () => [utf8("7"), plenty],
      () => nowMs,
    );
    expect((await full.complete("GET key"))[0]).toHaveLength(200);
  });

  test("without a server, verbs and well-known options are completed", async () => {
    const deaf = new CommandCompleter(
      () => Promise.reject(new Error("not now")),
      () => nowMs,
    );
    await deaf.learn(false);
    expect(await deaf.complete("P")).toEqual([["PUT "], "P"]);
    expect(await deaf.complete("GET user")).toEqual([[], "user"]);
    expect((await deaf.complete("SET a b E"))[0]).toEqual(["EX ", "EXAT "]);
  });
});
