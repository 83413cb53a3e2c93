/** HELLO, AUTH, CLIENT, COMMAND, CONFIG and INFO, as a service has them: here, the server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FrameClient } from "../../test/support/frame-client.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import { type RunningServer, startGlasscache, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { MemoryEngine } from "../engine/memory.ts";
import { ManualClock, systemClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { ReplyError } from "../protocol/reply-value.ts";

const redis = requireProgram("redis-server");

/** What Redis and our server answer with the same bytes; each line on a connection of its own. */
const SAME: readonly (readonly string[])[] = [
  ["PING", "PING hello", "PING a b", "ECHO a", "ECHO", "ECHO a b"],
  ["SELECT 0", "SELECT 1x", "SELECT x", "SELECT", "SELECT 99999999999999999999"],
  ["HELLO 4", "HELLO x", "HELLO 3 WHAT", "HELLO 3 SETNAME", "HELLO 3 AUTH a", "HELLO 2 AUTH nobody x"],
  ["AUTH x", "AUTH nobody x", "AUTH default x", "AUTH a b c", "AUTH"],
  ["CLIENT", "CLIENT WHAT", "CLIENT ID x", "CLIENT GETNAME", "CLIENT SETNAME a-name", "CLIENT GETNAME"],
  ["CLIENT SETNAME", "CLIENT REPLY", "CLIENT REPLY WHAT", "CLIENT NO-EVICT", "CLIENT NO-EVICT on"],
  ["CLIENT NO-EVICT off", "CLIENT NO-EVICT what", "CLIENT GETREDIR", "CLIENT GETREDIR x"],
  ["CLIENT LIST TYPE what", "CLIENT LIST TYPE", "CLIENT LIST what", "CLIENT LIST ID", "CLIENT LIST ID x"],
  ["CLIENT LIST ID 99999", "CLIENT LIST TYPE master", "CLIENT LIST TYPE replica", "CLIENT LIST TYPE pubsub"],
  ["CLIENT KILL", "CLIENT KILL 1.2.3.4:5", "CLIENT KILL ID", "CLIENT KILL ID 0", "CLIENT KILL ID x"],
  ["CLIENT KILL ID 99999", "CLIENT KILL TYPE what", "CLIENT KILL TYPE master", "CLIENT KILL USER nobody"],
  [
    "CLIENT KILL ADDR 1.2.3.4:5",
    "CLIENT KILL LADDR 1.2.3.4:5",
    "CLIENT KILL SKIPME what",
    "CLIENT KILL a b c",
  ],
  [
    "CLIENT REPLY SKIP",
    "PING skipped",
    "PING shown",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY SKIP",
    "PING a",
    "PING b",
  ],
  ["CLIENT REPLY OFF", "PING a", "CLIENT REPLY SKIP", "PING b", "CLIENT REPLY ON", "PING c"],
  ["MULTI", "CLIENT SETNAME n", "PING x", "CLIENT GETNAME", "EXEC", "RESET", "CLIENT GETNAME"],
  ["MULTI", "RESET", "EXEC", "PING"],
  ["HELLO 3 SETNAME bad\x01name", "CLIENT SETNAME bad\x7fname", "CLIENT GETNAME"],
  ["COMMAND COUNT x", "COMMAND WHAT", "COMMAND GETKEYS", "COMMAND GETKEYS GET", "COMMAND GETKEYS nosuch a"],
  [
    "COMMAND GETKEYS GET a",
    "COMMAND GETKEYS MSET a 1 b 2",
    "COMMAND GETKEYS MGET a b c",
    "COMMAND GETKEYS DEL a b",
    "COMMAND GETKEYS MEMORY USAGE a",
  ],
  [
    "COMMAND GETKEYS PING a",
    "COMMAND GETKEYS SET a",
    "COMMAND GETKEYS RENAME a b",
    "COMMAND GETKEYS CLIENT ID",
  ],
  ["COMMAND INFO get", "COMMAND INFO nosuch", "COMMAND INFO client|id", "COMMAND INFO incr nosuch"],
  ["COMMAND LIST FILTERBY PATTERN getr*", "COMMAND LIST FILTERBY MODULE json", "COMMAND LIST WHAT"],
  ["COMMAND LIST FILTERBY WHAT x", "COMMAND DOCS nosuch", "COMMAND LIST FILTERBY ACLCAT nosuch"],
  ["COMMAND INFO incr", "COMMAND INFO GET|x", "COMMAND INFO config|what", "COMMAND INFO what|x"],
  ["COMMAND INFO append", "COMMAND INFO strlen nosuch get", "COMMAND INFO echo"],
  ["COMMAND GETKEYSANDFLAGS", "COMMAND GETKEYSANDFLAGS nosuch a", "COMMAND GETKEYSANDFLAGS PING a"],
  [
    "COMMAND GETKEYSANDFLAGS SET a 1",
    "COMMAND GETKEYSANDFLAGS set a 1 ex 1 GET",
    "COMMAND GETKEYSANDFLAGS SET get 1",
  ],
  ["COMMAND GETKEYSANDFLAGS GET a", "COMMAND GETKEYSANDFLAGS DEL a b", "COMMAND GETKEYSANDFLAGS INCR a"],
  [
    "COMMAND GETKEYSANDFLAGS MSETNX a 1 b 2",
    "COMMAND GETKEYSANDFLAGS GETDEL a",
    "COMMAND GETKEYSANDFLAGS STRLEN a",
  ],
  [
    "COMMAND GETKEYSANDFLAGS MEMORY USAGE a",
    "COMMAND GETKEYSANDFLAGS memory usage",
    "COMMAND GETKEYS object freq a",
  ],
  ["COMMAND LIST FILTERBY", "COMMAND LIST FILTERBY PATTERN", "COMMAND LIST FILTERBY PATTERN a b"],
  [
    "COMMAND LIST what PATTERN a",
    "COMMAND LIST filterby pattern CONFIG|G*",
    "COMMAND DOCS nosuch|x config|what",
  ],
  [
    "CLIENT TRACKING",
    "CLIENT TRACKING what",
    "CLIENT CACHING",
    "CLIENT CACHING what",
    "CLIENT TRACKINGINFO x",
  ],
  [
    "CLIENT LIST ID 99998 x",
    "CLIENT LIST TYPE SLAVE",
    "CLIENT LIST TYPE normal x",
    "CLIENT LIST type Master",
  ],
  [
    "CLIENT KILL TYPE slave",
    "CLIENT KILL TYPE REPLICA ID 99999",
    "CLIENT KILL ID 99999 SKIPME",
    "CLIENT KILL TYPE",
  ],
  ["CLIENT KILL SKIPME yes ID 99999", "CLIENT KILL SKIPME NO ADDR x", "CLIENT KILL USER default ID 99999"],
  ["CLIENT KILL SKIPME yesno ID 99999", "CLIENT KILL what 1", "CLIENT KILL ID 1 what", "CLIENT KILL ID -1"],
  ["CLIENT SETNAME ~!", "CLIENT GETNAME", "HELLO 2 SETNAME other", "CLIENT GETNAME", "CLIENT SETNAME \xff"],
  ["HELLO 3 SETNAME a SETNAME b", "CLIENT GETNAME", "HELLO 2 AUTH a b SETNAME c", "CLIENT GETNAME"],
  ["HELLO 3 AUTH nobody y SETNAME d", "CLIENT GETNAME", "HELLO 2 AUTH default", "HELLO 2 AUTH"],
  [
    "HELLO 2 SETNAME",
    "HELLO 2 SETNAME a b",
    "HELLO 1",
    "HELLO 2x",
    "AUTH default",
    "SELECT -1",
    "SELECT 2147483648",
  ],
  ["SELECT -2147483648", "SELECT -2147483649", "SELECT 2147483647", "SELECT 0 1", "RESET x", "QUIT"],
  [
    "PING a",
    "PING",
    "RESET",
    "PING a b c",
    "ECHO a",
    "MULTI",
    "ECHO",
    "EXEC",
    "MULTI",
    "CLIENT WHAT",
    "EXEC",
  ],
  ["MULTI", "CLIENT", "CLIENT GETNAME x", "ACL WHAT", "CONFIG GET", "EXEC", "MULTI", "COMMAND", "DISCARD"],
  ["CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING a", "PING b", "CLIENT REPLY ON", "PING c"],
  ["SUBSCRIBE c", "PING", "PING x", "PING a b", "ECHO a", "QUIT"],
  [
    "CONFIG GET TIME*u?",
    "CONFIG GET timeout time*",
    "CONFIG GET time???",
    "CONFIG SET TIMEOUT 2",
    "CONFIG GET timeout nosuch",
  ],
  [
    "CONFIG SET timeout 0",
    "CONFIG SET timeout 1x",
    "CONFIG SET timeout -",
    "CONFIG SET timeout 99999999999999999999",
  ],
  ["CONFIG", "CONFIG WHAT", "CONFIG GET", "CONFIG GET no-such-parameter", "CONFIG GET save databases-x"],
  ["CONFIG SET", "CONFIG SET a", "CONFIG SET no-such-parameter 1", "CONFIG SET timeout 1 timeout"],
  ["CONFIG SET timeout x", "CONFIG SET timeout -1", "CONFIG SET timeout 1 timeout 2", "CONFIG GET timeout"],
  ["CONFIG SET timeout 7 maxclients x", "CONFIG GET timeout", "CONFIG SET databases 2"],
  [
    "CONFIG SET proto-max-bulk-len what",
    "CONFIG SET timeout 7",
    "CONFIG GET tim?out t[ij]meout",
    "CONFIG SET timeout 0",
  ],
  ["CONFIG RESETSTAT", "CONFIG RESETSTAT x", "CONFIG REWRITE x", "INFO nosuch", "CONFIG HELP"],
  ["ACL", "ACL WHAT", "ACL HELP", "ACL WHOAMI", "ACL WHOAMI x", "ACL USERS", "ACL USERS x", "ACL LIST x"],
  ["ACL CAT nosuch", "ACL CAT a b", "ACL GETUSER nosuch", "ACL GETUSER", "ACL LOAD x", "ACL SAVE x"],
  ["ACL GENPASS 1 2", "ACL GENPASS 0", "ACL GENPASS -1", "ACL GENPASS 4097", "ACL GENPASS x"],
  ["ACL LOG x", "ACL LOG 1 2", "ACL LOG RESET", "ACL LOG reset 1", "ACL LOG -1", "ACL LOG 0", "ACL LOG"],
  ["ACL DELUSER", "ACL DELUSER nobody", "ACL DELUSER default", "ACL SETUSER", "ACL SETUSER a\x01b +nosuch"],
  ["ACL SETUSER a +get|x|y", "ACL SETUSER a (+get", "ACL DRYRUN nobody GET a", "ACL DRYRUN default NOSUCH"],
  ["ACL DRYRUN default GET", "ACL DRYRUN default GET a", "ACL DRYRUN default", "ACL DRYRUN"],
  ["ACL LOAD", "ACL SAVE"],
  [
    "ACL SETUSER seen reset +get ~a* &news",
    "ACL DRYRUN seen GET a",
    "ACL DRYRUN seen GET b",
    "ACL DRYRUN seen SET a 1",
    "ACL GETUSER seen",
    "ACL USERS",
    "ACL DELUSER seen nobody seen",
    "ACL USERS",
  ],
  ["NOSUCH", "NOSUCH a b", "GET", "QUIT"],
  ["QUIT a b"],
];

