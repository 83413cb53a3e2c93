import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FrameClient } from "../../test/support/frame-client.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { MemoryEngine } from "../engine/memory.ts";
import { ManualClock, systemClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { Push } from "../protocol/reply-value.ts";

/** One client sends requests in one write; then all clients receive their messages. */
type Step = readonly [client: string, ...requests: string[]];

interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

const HELLO3 = "HELLO 3";
const ON = "CLIENT TRACKING ON";

/** Clients `a` and `c` speak RESP3 and track as the scenario says; `b` writes. */
const SCENARIOS: readonly Scenario[] = [
  {
    name: "a read key is told of once, until it is read again",
    steps: [
      ["a", ON, "GET k"],
      ["b", "SET k 1"],
      ["b", "SET k 2"],
      ["a", "GET k"],
      ["b", "SET k 3"],
    ],
  },
  {
    name: "keys that do not exist, several of a command, and reads of all kinds are remembered",
    steps: [
      ["a", ON, "MGET x y z", "STRLEN s", "TTL t", "TYPE u", "EXISTS v w", "GETRANGE g 0 1", "PTTL p"],
      ["b", "SET x 1", "SET y 1", "SET z 1", "SET s 1", "SET t 1", "SET u 1", "SET v 1", "SET w 1"],
      ["b", "SET g 1", "SET p 1"],
    ],
  },
  {
    name: "reads of bits are remembered, and only writes that change bits are told",
    steps: [
      ["b", "SET k @"],
      ["a", ON, "GETBIT k 1", "BITCOUNT c", "BITPOS p 0", "BITFIELD_RO r GET u8 0", "LCS l m"],
      ["b", "SETBIT k 1 1", "BITFIELD k SET u8 0 64", "BITFIELD k OVERFLOW FAIL INCRBY u2 0 3"],
      ["b", "SETBIT k 0 1", "SETBIT c 0 1", "SETBIT p 7 1", "SET r 1", "SET l 1", "SET m 1"],
      ["a", "GET k", "BITFIELD f GET u8 0", "BITOP OR k k"],
      ["b", "SETBIT k 90 0", "SETBIT f 0 1"],
    ],
  },
  {
    name: "commands that write do not remember",
    steps: [
      ["a", "SET k 1", ON, "GETEX k", "GETSET k 2", "SET k 3 GET", "APPEND k x", "GETDEL k"],
      ["b", "SET k 1"],
    ],
  },
  {
    name: "every kind of change is told",
    steps: [
      ["b", "SET k 1", "SET m 1", "SET n 1", "SET o 10", "SET p 1"],
      ["a", ON, "GET k"],
      ["b", "DEL k"],
      ["a", "GET k"],
      ["b", "MSET k 1 m 2"],
      // Their order is not defined.
      ["a", "GET k"],
      ["b", "RENAME k m"],
      ["a", "GET m"],
      ["b", "RENAME m k"],
      ["a", "GET m"],
      ["b", "RENAME k m"],
      ["a", "MGET m n"],
      ["b", "COPY n m REPLACE"],
      ["a", "MGET m n"],
      ["b", "EXPIRE m 1000"],
      ["a", "GET m"],
      ["b", "PERSIST m"],
      ["a", "GET o"],
      ["b", "INCR o"],
      ["a", "GET o"],
      ["b", "INCRBYFLOAT o 1.5"],
      ["a", "GET p"],
      ["b", "APPEND p x"],
      ["a", "GET p"],
      ["b", "SETRANGE p 0 yy"],
      ["a", "GET p"],
      ["b", "GETDEL p"],
      ["a", "GET p"],
      ["b", "SETNX p 1"],
      ["a", "GET p"],
      ["b", "SETNX p 2"],
      ["b", "UNLINK p"],
      ["a", "GET n"],
      ["b", "GETEX n EX 1000"],
      ["a", "GET n"],
      ["b", "EXPIRE n -1"],
    ],
  },
  {
    name: "one's own change is told behind its reply",
    steps: [["a", ON, "GET k", "SET k 1", "GET k", "SET k 2", "MGET k m", "MSET k 1 m 2", "GET k"]],
  },
  {
    name: "NOLOOP: one's own changes are not told, those of others are",
    steps: [
      ["a", `${ON} NOLOOP`, "GET k", "SET k 1", "GET k"],
      ["b", "SET k 2"],
      ["c", ON, "GET k"],
      ["a", "GET k", "SET k 3"],
      ["b", "SET k 4"],
    ],
  },
  {
    name: "several clients hear of one key",
    steps: [
      ["a", ON, "GET k"],
      ["c", ON, "GET k"],
      ["b", "SET k 1"],
      ["a", "GET k"],
      ["c", "SET k 2"],
    ],
  },
  {
    name: "a transaction is told of behind the reply of EXEC",
    steps: [
      ["a", ON, "GET k", "MULTI", "SET k 1", "GET k", "SET k 2", "EXEC", "PING"],
      ["a", "MULTI", "GET m", "EXEC"],
      ["b", "MULTI", "SET m 1", "SET k 1", "EXEC"],
    ],
  },
  {
    name: "OPTIN: only what CLIENT CACHING YES comes before",
    steps: [
      ["a", `${ON} OPTIN`, "GET k", "CLIENT TRACKINGINFO"],
      ["b", "SET k 1"],
      ["a", "CLIENT CACHING YES", "CLIENT TRACKINGINFO", "GET k", "GET m"],
      ["b", "SET k 2", "SET m 2"],
      ["a", "CLIENT CACHING YES", "CLIENT GETNAME", "PING", "GET k"],
      ["b", "SET k 3"],
      ["a", "CLIENT CACHING YES", "MULTI", "GET k", "GET m", "EXEC", "GET n"],
      ["b", "SET k 4", "SET m 4", "SET n 4"],
      ["a", "CLIENT CACHING NO", "CLIENT CACHING MAYBE"],
    ],
  },
  {
    name: "OPTOUT: all but what CLIENT CACHING NO comes before",
    steps: [
      ["a", `${ON} OPTOUT`, "CLIENT CACHING NO", "CLIENT TRACKINGINFO", "GET k", "GET m"],
      ["b", "SET k 1", "SET m 1"],
      ["a", "CLIENT CACHING NO", "MULTI", "GET k", "EXEC", "GET m"],
      ["b", "SET k 2", "SET m 2"],
      ["a", "CLIENT CACHING YES"],
    ],
  },
  {
    name: "BCAST: every key, read or not, in one message for what happens at once",
    steps: [
      ["a", `${ON} BCAST`, "CLIENT TRACKINGINFO"],
      ["b", "SET k 1"],
      ["b", "SET a 1", "SET b 1", "SET c 1", "SET a 2"],
      ["a", "SET d 1", "GET d"],
      ["b", "DEL a b"],
    ],
  },
  {
    name: "BCAST with prefixes and NOLOOP",
    steps: [
      ["a", `${ON} BCAST PREFIX user: PREFIX item: NOLOOP`, "CLIENT TRACKINGINFO"],
      ["c", `${ON} BCAST PREFIX user:`],
      ["b", "SET user:1 x", "SET other 1"],
      ["b", "SET item:1 x"],
      ["a", "SET user:2 x"],
      ["a", "SET item:2 x"],
      ["a", `${ON} BCAST PREFIX third:`, "CLIENT TRACKINGINFO"],
      ["b", "SET third:1 x"],
      ["a", "CLIENT TRACKING OFF", "CLIENT TRACKINGINFO"],
      ["b", "SET user:3 x"],
    ],
  },
  {
    name: "flushing is told to everybody who tracks",
    steps: [
      ["a", ON, "GET k"],
      ["c", `${ON} BCAST PREFIX zzz NOLOOP`],
      ["b", "FLUSHALL"],
      ["b", "SET k 1"],
      ["a", "FLUSHDB", "PING"],
      ["c", "FLUSHALL", "PING"],
    ],
  },
  {
    name: "turned off, and on again",
    steps: [
      ["a", ON, "GET k", "CLIENT TRACKING OFF"],
      ["b", "SET k 1"],
      ["a", ON, "CLIENT GETREDIR", "CLIENT TRACKINGINFO", "GET k", "CLIENT TRACKING OFF", "CLIENT GETREDIR"],
      ["a", `${ON} OPTIN`, ON, "CLIENT TRACKINGINFO", "GET k"],
      ["b", "SET k 2"],
    ],
  },
  {
    name: "RESET ends it",
    steps: [
      ["a", ON, "GET k", "RESET", "CLIENT TRACKINGINFO", "PING"],
      ["b", "SET k 1"],
    ],
  },
  {
    name: "RESP2 gets no messages",
    steps: [
      ["b", ON, "GET k", "CLIENT TRACKINGINFO"],
      ["a", "SET k 1"],
      ["b", "GET k", "SET k 2"],
    ],
  },
  {
    name: "messages come even when replies are switched off",
    steps: [
      ["a", ON, "GET k", "GET m", "CLIENT REPLY OFF", "SET m 1", "CLIENT REPLY ON"],
      ["b", "SET k 1"],
    ],
  },
  {
    name: "what is wrong is said",
    steps: [
      ["a", "CLIENT TRACKING", "CLIENT TRACKING MAYBE", `${ON} WHAT`, `${ON} PREFIX`, `${ON} PREFIX a`],
      ["a", `${ON} BCAST OPTIN`, `${ON} OPTIN OPTOUT`, `${ON} BCAST PREFIX a PREFIX ab`],
      ["a", "CLIENT CACHING YES", "CLIENT TRACKINGINFO x", "CLIENT CACHING"],
      ["a", ON, `${ON} BCAST`, "CLIENT CACHING YES", "CLIENT CACHING NO", "CLIENT CACHING MAYBE"],
      ["c", `${ON} BCAST PREFIX a`, `${ON} BCAST PREFIX ab`, `${ON} BCAST PREFIX a`, ON],
      ["a", "CLIENT TRACKING OFF", `${ON} OPTIN`, `${ON} OPTOUT`, "CLIENT TRACKING OFF WHAT"],
    ],
  },
];

/** Returns what each client received, without its greeting. */
async function play(port: number, { steps }: Scenario): Promise<Record<string, string[]>> {
  const a = await FrameClient.connect(port);
  const b = await FrameClient.connect(port);
  const c = await FrameClient.connect(port);
  const clients: Record<string, FrameClient> = { a, b, c };
  try {
    b.send(["FLUSHALL"]);
    for (const client of [a, c]) client.send(HELLO3.split(" "));
    for (const client of [a, b, c]) {
      await client.received(1);
      client.frames.length = 0;
    }
    for (const [name, ...requests] of steps) {
      clients[name]!.send(...requests.map((text) => text.split(" ")));
      // Reads twice: messages caused by another client's last request are on their way when the first round ends.
      for (const client of [clients[name]!, a, b, c]) await client.settled();
    }
    return { a: a.frames, b: b.frames, c: c.frames };
  } finally {
    for (const client of [a, b, c]) client.close();
  }
}

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("tracking as Redis does it"), () => {
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

  for (const scenario of SCENARIOS) {
    test(scenario.name, async () => {
      expect(await play(ours.port, scenario)).toEqual(await play(real.port, scenario));
    });
  }

  test("expiry is reported without a request", async () => {
    for (const port of [ours.port, real.port]) {
      using client = await FrameClient.connect(port);
      client.send(["HELLO", "3"], ["CLIENT", "TRACKING", "ON"], ["SET", "k", "1", "PX", "60"], ["GET", "k"]);
      const frames = await client.received(5);
      expect(frames[4]).toBe(invalidation("k"));
    }
  });
});

