/** Commands about the server as a whole, and commands that it does not have. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { RedisComparison } from "../../../test/support/redis-comparison.ts";
import { requireProgram } from "../../../test/support/requirements.ts";
import { COMMAND_FACTS } from "../../commands/command-facts.ts";
import { fromLatin1, latin1 } from "../../lib/bytes.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ReplyError } from "../../protocol/reply-value.ts";

const redis = requireProgram("redis-server");

const SAME = [
  "ROLE",
  "ROLE x",
  "LATENCY LATEST",
  "LATENCY HISTORY command",
  "LATENCY GRAPH command",
  "LATENCY RESET",
  "LATENCY RESET a b",
  "LATENCY HELP",
  "LATENCY",
  "LATENCY NOSUCH",
  "LATENCY HISTOGRAM nosuchcommand",
  "CONFIG GET latency-monitor-threshold",
  "CONFIG GET slowlog-max-len",
  "CONFIG GET slowlog-log-slower-than",
  "CONFIG SET slowlog-max-len x",
  "FUNCTION FLUSH",
  "FUNCTION FLUSH ASYNC",
  "FUNCTION FLUSH SYNC",
  "FUNCTION FLUSH x",
  "FUNCTION NOSUCH",
  "FUNCTION",
  "COMMAND GETKEYSANDFLAGS GET a",
  "COMMAND GETKEYSANDFLAGS SET a b",
  "COMMAND GETKEYSANDFLAGS MSET a 1 b 2",
  "COMMAND GETKEYSANDFLAGS MGET a b c",
  "COMMAND GETKEYSANDFLAGS BITOP AND d a b",
  "COMMAND GETKEYSANDFLAGS DEL a b",
  "COMMAND GETKEYSANDFLAGS INCR a",
  "COMMAND GETKEYSANDFLAGS LCS a b",
  ...[
    "SET a b GET",
    "SET a b EX 5 get",
    "SETNX a b",
    "MSETNX a b",
    "SETEX a 1 b",
    "APPEND a b",
    "GETSET a b",
  ].map((request) => `COMMAND GETKEYSANDFLAGS ${request}`),
  ...["BITFIELD a", "BITFIELD a GET u8 0", "BITFIELD a GET u8 0 SET u8 0 1", "BITFIELD_RO a GET u8 0"].map(
    (request) => `COMMAND GETKEYSANDFLAGS ${request}`,
  ),
  ...[
    "GETDEL a",
    "GETEX a",
    "SETRANGE a 0 b",
    "SETBIT a 0 1",
    "EXPIRE a 1",
    "PERSIST a",
    "TTL a",
    "RENAME a b",
  ].map((request) => `COMMAND GETKEYSANDFLAGS ${request}`),
  ...[
    "COPY a b",
    "TOUCH a",
    "EXISTS a",
    "STRLEN a",
    "OBJECT ENCODING a",
    "MEMORY USAGE a",
    "WATCH a",
    "TYPE a",
  ].map((request) => `COMMAND GETKEYSANDFLAGS ${request}`),
  "COMMAND GETKEYSANDFLAGS PING",
  "COMMAND GETKEYSANDFLAGS PING x",
  "COMMAND GETKEYSANDFLAGS NOSUCH x",
  "COMMAND GETKEYSANDFLAGS SETBIT a",
  "SLOWLOG GET 1 2",
  "SLOWLOG GET x",
  "SLOWLOG GET -2",
  "SLOWLOG LEN 1",
  "DEBUG",
  "DEBUG SLEEP 0",
  "DEBUG HELP",
  "CONFIG GET enable-debug-command",
  "CONFIG SET enable-debug-command yes",
  "MEMORY",
  "MEMORY HELP",
  "MEMORY PURGE",
  "MEMORY PURGE x",
  "MEMORY DOCTOR x",
  "MEMORY STATS x",
  "MEMORY NOSUCH",
  "SAVE x",
  "BGSAVE x",
  "BGSAVE SCHEDULE x",
  "LASTSAVE x",
];

for (const version of [2, 3] as const) {
  describe.skipIf(!redis.available)(redis.title(`as Redis in RESP${version}`), () => {
    let servers: RedisComparison;
    beforeAll(async () => {
      servers = await RedisComparison.start("lmdb");
    });
    afterAll(() => servers?.[Symbol.asyncDispose]());

    test.each(SAME)("%s", async (command) => {
      await (await servers.connect(version)).same(...command.split(" "));
    });

    test("SAVE and BGSAVE", async () => {
      const pair = await servers.connect(version);
      await pair.same("SAVE");
      await pair.same("BGSAVE");
    });
  });
}

/** Returns how much INFO's count of unsaved changes grows with each request. */
async function unsavedChanges(ask: (...command: string[]) => Promise<unknown>): Promise<string[]> {
  const count = async () =>
    Number(/rdb_changes_since_last_save:([0-9]+)/.exec(String(await ask("INFO", "persistence")))![1]);
  const grown: string[] = [];
  for (const command of [
    ...["SET k v", "GET k", "SETBIT b 0 0", "SETBIT b 0 0", "SETBIT b 0 1", "SETBIT b 90 0"],
    ...["BITFIELD b GET u8 0", "BITFIELD f SET i5 0 0", "BITFIELD f SET i5 0 0", "BITFIELD f INCRBY i5 0 1"],
    ...["MSET x 1 y 2", "INCR x", "APPEND y 3", "EXPIRE x 100", "EXPIRE nosuch 100", "PERSIST x"],
    ...["DEL x y nosuch", "SETNX k w", "GETDEL nosuch", "COPY k l", "GETEX k", "SETRANGE k 1 x"],
  ]) {
    const before = await count();
    await ask(...command.split(" "));
    grown.push(`${command}: ${(await count()) - before}`);
  }
  return grown;
}