describe.skipIf(!redis.available)(redis.title("answers as Redis gives them"), () => {
  let real: RunningServer;
  let ours: LocalServer;

  beforeAll(async () => {
    real = await startRedis();
    ours = new LocalServer();
  });

  afterAll(async () => {
    await real[Symbol.asyncDispose]();
    await ours[Symbol.asyncDispose]();
  });

  async function answers(port: number, texts: readonly string[], version: 2 | 3): Promise<string[]> {
    using client = await FrameClient.connect(port);
    if (version === 3) {
      client.send(["HELLO", "3"]);
      await client.received(1);
      client.frames.length = 0;
    }
    client.send(...texts.map((text) => text.split(" ")));
    if (texts.at(-1)!.startsWith("QUIT")) await client.closed;
    else await client.settled();
    return client.frames;
  }

  test.each(SAME.map((texts) => [texts.join(", "), texts] as const))("%s", async (_title, texts) => {
    for (const version of [2, 3] as const) {
      const expected = (await answers(real.port, texts, version)).map(comparable);
      expect((await answers(ours.port, texts, version)).map(comparable)).toEqual(expected);
    }
  });

  test("with a password", async () => {
    const guarded = await startRedis({ args: ["--requirepass", "secret"] });
    const guardedOurs = new LocalServer({ password: "secret" });
    const lines = [
      ["PING", "HELLO", "HELLO 3", "HELLO 3 AUTH default wrong", "CLIENT ID", "NOSUCH", "GET", "QUIT"],
      [
        "AUTH wrong",
        "AUTH default wrong",
        "AUTH nobody secret",
        "AUTH secret",
        "PING",
        "RESET",
        "PING",
        "QUIT",
      ],
      ["AUTH default secret", "PING", "MULTI", "PING", "RESET", "EXEC", "QUIT"],
    ];
    try {
      for (const texts of lines) {
        expect(await answers(guardedOurs.port, texts, 2)).toEqual(await answers(guarded.port, texts, 2));
      }
    } finally {
      await guarded[Symbol.asyncDispose]();
      await guardedOurs[Symbol.asyncDispose]();
    }
  });
});

