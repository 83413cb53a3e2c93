/** Commands that act on the origin as a process are passed on only with `--allow-admin`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { proxiedRedis } from "../../test/support/proxied-redis.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import type { RespClient } from "../../test/support/resp-client.ts";
import { ReplyError } from "../protocol/reply-value.ts";

const redis = requireProgram("redis-server");

const REFUSED = [
  ...[
    "SHUTDOWN",
    "shutdown",
    "ShutDown NOSAVE",
    "SHUTDOWN SAVE NOW FORCE",
    "SHUTDOWN ABORT",
    "SHUTDOWN a b c d e",
  ],
  ...[
    "SAVE",
    "save x",
    "BGSAVE",
    "BGSAVE SCHEDULE",
    "BGREWRITEAOF",
    "DEBUG",
    "DEBUG SLEEP 0",
    "debug segfault",
  ],
  ...["FAILOVER", "FAILOVER TO 127.0.0.1 1", "REPLICAOF NO ONE", "replicaof 127.0.0.1 1", "SLAVEOF NO ONE"],
  ...["MODULE LOAD /x.so", "module loadex /x.so", "MODULE UNLOAD x", "MODULE NOSUCH"],
  ...[
    "CLUSTER MEET 127.0.0.1 1",
    "CLUSTER RESET HARD",
    "cluster forget x",
    "CLUSTER FAILOVER",
    "CLUSTER ADDSLOTS 1",
  ],
  ...["CLUSTER SETSLOT 1 STABLE", "CLUSTER BUMPEPOCH", "CLUSTER SAVECONFIG", "CLUSTER NOSUCH"],
  ...["SCRIPT DEBUG SYNC", "script debug yes", "PFSELFTEST", "PFDEBUG GETREG k", "SENTINEL RESET *"],
  ...["CONFIG REWRITE", "config rewrite"],
].map((line) => line.split(" "));

const PASSED = [
  ...[
    "MODULE LIST",
    "MODULE HELP",
    "MODULE",
    "CLUSTER INFO",
    "cluster nodes",
    "CLUSTER KEYSLOT a",
    "CLUSTER SLOTS",
  ],
  ...["SCRIPT FLUSH", "SCRIPT EXISTS x", "FUNCTION FLUSH"],
  ...["FLUSHALL", "LATENCY RESET", "SLOWLOG RESET", "MEMORY DOCTOR"],
].map((line) => line.split(" "));

describe("a command that acts on the origin as a process", () => {
  let origin: FakeOrigin;
  let local: LocalProxy;
  let client: RespClient;

  beforeAll(async () => {
    origin = new FakeOrigin();
    local = await LocalProxy.ready({ origin: origin.port });
    client = await local.client();
  });
  afterAll(async () => {
    await local[Symbol.asyncDispose]();
    origin[Symbol.dispose]();
  });

  test.each(REFUSED.map((command) => [command.join(" "), command] as const))(
    "%s is refused",
    async (_, command) => {
      const before = origin.count(command[0]!.toUpperCase());
      const reply = await client.ask(...command);
      expect(String(reply)).toMatch(/^ReplyError: ERR [A-Z ]+ acts on the origin itself.* --allow-admin$/);
      expect(await client.ask("SET", "a", "1")).toBe("OK");
      expect(origin.count(command[0]!.toUpperCase())).toBe(before);
    },
  );

  test.each(PASSED.map((command) => [command.join(" "), command] as const))(
    "%s is passed on",
    async (_, command) => {
      const before = origin.count(command[0]!.toUpperCase());
      await client.ask(...command);
      expect(origin.count(command[0]!.toUpperCase())).toBe(before + 1);
    },
  );

  test("is passed on with --allow-admin", async () => {
    await using admin = await LocalProxy.ready({ origin: origin.port, allowAdmin: true });
    const allowed = await admin.client();
    for (const command of REFUSED) {
      const before = origin.count(command[0]!.toUpperCase());
      await allowed.ask(...command);
      expect([command, origin.count(command[0]!.toUpperCase())]).toEqual([command, before + 1]);
    }
  });
});

describe.skipIf(!redis.available)(redis.title("in front of a real Redis"), () => {
  const proxied = proxiedRedis();

  test.each(REFUSED.slice(0, 24).map((command) => [command.join(" "), command] as const))(
    "a transaction with %s is not executed",
    async (_, command) => {
      const client = await proxied.local.client();
      await client.must("SET", "k", "before");
      await client.must("MULTI");
      await client.must("SET", "k", "after");
      const replies = [client.ask(...command), client.ask("SET", "k", "later"), client.ask("EXEC")];
      const [refusal, queued, exec] = await Promise.all(replies);
      expect(String(refusal)).toContain("--allow-admin");
      expect(queued).toBe("QUEUED");
      expect(exec).toMatchObject({ code: "EXECABORT" });
      expect(await client.must("GET", "k")).toBe("before");
      expect(await proxied.direct.must("PING")).toBe("PONG");
      client.close();
    },
  );

  test("a command that would act on the origin's clients, or show its passwords, is not queued", async () => {
    const client = await proxied.local.client();
    const commands = [
      ...["CLIENT KILL TYPE normal", "MONITOR", "CLIENT LIST", "CLIENT UNBLOCK 1"],
      ...["CLIENT TRACKING ON REDIRECT 1", "CONFIG GET *", "CONFIG GET requirepass", "config get MASTERAUTH"],
      ...[
        "CONFIG GET maxmemory req?irepass",
        "CONFIG SET policy lru",
        "CONFIG SET maxmemory 1",
        "CONFIG RESETSTAT",
      ],
      ...["CONFIG REWRITE", "CONFIG SET slowlog-max-len 5 requirepass x"],
    ];
    for (const line of commands) {
      await client.must("MULTI");
      expect([line, await client.ask(...line.split(" "))]).toEqual([line, expect.any(ReplyError)]);
      expect(await client.ask("EXEC")).toMatchObject({ code: "EXECABORT" });
    }
    await client.must("MULTI");
    expect(await client.must("CONFIG", "GET", "maxmemory")).toBe("QUEUED");
    expect(await client.must("CONFIG", "SET", "slowlog-max-len", "77")).toBe("QUEUED");
    expect(await client.must("CLIENT", "SETNAME", "x")).toBe("QUEUED");
    expect(await client.must("EXEC")).toEqual([["maxmemory", "0"], "OK", "OK"]);
    expect(await proxied.direct.must("CONFIG", "GET", "slowlog-max-len")).toEqual(["slowlog-max-len", "77"]);
    client.close();
  });

  test("of the commands that Redis flags as administrative, only these are passed on", async () => {
    interface Described {
      readonly name: string;
      readonly isAdmin: boolean;
    }
    const describe = (entry: unknown): Described[] => {
      const [name, , flags, , , , , , , subcommands] = entry as [string, number, string[], ...unknown[]];
      const inner = (subcommands as unknown[] | undefined) ?? [];
      if (inner.length > 0) return inner.flatMap(describe);
      return [{ name, isAdmin: flags.includes("admin") }];
    };
    const all = ((await proxied.direct.must("COMMAND")) as unknown[]).flatMap(describe);
    const client = await proxied.local.client();
    const passed: string[] = [];
    for (const { name, isAdmin } of all) {
      // MONITOR never ends; kill and pause would hit the proxy's own clients. Users are the proxy's own.
      if (!isAdmin || name === "monitor" || /^(client|acl)\|/.test(name)) continue;
      const reply = await client.ask(...name.split("|"), "?", "?", "?", "?", "?", "?", "?");
      if (!/--allow-admin/.test(String(reply))) passed.push(name);
    }
    expect(passed.sort()).toEqual([
      // These only report.
      ...["cluster|count-failure-reports", "cluster|replicas", "cluster|slaves"],
      // CONFIG depends on the names it is given; REWRITE takes none.
      ...["config|get", "config|resetstat", "config|rewrite", "config|set"],
      // These report what was slow, and forget it.
      ...["latency|doctor", "latency|graph", "latency|histogram", "latency|history", "latency|latest"],
      ...["latency|reset", "module|list", "slowlog|get", "slowlog|len", "slowlog|reset"],
    ]);
    client.close();
  });

  test.each(["GLASS.GET k", "glass.explain k", "GLASS.SLOWLOG GET"])(
    "%s, which only the proxy can answer, is not queued",
    async (line) => {
      const client = await proxied.local.client();
      await client.must("MULTI");
      const [name = "", ...rest] = line.split(" ");
      const reply = String(await client.ask(name, ...rest));
      expect(reply).toContain(`${name.toUpperCase()} cannot be queued in a transaction`);
      expect(String(await client.ask("EXEC"))).toContain("EXECABORT");
      client.close();
    },
  );
});