function invalidation(...keys: string[]): string {
  const bulks = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join("");
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${bulks}`;
}

describe("tracking", () => {
  test("a key that leaves the bounded table is invalidated", async () => {
    await using server = new LocalServer();
    const { tracking } = server.server;
    using client = await FrameClient.connect(server.port);
    client.send(
      ["HELLO", "3"],
      ["CLIENT", "TRACKING", "ON"],
      ["CONFIG", "SET", "tracking-table-max-keys", "2"],
    );
    await client.received(3);
    client.frames.length = 0;
    client.send(["GET", "a"], ["GET", "b"], ["GET", "c"], ["GET", "a"]);
    expect(await client.received(6)).toEqual([
      "_\r\n",
      "_\r\n",
      "_\r\n",
      invalidation("a"),
      "_\r\n",
      invalidation("b"),
    ]);
    expect(tracking.keyCount).toBe(2);
    client.frames.length = 0;
    client.send(["CONFIG", "SET", "tracking-table-max-keys", "1"]);
    expect(await client.received(2)).toEqual(["+OK\r\n", invalidation("c")]);
    expect(tracking.keyCount).toBe(1);
  });

  test("a bound of 0 means no bound", async () => {
    await using server = new LocalServer();
    const client = await server.client({ version: 3 });
    await client.must("CONFIG", "SET", "tracking-table-max-keys", "0");
    await client.must("CLIENT", "TRACKING", "ON");
    for (let i = 0; i < 100; i++) await client.must("GET", `key${i}`);
    expect(server.server.tracking.keyCount).toBe(100);
    expect(client.pushes).toEqual([]);
  });

  test("counts in INFO and CLIENT LIST", async () => {
    await using server = new LocalServer();
    const one = await server.client({ version: 3 });
    const other = await server.client({ version: 3 });
    const broadcast = await server.client({ version: 3 });
    await one.must("CLIENT", "TRACKING", "ON");
    await other.must("CLIENT", "TRACKING", "ON");
    await broadcast.must("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "PREFIX", "b");
    await one.must("MGET", "x", "y");
    await other.must("MGET", "y", "z");
    const info = String(await one.must("INFO", "stats", "clients"));
    expect(info).toContain("tracking_clients:3\r\n");
    expect(info).toContain("tracking_total_keys:3\r\n");
    expect(info).toContain("tracking_total_items:4\r\n");
    expect(info).toContain("tracking_total_prefixes:2\r\n");
    const list = String(await one.must("CLIENT", "LIST"));
    expect(list.match(/flags=\w+/g)).toEqual(["flags=t", "flags=t", "flags=tB"]);
    broadcast.close();
    await one.must("PING");
    expect(server.server.tracking.prefixCount).toBe(0);
    await one.must("SET", "y", "1");
    expect(server.server.tracking.itemCount).toBe(2);
  });

  test("short-lived clients do not pile up at a key that never changes", async () => {
    await using server = new LocalServer();
    const stays = await server.client({ version: 3 });
    await stays.must("CLIENT", "TRACKING", "ON");
    await stays.must("GET", "hot");
    for (let i = 0; i < 100; i++) {
      const client = await server.client({ version: 3 });
      await client.must("CLIENT", "TRACKING", "ON");
      await client.must("GET", "hot");
      client.close();
      await client.closed;
      await stays.must("PING");
    }
    expect(server.server.tracking.itemCount).toBeLessThan(20);
    expect(server.server.tracking.clientCount).toBe(1);
  });

  test("evicted keys are invalidated", async () => {
    const random = new SeededRandom(1);
    await using server = new LocalServer({
      openEngine: (onRemoval) =>
        new MemoryEngine({
          budgetBytes: 1024 ** 2,
          policy: "fifo",
          whenFull: "evict",
          clock: systemClock,
          random,
          hashKey: { low: 1, high: 0 },
          onRemoval,
        }),
    });
    const reader = await server.client({ version: 3 });
    const writer = await server.client();
    await reader.must("CLIENT", "TRACKING", "ON");
    await writer.must("SET", "first", "x".repeat(1000));
    await reader.must("GET", "first");
    const value = "y".repeat(10_000);
    for (let i = 0; i < 200; i++) await writer.must("SET", `key${i}`, value);
    await reader.must("PING");
    expect(reader.pushes).toEqual([new Push("invalidate", [["first"]])]);
    expect(await reader.must("GET", "first")).toBeNull();
  });

  test("a key that expires during a read is invalidated after the reply", async () => {
    const clock = new ManualClock();
    await using server = new LocalServer({ clock });
    using client = await FrameClient.connect(server.port);
    client.send(
      ["HELLO", "3"],
      ["CLIENT", "TRACKING", "ON", "NOLOOP"],
      ["SET", "k", "1", "PX", "50"],
      ["GET", "k"],
    );
    await client.received(4);
    client.frames.length = 0;
    clock.advance(51);
    client.send(["GET", "k"], ["PING"]);
    expect(await client.received(3)).toEqual(["_\r\n", invalidation("k"), "+PONG\r\n"]);
  });

  test("a client that does not read its messages is cut off at the limit, without harm to others", async () => {
    await using server = new LocalServer({ limits: { replyBytes: 200_000, pausedReplyBytes: 50_000 } });
    const { registry } = server.server;
    const writer = await server.client();
    // The client does not read, so its own buffers and the system's fill up.
    const slow = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: { data() {} },
    });
    slow.pause();
    slow.write(
      "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*4\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n",
    );
    while (server.server.tracking.clientCount === 0) await writer.must("PING");
    const key = "k".repeat(20_000);
    for (let i = 0; registry.outputLimitCount === 0 && i < 20_000; i++) await writer.must("SET", key + i, "");
    expect(registry.outputLimitCount).toBe(1);
    expect(server.server.tracking.clientCount).toBe(0);
    expect(await writer.must("PING")).toBe("PONG");
    slow.terminate();
  });
});