/** A reply without what may differ: CONFIG HELP and the like name the program in some places, HELLO the client's id. */
function comparable(reply: string): string {
  const frame = reply.replace(/(\$2\r\nid\r\n):\d+/, "$1:<id>");
  return frame.startsWith("*") && frame.includes("Rewrite the configuration file")
    ? frame.replace("Rewrite the configuration file.", "Refused: there is no configuration file to rewrite.")
    : frame;
}

describe("HELLO", () => {
  test("introduces both sides", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    const id = await client.must("CLIENT", "ID");
    const facts = new Map<string, unknown>([
      ["server", "redis"],
      ["version", server.server.redisVersion],
      ["proto", 3],
      ["id", id],
      ["mode", "standalone"],
      ["role", "master"],
      ["modules", []],
    ]);
    expect(await client.must("HELLO", "3", "SETNAME", "me")).toEqual(facts as never);
    expect(await client.must("CLIENT", "GETNAME")).toBe("me");
    expect(await client.must("HELLO", "2")).toEqual([...facts].flat().with(5, 2) as never);
  });
});

describe("passwords", () => {
  test("are compared by all their bytes", async () => {
    await using server = new LocalServer({ password: "пароль" });
    const { users } = server.server.access;
    expect(users.authenticate("default", Buffer.from("пароль"))).toBe(users.default);
    for (const wrong of ["", "парол", "пароль ", "x"]) {
      expect(users.authenticate("default", Buffer.from(wrong))).toBeUndefined();
    }
  });

  test("can be changed; who is in stays in", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    await client.must("CONFIG", "SET", "requirepass", "geheimß");
    expect(await client.must("CONFIG", "GET", "requirepass")).toEqual(["requirepass", "geheimß"]);
    expect(await client.must("PING")).toBe("PONG");
    const stranger = await server.client();
    expect(await stranger.ask("PING")).toEqual(new ReplyError("NOAUTH Authentication required."));
    expect(await stranger.must("AUTH", "geheimß")).toBe("OK");
    await client.must("CONFIG", "SET", "requirepass", "");
    const other = await server.client();
    expect(await other.must("PING")).toBe("PONG");
  });
});

