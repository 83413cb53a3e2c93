import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { ROUTES, type Route } from "./routes.ts";

const redis = requireProgram("redis-server");

/** Returns a command as Redis describes it. */
interface Described {
  readonly name: string;
  readonly flags: ReadonlySet<string>;
  readonly keys: readonly [first: number, last: number, step: number];
}

describe.skipIf(!redis.available)(redis.title("routes, held against what Redis says of its commands"), () => {
  let server: RunningServer;
  let commands: Map<string, Described>;

  beforeAll(async () => {
    server = await startRedis();
    using client = await RespClient.connect({ port: server.port });
    const all = (await client.must("COMMAND")) as [string, number, string[], number, number, number][];
    commands = new Map(
      all.map(([name, , flags, first, last, step]) => [
        name,
        { name, flags: new Set(flags), keys: [first, last, step] },
      ]),
    );
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  function described(kind: Route["kind"]): [Route, Described][] {
    return ROUTES.filter((route) => route.kind === kind && commands.has(route.name)).map((route) => [
      route,
      commands.get(route.name)!,
    ]);
  }

  test("a command routed as a read changes nothing, never blocks and binds no client", () => {
    const wrong = [...described("read"), ...described("cached")].filter(
      ([, { flags }]) => flags.has("write") || flags.has("blocking"),
    );
    expect(wrong.map(([{ name }]) => name)).toEqual([]);
    expect(described("read").length).toBeGreaterThan(40);
  });

  test("a command routed as a write names all keys that it changes", () => {
    const wrong = described("write").filter(
      ([route, { keys }]) => route.all !== true && JSON.stringify(route.keys) !== JSON.stringify(keys),
    );
    expect(wrong.map(([{ name, keys }, command]) => [name, keys, command.keys])).toEqual([]);
    expect(described("write").length).toBeGreaterThan(60);
  });

  test("every command that can block gets a connection of its own, or is refused", () => {
    const mayBlock = new Set(ROUTES.filter(({ blocks }) => blocks === true).map(({ name }) => name));
    const refused = new Set(ROUTES.filter(({ kind }) => kind === "refuse").map(({ name }) => name));
    const blocking = [...commands.values()]
      .filter(({ flags }) => flags.has("blocking"))
      .map(({ name }) => name);
    expect(blocking.filter((name) => !mayBlock.has(name) && !refused.has(name))).toEqual([]);
    expect(blocking.length).toBeGreaterThan(8);
  });

  test("every command that makes a client listen gets a connection of its own", () => {
    const binding = new Set(ROUTES.filter(({ kind }) => kind === "dedicated").map(({ name }) => name));
    const listening = [...commands.values()].filter(
      ({ name, flags }) => flags.has("pubsub") && /subscribe$/.test(name),
    );
    expect(listening.map(({ name }) => name).filter((name) => !binding.has(name))).toEqual([]);
    expect(listening).toHaveLength(6);
    for (const name of ["multi", "watch"]) expect(binding).toContain(name);
  });
});

test("refused routes say why", () => {
  for (const { kind, name, reason } of ROUTES) {
    if (kind === "refuse") expect([name, reason]).toEqual([name, expect.stringMatching(/; ask the origin$/)]);
  }
});

test("the proxy's own commands have no route that bypasses them", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const passing = new Set(
    ROUTES.filter(({ kind }) => kind === "cached" || kind === "read" || kind === "write").map(
      ({ name }) => name,
    ),
  );
  const own = local.proxy.commands.commands.map(({ name }) => name);
  expect(own.filter((name) => passing.has(name))).toEqual([]);
  expect(own).toContain("hello");
});
