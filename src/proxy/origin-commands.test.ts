/** Commands that the table does not have. The proxy asks the origin about them, and follows its answer. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin, type OriginCommand } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { until } from "../../test/support/until.ts";

/** Returns the COMMAND INFO of a command, as Redis answers it in RESP2. */
function info(name: string, arity: number, flags: readonly string[], keys: readonly number[]): string {
  const [first, last, step] = keys;
  const listed = flags.map((flag) => `+${flag}\r\n`).join("");
  return (
    `*1\r\n*10\r\n$${name.length}\r\n${name}\r\n:${arity}\r\n*${flags.length}\r\n${listed}` +
    `:${first}\r\n:${last}\r\n:${step}\r\n*0\r\n*0\r\n*0\r\n*0\r\n`
  );
}

const KNOWN: Readonly<Record<string, string>> = {
  "json.set": info("json.set", -4, ["write", "denyoom", "module"], [1, 1, 1]),
  "json.mset": info("json.mset", -4, ["write", "module"], [1, -1, 3]),
  "json.get": info("json.get", -2, ["readonly", "module"], [1, 1, 1]),
  "ft.search": info("ft.search", -3, ["readonly", "module"], [0, 0, 0]),
  "mod.any": info("mod.any", -2, ["write", "module", "movablekeys"], [0, 0, 0]),
};

function script(command: OriginCommand): string | undefined {
  const [name, second, third] = command;
  if (name === "COMMAND" && second === "INFO") return KNOWN[third!.toLowerCase()] ?? "*1\r\n*-1\r\n";
  return KNOWN[name!.toLowerCase()] === undefined ? undefined : "+OK\r\n";
}

test("a user's rights hold for a command that only the origin knows, from the first time on", async () => {
  using origin = new FakeOrigin({ script });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const admin = await local.client();
  const rules = ["on", "nopass", "~a", "-@all", "+json.get", "+nosuch.cmd", "+ping"];
  expect(await admin.must("ACL", "SETUSER", "app", ...rules)).toBe("OK");
  const app = await local.client();
  await app.must("AUTH", "app", "");
  const replies = await Promise.all([
    app.ask("JSON.GET", "b"),
    app.ask("JSON.GET", "a"),
    app.ask("JSON.SET", "a", "$", "1"),
    app.ask("NOSUCH.CMD", "a"),
    app.ask("PING"),
  ]);
  expect(replies.map(String)).toEqual([
    "ReplyError: NOPERM this user has no permissions to access one of the keys used as arguments",
    "OK",
    "ReplyError: NOPERM this user has no permissions to run the 'json.set' command",
    "ReplyError: ERR unknown command 'NOSUCH.CMD', with args beginning with: 'a' ",
    "PONG",
  ]);
  expect(origin.count("JSON.SET") + origin.count("NOSUCH.CMD")).toBe(0);
});

describe("an origin without tracking", () => {
  const UNTRACKED = { tracking: false, script };

  /** Returns which of `keys` are cached after a command that the origin has described. */
  async function cachedAfter(...command: string[]): Promise<string[]> {
    using origin = new FakeOrigin(UNTRACKED);
    await using local = await LocalProxy.ready({ origin: origin.port, ttlMs: 60_000 });
    const client = await local.client();
    // The first one runs alone, and drops everything.
    await client.ask(...command);
    // The origin's answer about it comes over the same connection as this reply, and earlier.
    await client.ask("OBJECT", "ENCODING", "x");
    for (const key of ["a", "b", "c"]) {
      origin.values.set(key, `value of ${key}`);
      await client.must("GET", key);
    }
    await client.ask(...command);
    const cached: string[] = [];
    for (const key of ["a", "b", "c"]) {
      const before = origin.count("GET", key);
      await client.must("GET", key);
      if (origin.count("GET", key) === before) cached.push(key);
    }
    client.close();
    return cached;
  }

  test.each([
    ["a write of one key", ["JSON.SET", "a", "$", "1"], ["b", "c"]],
    ["a write of several keys", ["json.mset", "a", "$", "1", "c", "$", "2"], ["b"]],
    ["a read may show a newer state of its key", ["JSON.GET", "b"], ["a", "c"]],
    ["a command without keys", ["FT.SEARCH", "index", "*"], ["a", "b", "c"]],
    ["keys that no range tells", ["MOD.ANY", "1", "b"], []],
    ["a command that the origin does not have", ["NOSUCH.CMD", "a"], []],
    ["a write that the table has", ["ZADD", "a", "1", "m"], ["b", "c"]],
    ["a read that the table has", ["HGETALL", "c"], ["a", "b"]],
    ["a store of several", ["ZUNIONSTORE", "a", "2", "x", "c"], ["b"]],
  ] as const)("%s", async (_, command, cached) => {
    expect(await cachedAfter(...command)).toEqual([...cached]);
  });
});

test("each name is asked about once per connection, and impossible names never", async () => {
  using origin = new FakeOrigin({ script });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  for (let n = 0; n < 5; n++) await client.ask("JSON.SET", "a", "$", "1");
  for (const name of ["no such", "x".repeat(65), "\u{1f600}", ""]) await client.ask(name, "a");
  expect(origin.count("COMMAND", "INFO")).toBe(1);
  origin.main.end();
  await until(async () => (await client.ask("GET", "a")) === null);
  for (let n = 0; n < 2; n++) await client.ask("JSON.SET", "a", "$", "1");
  await origin.received(2, "COMMAND", "INFO");
  expect(origin.count("COMMAND", "INFO")).toBe(2);
  client.close();
});