describe("CLIENT LIST and INFO", () => {
  test("tell of each client what Redis tells, in its order", async () => {
    const clock = new ManualClock();
    await using server = new LocalServer({ clock });
    const client = await server.client({ version: 3 });
    await client.must("CLIENT", "SETINFO", "LIB-NAME", "a-library");
    await client.must("CLIENT", "SETINFO", "lib-ver", "1.2.3");
    await client.must("CLIENT", "SETNAME", "a-name");
    clock.advance(61_500);
    const other = await server.client();
    await other.must("MULTI");
    await other.must("PING");
    const lines = String(await client.must("CLIENT", "LIST")).split("\n");
    expect(lines.length).toBe(3);
    const [connection, second] = server.server.registry;
    expect(lines[0]).toBe(
      `id=1 addr=${connection!.remoteAddress} laddr=127.0.0.1:${server.port} fd=-1 name=a-name age=61 idle=0 ` +
        "flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=0 argv-mem=10 multi-mem=0 rbs=0 rbp=0 obl=0 " +
        "oll=0 omem=0 tot-mem=26 events=r cmd=client|list user=default redir=-1 resp=3 lib-name=a-library " +
        "lib-ver=1.2.3",
    );
    expect(lines[1]).toContain(` addr=${second!.remoteAddress} `);
    expect(lines[1]).toContain(" age=0 ");
    expect(lines[1]).toContain(" flags=x ");
    expect(lines[1]).toContain(" multi=1 ");
    expect(lines[1]).toContain(" cmd=ping ");
    expect(lines[2]).toBe("");
    expect(String(await client.must("CLIENT", "INFO"))).toContain("id=1 ");
    expect(String(await client.must("CLIENT", "LIST", "ID", "2", "77"))).toStartWith("id=2 ");
    expect(String(await client.must("CLIENT", "LIST", "TYPE", "normal")).split("\n").length).toBe(3);
  });

  test("SETINFO refuses what it does not know", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    expect(await client.ask("CLIENT", "SETINFO", "LIB-WHAT", "x")).toEqual(
      new ReplyError("ERR Unrecognized option 'LIB-WHAT'"),
    );
    expect(await client.ask("CLIENT", "SETINFO", "LIB-NAME", "a b")).toEqual(
      new ReplyError("ERR lib-name cannot contain spaces, newlines or special characters."),
    );
  });
});

