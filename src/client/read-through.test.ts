import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { LocalServer } from "../../test/support/local-server.ts";
import { until } from "../../test/support/until.ts";
import { ManualClock } from "../lib/clock.ts";
import {
  type Client,
  type ClientEvent,
  ClosedError,
  type ConnectOptions,
  connect,
  type NotStoredReason,
} from "./client.ts";
import { bulk, FakeServer, type Script } from "./fake-server-fixture.ts";
import { pollDelayMs } from "./read-through.ts";

let server: LocalServer;
/** The server's clock, so that leases expire when a test says so. */
let clock: ManualClock;
let clients: Client[];
let events: ClientEvent[];
beforeEach(() => {
  clock = new ManualClock();
  server = new LocalServer({ clock });
  clients = [];
  events = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close(0)));
  await server[Symbol.asyncDispose]();
});

/** A client as another process would have one. */
async function newClient(options: ConnectOptions = {}): Promise<Client> {
  const client = await connect({
    host: "127.0.0.1",
    port: server.port,
    onEvent: (event) => events.push(event),
    ...options,
  });
  clients.push(client);
  return client;
}

/** A loader whose result the test determines later. */
function slowLoad<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const begun = Promise.withResolvers<AbortSignal>();
  return {
    load: ({ signal }: { readonly signal: AbortSignal }) => {
      begun.resolve(signal);
      return promise;
    },
    begun: begun.promise,
    resolve,
    reject,
  };
}

const notStored = () => events.flatMap((event) => (event.type === "notStored" ? [event.reason] : []));

describe("one caller", () => {
  test("loads a missing value, stores it and leaves no lease", async () => {
    const client = await newClient();
    expect(await client.getOrSet("k", () => "made", { ttlMs: 60_000 })).toBe("made");
    expect((await client.get("k")).value).toBe("made");
    expect(await client.command("PTTL", "k")).toBeGreaterThan(59_000);
    expect(await client.command("KEYS", "*")).toEqual(["k"]);
    expect(await client.getOrSet("k", () => Promise.reject(new Error("must not run")))).toBe("made");
    const { hits, misses, coalesced, loads, latencies } = client.stats;
    expect({ hits, misses, coalesced, loads }).toEqual({ hits: 2, misses: 1, coalesced: 0, loads: 1 });
    expect([latencies.getOrSet.count, latencies.loads.count]).toEqual([2, 1]);
  });

  test("without ttlMs it stays", async () => {
    const client = await newClient();
    await client.getOrSet("k", async () => "made");
    expect(await client.command("PTTL", "k")).toBe(-1);
    await expect(client.getOrSet("x", () => "v", { ttlMs: 0 })).rejects.toThrow("ttlMs: 0 is not a whole");
  });

  test("JSON: the first caller gets the same as later ones", async () => {
    const client = await newClient();
    const load = () => ({ at: new Date(0), none: undefined, list: [1, null] });
    const wanted = { at: "1970-01-01T00:00:00.000Z", list: [1, null] };
    const first: unknown = await client.getOrSet("k", load, { as: "json" });
    expect(first).toEqual(wanted);
    expect(first).not.toHaveProperty("none");
    expect(await client.getOrSet<unknown>("k", load, { as: "json" })).toEqual(wanted);
    // null can be stored: the key is known not to exist.
    expect(await client.getOrSet("nobody", () => null, { as: "json" })).toBeNull();
    expect((await client.get("nobody")).value).toBe("null");
    expect(await client.getOrSet<unknown>("nobody", load, { as: "json" })).toBeNull();
  });

  test("bytes, under a key of bytes", async () => {
    const client = await newClient();
    const key = Uint8Array.of(255, 0, 125);
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(await client.getOrSet(key, () => value, { as: "bytes" })).toEqual(value);
    expect((await client.get(key, { as: "bytes" })).value).toEqual(value);
    expect(await client.command("DBSIZE")).toBe(1);
  });

  test("undefined is returned and not stored", async () => {
    const client = await newClient();
    expect(await client.getOrSet("k", () => undefined)).toBeUndefined();
    expect(await client.command("DBSIZE")).toBe(0);
    expect(notStored()).toEqual([]);
  });

  test("a value that cannot be stored fails, and leaves nothing", async () => {
    const client = await newClient();
    const load = () => ({ a: 1 }) as unknown as string;
    await expect(client.getOrSet("k", load)).rejects.toThrow('{ as: "json" } stores it as JSON');
    expect(await client.command("DBSIZE")).toBe(0);
    expect(client.stats.loadFailures).toBe(1);
  });

  test("a stored value that is not JSON is an error, and nothing is loaded", async () => {
    const client = await newClient();
    await client.put("k", "{");
    await expect(client.getOrSet("k", () => ({}), { as: "json" })).rejects.toThrow("not JSON");
    expect(await client.command("DBSIZE")).toBe(1);
  });
});