describe.skipIf(!redis.available)(redis.title("unsaved changes"), () => {
  test("in memory are counted as Redis counts them", async () => {
    await using servers = await RedisComparison.start("memory");
    const { theirs, ours } = await servers.connect(2);
    const ask =
      (client: typeof theirs) =>
      async (...command: string[]) =>
        latin1(await client.ask(...command.map(fromLatin1)));
    expect(await unsavedChanges(ask(ours))).toEqual(await unsavedChanges(ask(theirs)));
  });

  test("are none where the journal has all of them", async () => {
    await using servers = await RedisComparison.start("lmdb");
    const { ours } = await servers.connect(2);
    await ours.ask(...["SET", "k", "v"].map(fromLatin1));
    expect(latin1(await ours.ask(...["INFO", "persistence"].map(fromLatin1)))).toContain(
      "rdb_changes_since_last_save:0\r",
    );
  });
});

async function errorOf(reply: Promise<unknown>): Promise<string> {
  const value = await reply;
  if (!(value instanceof ReplyError)) throw new Error(`no error: ${JSON.stringify(value)}`);
  return value.message;
}

test("a server with data in memory only does not claim to save it", async () => {
  const clock = new ManualClock();
  await using local = new LocalServer({ clock });
  const client = await local.client();
  clock.advance(5000);
  for (const command of ["SAVE", "BGSAVE"]) {
    expect(await errorOf(client.ask(command))).toContain("memory alone");
  }
  expect(await client.ask("LASTSAVE")).toBe(1_700_000_000);
});

describe("commands that this server does not have", () => {
  test("say so, and name the alternative", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const use =
      "For these, use a Redis or Valkey as the origin of a proxy: glasscache proxy --origin redis://HOST:PORT";
    const expected: [command: string, text: string][] = [
      ["LPUSH l x", `ERR LPUSH is not available: this server keeps no lists. ${use}`],
      ["hset h f v", `ERR HSET is not available: this server keeps no hashes. ${use}`],
      ["SORT k", `ERR SORT is not available: this server keeps no lists, sets and sorted sets. ${use}`],
      ["EVAL return 0", `ERR EVAL is not available: this server runs no scripts and functions. ${use}`],
      [
        "SCRIPT LOAD x",
        `ERR SCRIPT LOAD is not available: this server runs no scripts and functions. ${use}`,
      ],
      [
        "FUNCTION LOAD x",
        `ERR FUNCTION LOAD is not available: this server runs no scripts and functions. ${use}`,
      ],
    ];
    for (const [command, text] of expected)
      expect(await errorOf(client.ask(...command.split(" ")))).toBe(text);
  });

  test("every command on lists, sets, hashes, sorted sets, streams and scripts does", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    const groups = new Set(["list", "set", "hash", "sorted-set", "stream", "scripting"]);
    for (const { name, group } of COMMAND_FACTS.values()) {
      if (!groups.has(group) || name.includes("|") || name === "function") continue;
      expect(await errorOf(client.ask(name, "a", "b"))).toStartWith(
        `ERR ${name.toUpperCase()} is not available`,
      );
    }
  });

  test("a name that Redis lacks is unknown, and spoils a transaction, too", async () => {
    await using local = new LocalServer();
    const client = await local.client();
    expect(await errorOf(client.ask("NOSUCH"))).toStartWith("ERR unknown command 'NOSUCH'");
    await client.must("MULTI");
    expect(await errorOf(client.ask("SADD", "s", "x"))).toContain("no sets");
    expect(await errorOf(client.ask("EXEC"))).toStartWith("EXECABORT");
  });
});