describe("CLIENT KILL", () => {
  test("by address, by number, by age; others at once, oneself behind the reply", async () => {
    const clock = new ManualClock();
    await using server = new LocalServer({ clock });
    const { registry } = server.server;
    const killer = await server.client();
    const byAddress = await server.client();
    const address = [...registry][1]!.remoteAddress;
    expect(await killer.must("CLIENT", "KILL", address)).toBe("OK");
    await byAddress.closed;
    const byId = await server.client();
    const id = String(await byId.must("CLIENT", "ID"));
    expect(await killer.must("CLIENT", "KILL", "ID", id, "TYPE", "pubsub")).toBe(0);
    expect(await killer.must("CLIENT", "KILL", "ID", id, "TYPE", "normal", "USER", "default")).toBe(1);
    await byId.closed;
    clock.advance(10_000);
    const young = await server.client();
    await young.must("PING");
    expect(await killer.must("CLIENT", "KILL", "MAXAGE", "10")).toBe(0);
    expect(await killer.must("CLIENT", "KILL", "LADDR", `127.0.0.1:${server.port}`)).toBe(1);
    await young.closed;
    expect(await killer.must("CLIENT", "KILL", "MAXAGE", "11", "SKIPME", "no")).toBe(0);
    expect(await killer.must("CLIENT", "KILL", "MAXAGE", "1", "USER", "default")).toBe(0);
    expect(await killer.must("CLIENT", "KILL", "MAXAGE", "10", "SKIPME", "no")).toBe(1);
    await killer.closed;
    expect(registry.size).toBe(0);
  });

  test("MAXAGE is a number above 0", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    expect(String(await client.ask("CLIENT", "KILL", "MAXAGE", "x"))).toContain("maxage is not an integer");
    expect(String(await client.ask("CLIENT", "KILL", "MAXAGE", "0"))).toContain("greater than 0");
  });
});