describe("callers of one process", () => {
  test("share one load, and each has a value of its own", async () => {
    const client = await newClient();
    const { load, resolve, begun } = slowLoad<{ n: number[] }>();
    const callers = Array.from({ length: 100 }, () => client.getOrSet("k", load, { as: "json" }));
    await begun;
    callers.push(client.getOrSet("k", load, { as: "json" }));
    await client.command("PING");
    resolve({ n: [1] });
    const values = await Promise.all(callers);
    values[0]!.n.push(2);
    expect(values.slice(1)).toEqual(Array.from({ length: 100 }, () => ({ n: [1] })));
    const { hits, misses, coalesced, loads } = client.stats;
    expect({ hits, misses, coalesced, loads }).toEqual({ hits: 0, misses: 1, coalesced: 100, loads: 1 });
  });

  test("a loader that throws reaches all of them, leaves nothing locked and stores nothing", async () => {
    const client = await newClient();
    for (const load of [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
    ]) {
      const callers = Array.from({ length: 10 }, () => client.getOrSet("k", load));
      const outcomes = await Promise.allSettled(callers);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: new Error("no") });
      expect(await client.command("DBSIZE")).toBe(0);
    }
    expect(client.stats.loads).toBe(2);
    expect(await client.getOrSet("k", () => "after")).toBe("after");
  });

  test("a caller that cancels leaves the others; when all have cancelled, so is the load", async () => {
    const client = await newClient();
    const { load, begun, reject } = slowLoad<string>();
    const [one, other] = [new AbortController(), new AbortController()];
    const first = client.getOrSet("k", load, { signal: one.signal });
    const loading = await begun;
    const second = client.getOrSet("k", load, { signal: other.signal });
    await until(() => client.stats.coalesced === 1);
    one.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    expect(loading.aborted).toBe(false);
    other.abort(new Error("me too"));
    await expect(second).rejects.toThrow("me too");
    expect(loading.aborted).toBe(true);
    await until(async () => (await client.command("DBSIZE")) === 0);
    expect(await client.getOrSet("k", () => "after")).toBe("after");
    reject(new Error("nobody hears this"));
  });

  test("the signal of a loader is not aborted behind its load", async () => {
    const client = await newClient();
    let seen: AbortSignal | undefined;
    const load = ({ signal }: { readonly signal: AbortSignal }) => {
      seen = signal;
      return "v";
    };
    await client.getOrSet("k", load, { signal: new AbortController().signal });
    expect(seen?.aborted).toBe(false);
  });
});

describe("a change while a value is loaded", () => {
  const changes: [string, (client: Client) => Promise<unknown>, string | null, NotStoredReason][] = [
    ["delete", (client) => client.delete("k"), null, "lost"],
    ["del", (client) => client.del("a", "k"), null, "lost"],
    ["put", (client) => client.put("k", "newer"), "newer", "newer"],
  ];
  test.each(changes)(
    "%s by another process: the late value is not stored",
    async (_, change, left, reason) => {
      const [loading, other] = [await newClient(), await newClient()];
      const { load, begun, resolve } = slowLoad<string>();
      const waiting = loading.getOrSet("k", load);
      await begun;
      await change(other);
      resolve("old");
      expect(await waiting).toBe("old");
      expect((await other.get("k")).value).toBe(left);
      expect(notStored()).toEqual([reason]);
      expect(await other.command("EXISTS", "{k}:lease")).toBe(0);
    },
  );

  test.each([
    ...changes.map(([name, change]) => [name, change] as const),
    ["a DEL by name", (client: Client) => client.command("DEL", "k")] as const,
    ["FLUSHALL", (client: Client) => client.command("FLUSHALL")] as const,
    ["a SET of bytes", (client: Client) => client.command("set", Uint8Array.of(107), "x")] as const,
  ])("%s by this process: who asks later does not get the older value", async (_, change) => {
    const client = await newClient();
    const old = slowLoad<string>();
    const first = client.getOrSet("k", old.load);
    await old.begun;
    const changed = change(client);
    const second = client.getOrSet("k", () => "fresh");
    await changed;
    expect(await second).not.toBe("old");
    old.resolve("old");
    expect(await first).toBe("old");
    expect((await client.get("k")).value).not.toBe("old");
    expect(await client.command("EXISTS", "{k}:lease")).toBe(0);
  });

  test("between the look at the lease and the storing: the transaction is aborted", async () => {
    const [loading, other] = [await newClient({ leaseConnections: 1 }), await newClient()];
    for (let round = 0; round < 200; round++) {
      const load = slowLoad<string>();
      const waiting = loading.getOrSet(`k${round}`, load.load);
      await load.begun;
      load.resolve("old");
      // Sent at the same moment as WATCH, or a moment later.
      for (let turn = 0; turn < round % 4; turn++) await new Promise(setImmediate);
      await other.delete(`k${round}`);
      await waiting;
      // Either the value was stored and then deleted, or it was never stored.
      expect((await other.get(`k${round}`)).value).toBeNull();
    }
    expect(await other.command("DBSIZE")).toBe(0);
  });
});

