/** COMMAND over all commands of the tables, held against Redis: a server of ours runs only those of strings. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requestOf } from "../../test/support/request.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { decodeReply, type ReplyValue } from "../protocol/reply-value.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import type { ClientContext } from "./client-context.ts";
import { command } from "./command.ts";
import { commandCommand } from "./command-commands.ts";
import { COMMAND_FACTS } from "./command-facts.ts";
import { CommandTable } from "./command-table.ts";

const redis = requireProgram("redis-server");

const names = [...COMMAND_FACTS.keys()].filter((name) => !name.includes("|"));
const row = (name: string) => command<never>(name, "A command.", () => {});
const commands = new CommandTable<never>(
  names.map((name) => {
    const subcommands = [...COMMAND_FACTS.keys()].filter((other) => other.startsWith(`${name}|`)).map(row);
    return subcommands.length === 0 ? row(name) : { ...row(name), subcommands };
  }),
);

/** What our COMMAND answers. */
function ours(...words: string[]): ReplyValue {
  const out = new ByteBuffer();
  const context = { host: { commands } } as unknown as ClientContext;
  commandCommand.run(context, requestOf("COMMAND", ...words), new RespWriter(out, 2));
  return decodeReply(out.bytes, 0, out.length, { text: true });
}

/** The parts of COMMAND INFO that both tell: Redis adds notes to some keys, and tips. */
function told(info: unknown): unknown {
  if (info === null) return null;
  const [name, arity, , first, last, step, , , specifications, subcommands] = info as unknown[];
  const keys = (specifications as unknown[][]).map((each) => (each[0] === "notes" ? each.slice(2) : each));
  const within = new Map((subcommands as unknown[][]).map((each) => [each[0], told(each)]));
  return { name, arity, range: [first, last, step], keys, within };
}

describe.skipIf(!redis.available)(redis.title("COMMAND, held against what Redis says"), () => {
  let server: RunningServer;
  let client: RespClient;

  beforeAll(async () => {
    server = await startRedis();
    client = await RespClient.connect({ port: server.port });
  });
  afterAll(async () => {
    client?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test.each([
    "get",
    "mget",
    "mset",
    "msetnx",
    "set",
    "append",
    "del",
    "getdel",
    "unlink",
    "touch",
    "lcs",
    "eval",
    "zinter",
    "bitfield",
    "restore",
    "object",
    "memory|usage",
    "ping",
    "nosuch",
  ])("INFO of %s", async (name) => {
    const theirs = (await client.must("COMMAND", "INFO", name)) as unknown[];
    expect((ours("INFO", name) as unknown[]).map(told)).toEqual(theirs.map(told));
  });

  test.each([
    "GET a",
    "SET a 1",
    "SET a 1 GET",
    "SET get 1 EX 10",
    "SETNX a 1",
    "MSETNX a 1 b 2",
    "APPEND a 1",
    "GETSET a 1",
    "GETDEL a",
    "DEL a b",
    "UNLINK a",
    "EXISTS a b",
    "RENAME a b",
    "BITFIELD a GET u8 0",
    "BITFIELD a get u8 0 incrby u8 0 1",
    "BITFIELD set SET u8 0 1",
    "EVAL x 2 a b c",
    "ZUNIONSTORE a 2 b c",
    "XREAD COUNT 1 STREAMS a b 0 0",
    "OBJECT FREQ a",
    "object",
    "MEMORY USAGE a SAMPLES 1",
    "GET",
    "GET a b",
    "PING",
    "CONFIG GET a",
    "nosuch a",
  ])("keys of %s", async (text) => {
    for (const subcommand of ["GETKEYS", "GETKEYSANDFLAGS"]) {
      const theirs = await client.ask("COMMAND", subcommand, ...text.split(" "));
      expect(ours(subcommand, ...text.split(" "))).toEqual(theirs);
    }
  });
});

test("INFO tells of keys behind a word where the word is searched for", () => {
  const [info] = ours("INFO", "xread") as [unknown[]];
  const [specification] = info[8] as [unknown[]];
  expect(specification.slice(2)).toEqual([
    ...["begin_search", ["type", "keyword", "spec", ["keyword", "STREAMS", "startfrom", 1]]],
    ...["find_keys", ["type", "range", "spec", ["lastkey", -1, "keystep", 1, "limit", 0]]],
  ]);
});

test("DOCS tells of subcommands in their container, and alone", () => {
  const [name, facts] = ours("DOCS", "OBJECT") as [string, unknown[]];
  expect([name, ...facts.slice(0, 7)]).toEqual([
    ...["object", "summary", "A command.", "since", "2.2.3", "group", "generic", "subcommands"],
  ]);
  const within = facts[7] as unknown[];
  expect(within.filter((_, at) => at % 2 === 0).sort()).toEqual([
    ...["object|encoding", "object|freq", "object|help", "object|idletime", "object|refcount"],
  ]);
  expect(ours("DOCS", "get", "object|freq", "get|x", "nosuch")).toEqual([
    ...["get", ["summary", "A command.", "since", "1.0.0", "group", "string"]],
    ...["object|freq", ["summary", "A command.", "since", "4.0.0", "group", "generic"]],
  ]);
  expect((ours("DOCS") as unknown[]).length).toBe(2 * names.length);
});

test("LIST chooses by category, subcommands for themselves", () => {
  expect(ours("LIST", "FILTERBY", "ACLCAT", "Geo")).toEqual([
    ...["geoadd", "geodist", "geohash", "geopos", "georadius", "georadius_ro", "georadiusbymember"],
    ...["georadiusbymember_ro", "geosearch", "geosearchstore"],
  ]);
  expect(ours("LIST", "FILTERBY", "ACLCAT", "nosuch")).toEqual([]);
  expect(ours("LIST", "FILTERBY", "ACLCAT", "dangerous")).toContain("config|set");
  expect(ours("LIST", "FILTERBY", "PATTERN", "object*")).toContain("object|freq");
  expect((ours("LIST") as unknown[]).length).toBe(COMMAND_FACTS.size);
});