describe("COMMAND", () => {
  test("tells of every command, alone and by name", async () => {
    await using server = new LocalServer();
    const client = await server.client({ version: 3 });
    const all = (await client.must("COMMAND")) as unknown[][];
    const count = await client.must("COMMAND", "COUNT");
    expect(all.length).toBe(Number(count));
    expect(await client.must("COMMAND", "INFO")).toEqual(all as never);
    const names = (await client.must("COMMAND", "LIST")) as string[];
    expect(names).toContain("get");
    expect(names).toContain("client|tracking");
    expect(names.filter((name) => !name.includes("|")).length).toBe(all.length);
    const docs = (await client.must("COMMAND", "DOCS")) as Map<string, Map<string, unknown>>;
    expect(docs.size).toBe(all.length);
    for (const [name, facts] of docs) {
      expect([name, ...facts.keys()].slice(0, 4)).toEqual([name, "summary", "since", "group"]);
      expect(String(facts.get("summary"))).toEndWith(".");
    }
    const one = (await client.must("COMMAND", "DOCS", "CONFIG|GET", "nosuch")) as Map<string, unknown>;
    expect([...one.keys()]).toEqual(["config|get"]);
  });

  test("HELP of each command with subcommands names all of them", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    for (const command of server.server.commands.commands) {
      if (command.subcommands === undefined) continue;
      const lines = ((await client.must(command.name, "HELP")) as string[]).join("\n");
      for (const { name } of command.subcommands) expect(lines).toContain(`\n${name.toUpperCase()}`);
    }
  });
});

describe("CONFIG", () => {
  test("SET changes all that it names or nothing", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    expect(await client.must("CONFIG", "SET", "maxclients", "100", "TIMEOUT", "5")).toBe("OK");
    expect(await client.must("CONFIG", "GET", "max?lients", "time*", "timeout")).toEqual([
      ...["maxclients", "100"],
      ...["timeout", "5"],
    ]);
    expect(await client.ask("CONFIG", "SET", "maxclients", "50", "proto-max-bulk-len", "lots")).toEqual(
      new ReplyError(
        "ERR CONFIG SET failed (possibly related to argument 'proto-max-bulk-len') - argument must be a memory value",
      ),
    );
    expect(server.server.limits.connections).toBe(100);
  });

  test("limits hold at once", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    await client.must("CONFIG", "SET", "maxclients", "1", "proto-max-bulk-len", "1kb");
    const refused = await FrameClient.connect(server.port);
    await refused.closed;
    expect(refused.frames).toEqual(["-ERR max number of clients reached\r\n"]);
    await client.must("CONFIG", "SET", "maxclients", "10");
    const other = await server.client();
    expect(String(await other.ask("ECHO", "x".repeat(1025)))).toContain("invalid bulk length");
  });

  test("the policy can be changed", async () => {
    await using server = new LocalServer({
      openEngine: (onRemoval) =>
        new MemoryEngine({
          budgetBytes: 1024 ** 2,
          policy: "s3-fifo",
          whenFull: "evict",
          clock: systemClock,
          random: new SeededRandom(1),
          hashKey: { low: 1, high: 0 },
          onRemoval,
        }),
    });
    const client = await server.client();
    await client.must("SET", "k", "1");
    expect(await client.must("CONFIG", "SET", "policy", "lru")).toBe("OK");
    expect(await client.must("CONFIG", "GET", "*policy")).toEqual([
      ...["maxmemory-policy", "allkeys-lru"],
      ...["policy", "lru"],
    ]);
    expect(String(await client.ask("CONFIG", "SET", "policy", "nosuch"))).toContain("argument 'policy'");
    expect(await client.must("GET", "k")).toBe("1");
  });

  test("REWRITE says where settings come from", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    expect(String(await client.ask("CONFIG", "REWRITE"))).toContain("--config");
  });
});