describe("several processes", () => {
  test("one loads, the others wait and find its value", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => newClient()));
    const { load, begun, resolve } = slowLoad<string>();
    const waiting = all.map((client) => client.getOrSet("k", load, { ttlMs: 60_000 }));
    await begun;
    await Promise.all(all.map((client) => client.command("PING")));
    resolve("once");
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 5 }, () => "once"));
    const stats = all.map((client) => client.stats);
    expect(stats.reduce((sum, { loads }) => sum + loads, 0)).toBe(1);
    expect(stats.reduce((sum, { coalesced }) => sum + coalesced, 0)).toBe(4);
    expect(await all[0]!.command("KEYS", "*")).toEqual(["k"]);
  });

  test("a failure is reported to its own callers; the next process loads at once", async () => {
    const [first, second] = [await newClient(), await newClient()];
    const failing = slowLoad<string>();
    const one = first.getOrSet("k", failing.load).catch((error) => error);
    await failing.begun;
    const other = second.getOrSet("k", () => "well", { leaseMs: 60_000 });
    failing.reject(new Error("no"));
    expect((await one).message).toBe("no");
    expect(await other).toBe("well");
  });

  test("a holder that died costs its lease: then one of the others loads, and one alone", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => newClient()));
    const leaseMs = 60_000;
    await all[0]!.command("SET", "{k}:lease", "of a dead process", "PX", leaseMs);
    const waiting = all.map((client) => client.getOrSet("k", () => "made", { leaseMs }));
    // Each of them has found the lease taken, and asked again.
    const asked = server.server.registry.requestCount;
    await until(() => server.server.registry.requestCount >= asked + 30);
    expect(all.reduce((sum, client) => sum + client.stats.loads, 0)).toBe(0);
    clock.advance(leaseMs);
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 4 }, () => "made"));
    expect(all.reduce((sum, client) => sum + client.stats.loads, 0)).toBe(1);
    expect(notStored()).toEqual([]);
  });

  test("a holder that is late does not store over its successor's value", async () => {
    const [first, second] = [await newClient(), await newClient()];
    const late = slowLoad<string>();
    const one = first.getOrSet("k", late.load, { leaseMs: 60_000 });
    await late.begun;
    clock.advance(60_000);
    expect(await second.getOrSet("k", () => "second", { leaseMs: 60_000 })).toBe("second");
    late.resolve("first");
    expect(await one).toBe("first");
    expect((await first.get("k")).value).toBe("second");
    expect(notStored()).toEqual(["lost"]);
    expect(first.stats.notStored).toBe(1);
  });

  test("nor if its successor's value is gone again", async () => {
    const [first, second] = [await newClient(), await newClient()];
    const late = slowLoad<string>();
    const one = first.getOrSet("k", late.load, { leaseMs: 60_000 });
    await late.begun;
    clock.advance(60_000);
    await second.getOrSet("k", () => "second");
    await second.delete("k");
    late.resolve("first");
    await one;
    expect((await first.get("k")).value).toBeNull();
  });

  test("a holder that is slower than waitMs: the other one loads by itself and stores nothing", async () => {
    const [first, second] = [await newClient(), await newClient()];
    const slow = slowLoad<string>();
    const one = first.getOrSet("k", slow.load);
    await slow.begun;
    expect(await second.getOrSet("k", () => "by itself", { waitMs: 20 })).toBe("by itself");
    expect(await second.getOrSet("k", () => "at once", { waitMs: 0 })).toBe("at once");
    expect(notStored()).toEqual(["waited", "waited"]);
    slow.resolve("stored");
    await one;
    expect((await second.get("k")).value).toBe("stored");
  });
});