describe("INFO", () => {
  test("has Redis's sections, chosen by name in any case", async () => {
    await using server = new LocalServer();
    const client = await server.client();
    const sections = async (...names: string[]) =>
      [...String(await client.must("INFO", ...names)).matchAll(/^# (\w+)\r$/gm)].map((match) => match[1]);
    const all = [
      ...["Server", "Clients", "Memory", "Persistence", "Stats"],
      ...["Replication", "CPU", "Cluster", "Keyspace"],
    ];
    expect(await sections()).toEqual(all);
    expect(await sections("default")).toEqual(all);
    const everything = all.toSpliced(all.indexOf("Cluster"), 0, "Commandstats");
    expect(await sections("everything")).toEqual(everything);
    expect(await sections("ALL")).toEqual(everything);
    expect(await sections("memory", "STATS", "nosuch")).toEqual(["Memory", "Stats"]);
    expect(await client.must("INFO", "nosuch")).toBe("");
  });

  test.skipIf(!redis.available)(redis.title("names nothing otherwise than Redis does"), async () => {
    await using real = await startRedis();
    await using server = new LocalServer();
    const names = (text: string) => [...text.matchAll(/^(\w+):/gm)].map((match) => match[1]!);
    using realClient = await FrameClient.connect(real.port);
    realClient.send(["SET", "k", "1"], ["INFO"]);
    const theirs = new Set(names((await realClient.received(2))[1]!));
    const client = await server.client();
    await client.must("SET", "k", "1");
    const others = names(String(await client.must("INFO"))).filter((name) => !theirs.has(name));
    expect(others).toEqual([
      ...["glasscache_version", "runtime", "pubsub_clients", "storage_engine", "storage_disk_bytes"],
      "client_output_buffer_limit_disconnections",
      // Redis 7.2 has them.
      ...["auth", "cmd", "key", "channel"].map((what) => `acl_access_denied_${what}`),
      ...["arena_evictions", "arena_hits", "arena_misses"],
    ]);
  });

  test("tells the memory of the whole process, and no ratio that is none", async () => {
    const program = await startGlasscache(["server", "--engine", "memory", "--memory", "64mb"]);
    using client = await RespClient.connect({ port: program.port });
    const memory = async () => {
      const info = await client.must("INFO", "memory");
      const field = (name: string) => Number(new RegExp(`^${name}:(.*)\r$`, "m").exec(String(info))![1]);
      return {
        ...{
          used: field("used_memory"),
          rss: field("used_memory_rss"),
          dataset: field("used_memory_dataset"),
        },
        ...{ ratio: field("mem_fragmentation_ratio"), uncounted: field("mem_not_counted_for_evict") },
      };
    };
    const empty = await memory();
    expect(empty.dataset).toBe(0);
    expect(empty.used).toBeGreaterThan(5_000_000);
    expect(empty.ratio).toBeLessThan(3);
    const value = "x".repeat(10_000);
    await Promise.all(Array.from({ length: 3000 }, (_, n) => client.must("SET", `k${n}`, value)));
    const full = await memory();
    expect(full.dataset).toBeGreaterThan(30_000_000);
    expect(full.used - full.uncounted).toBe(full.dataset);
    expect(full.ratio).toBeGreaterThan(0.5);
    expect(full.ratio).toBeLessThan(3);
    await client.must("FLUSHALL");
    expect((await memory()).ratio).toBeLessThan(10);
    await program[Symbol.asyncDispose]();
  });

  test("counts what happens, and begins again with CONFIG RESETSTAT", async () => {
    const clock = new ManualClock();
    await using server = new LocalServer({ clock });
    const client = await server.client();
    const field = async (name: string) =>
      new RegExp(`^${name}:(.*)\r$`, "m").exec(String(await client.must("INFO")))?.[1];
    await client.must("SET", "k", "1");
    await client.must("SET", "short", "1", "PX", "10");
    expect(await field("db0")).toBe("keys=2,expires=1,avg_ttl=0");
    await client.must("GET", "k");
    await client.must("GET", "nosuch");
    clock.advance(11);
    await client.must("GET", "short");
    expect(await field("keyspace_hits")).toBe("1");
    expect(await field("keyspace_misses")).toBe("2");
    expect(await field("expired_keys")).toBe("1");
    expect(await field("total_connections_received")).toBe("1");
    expect(await field("connected_clients")).toBe("1");
    expect(Number(await field("total_commands_processed"))).toBeGreaterThan(9);
    expect(Number(await field("total_net_input_bytes"))).toBeGreaterThan(100);
    expect(Number(await field("total_net_output_bytes"))).toBeGreaterThan(1000);
    expect(await field("tcp_port")).toBe(String(server.port));
    expect(await field("run_id")).toMatch(/^[0-9a-f]{40}$/);
    clock.advance(3_600_000);
    expect(await field("uptime_in_seconds")).toBe("3600");
    await client.must("CONFIG", "RESETSTAT");
    for (const name of ["keyspace_hits", "keyspace_misses", "expired_keys", "total_connections_received"]) {
      expect(await field(name)).toBe("0");
    }
    await client.must("DEL", "k");
    expect(await field("db0")).toBeUndefined();
  });
});