describe("a store in trouble", () => {
  const none = "_\r\n";
  const oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

  test.each([
    ["takes no lease", false, "OOM command", ([name]) => (name === "SET" ? oom : undefined)],
    [
      "refuses the value",
      true,
      "OOM command",
      ([name, key]) => {
        if (name === "SET") return key === "k" ? oom : "+OK\r\n";
        return name === "EXEC"
          ? "-EXECABORT Transaction discarded because of previous errors.\r\n"
          : undefined;
      },
    ],
    [
      "fails within the transaction",
      true,
      "WRONGTYPE no",
      ([name]) => (name === "EXEC" ? "*2\r\n-WRONGTYPE no\r\n:1\r\n" : undefined),
    ],
  ] as [string, boolean, string, Script][])(
    "a store that %s: the value is returned, and told of",
    async (_, holdsLease, message, script) => {
      let token = "";
      await using fake = await FakeServer.start((args, peer) => {
        const [name, key, value] = args;
        const scripted = script(args, peer);
        if (name === "SET" && value !== undefined && key !== "k") token = value;
        if (scripted !== undefined) return scripted;
        if (name === "GET") return key === "k" ? none : bulk(token);
        if (name === "PTTL") return ":-2\r\n";
        return name === "EXISTS" ? ":0\r\n" : "+OK\r\n";
      });
      const client = await newClient({ port: fake.port });
      expect(await client.getOrSet("k", () => "made")).toBe("made");
      expect(events.filter(({ type }) => type === "notStored")).toMatchObject([
        { key: "k", reason: "failed", error: { message: expect.stringContaining(message) } },
      ]);
      expect(client.stats.notStored).toBe(1);
      // A lease without a value is given back alone.
      const last = fake.requests.map(([name, key]) => `${name} ${key ?? ""}`).slice(-3);
      if (holdsLease) expect(last).toEqual(["MULTI ", "DEL {k}:lease", "EXEC "]);
      await client.close(0);
    },
  );

  test("a store that is gone: the call fails, and nothing is loaded", async () => {
    const fake = await FakeServer.start();
    const client = await newClient({ port: fake.port, timeoutMs: 20 });
    await fake[Symbol.asyncDispose]();
    await expect(client.getOrSet("k", () => "made")).rejects.toBeInstanceOf(Error);
    expect(client.stats.loads).toBe(0);
  });

  test("the connection is lost while a lease is requested", async () => {
    const client = await newClient({ reconnect: { firstDelayMs: 1 } });
    const admin = await newClient();
    for (let round = 0; round < 20; round++) {
      const id = (await client.command("CLIENT", "ID")) as number;
      const value = client.getOrSet(`k${round}`, () => "made", { timeoutMs: 5_000 });
      if (round % 2 === 0) await new Promise(setImmediate);
      await admin.command("CLIENT", "KILL", "ID", id);
      expect(await value).toBe("made");
    }
    expect(await admin.command("KEYS", "*lease")).toEqual([]);
  });

  test("closing: loads in progress are stored, waiters for another process get an error", async () => {
    const [holder, other, admin] = [await newClient(), await newClient(), await newClient()];
    const { load, begun, resolve } = slowLoad<string>();
    const one = holder.getOrSet("k", load);
    await begun;
    const waiting = other.getOrSet("k", load).catch((error) => error);
    await until(() => other.stats.latencies.getOrSet.count === 0 && other.pendingCalls === 0);
    await other.close();
    expect(await waiting).toBeInstanceOf(ClosedError);
    const closed = holder.close();
    await expect(holder.getOrSet("x", () => "v")).rejects.toBeInstanceOf(ClosedError);
    resolve("made");
    expect(await one).toBe("made");
    await closed;
    expect(await admin.command("KEYS", "*")).toEqual(["k"]);
  });

  test("closing with a load that does not end", async () => {
    const client = await newClient();
    const { load, begun } = slowLoad<string>();
    const waiting = client.getOrSet("k", load).catch((error) => error);
    const signal = await begun;
    await client.close(20);
    expect(await waiting).toBeInstanceOf(ClosedError);
    expect(signal.aborted).toBe(true);
  });
});

test("delays between polls grow up to a bound, spread, and are longer for many keys", () => {
  const [least, most] = [{ next: () => 1 - Number.EPSILON }, { next: () => 0 }];
  const delays = (waiting: number, random: { next(): number }) =>
    [0, 1, 2, 3, 5, 6, 100].map((poll) => Math.round(pollDelayMs(poll, waiting, random)));
  expect(delays(1, most)).toEqual([13, 25, 50, 100, 200, 200, 200]);
  expect(delays(1, least)).toEqual([6, 13, 25, 50, 100, 100, 100]);
  expect(delays(2_000, most)).toEqual([125, 250, 500, 1000, 2000, 2000, 2000]);
});
