import { afterEach, describe, expect, test } from "bun:test";
import { bulk, type FakeOriginOptions } from "../../../test/support/fake-origin.ts";
import { FakeSentinel, type Place } from "../../../test/support/fake-sentinel.ts";
import { until } from "../../../test/support/until.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ManualTimers, type Timers } from "../../lib/timers.ts";
import { HostAddresses } from "../host-addresses.ts";
import { type Asked, SentinelLink } from "./sentinel-link.ts";

const TIMEOUT_MS = 1000;
const PLACE = { host: "10.0.0.1", port: 6379 };

/** A link to a sentinel, whose time the test decides. Reconnection takes the whole delay. */
class Bench implements Disposable {
  readonly sentinel: FakeSentinel;
  readonly clock = new ManualClock();
  readonly timers = new ManualTimers();
  readonly events: string[] = [];
  /** The delays before the connection is opened again. */
  readonly reconnections: number[] = [];
  /** How often the host's address has been asked for. */
  lookups = 0;
  readonly link: SentinelLink;

  constructor(options: FakeOriginOptions, primary: Place | undefined) {
    this.sentinel = new FakeSentinel("main", primary, options);
    const { clock, events } = this;
    const timers: Timers = {
      after: (delayMs, act) => {
        if (delayMs < TIMEOUT_MS) this.reconnections.push(delayMs);
        return this.timers.after(delayMs, act);
      },
      every: (periodMs, act) => this.timers.every(periodMs, act),
    };
    const address = { host: "localhost", port: this.sentinel.port, database: 3 };
    const times = { connectTimeoutMs: 5000, timeoutMs: TIMEOUT_MS, heartbeatMs: 1, heartbeatTimeoutMs: 1 };
    const hosts = new HostAddresses("localhost", (_name, then) => {
      this.lookups++;
      then(undefined, ["127.0.0.1"]);
    });
    this.link = new SentinelLink(
      "main",
      {
        ...{ address, clock, timers, random: { next: () => 1 }, pendingBytes: 1000, trackingRetryMs: 1 },
        ...{ ...times, hosts },
      },
      { ready: () => events.push("ready"), switched: () => events.push("switched") },
    );
  }

  get name(): string {
    return `localhost:${this.sentinel.port}`;
  }

  ask(): Promise<Asked> {
    return new Promise((resolve) => this.link.ask(resolve));
  }

  async told(event: string, count = 1): Promise<void> {
    await until(() => this.events.filter((one) => one === event).length >= count);
  }

  /** Waits until so many connections there have been, and the link has given the last one up. */
  async ended(count: number): Promise<void> {
    const { origin } = this.sentinel;
    await until(() => origin.connections.length === count && origin.openConnections.length === 0);
  }

  [Symbol.dispose](): void {
    this.link.close();
    this.sentinel[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function open(options: FakeOriginOptions = {}, primary: Place | undefined = PLACE): Bench {
  const bench = new Bench(options, primary);
  benches.push(bench);
  return bench;
}

/** Answers both questions about the primary. */
function telling(place: string, details: string): FakeOriginOptions {
  return {
    script: ([name, subcommand]) => {
      if (name !== "SENTINEL") return undefined;
      return subcommand === "master" ? details : place;
    },
  };
}
const placed = (host: string, port: string): string => `*2\r\n${bulk(host)}${bulk(port)}`;
const epoch = (text: string): string => `%1\r\n${bulk("config-epoch")}${bulk(text)}`;

describe("a sentinel that is asked", () => {
  test("says nothing before it is connected with, and then where the primary is", async () => {
    const bench = open();
    expect(await bench.ask()).toBeUndefined();
    await bench.told("ready");
    expect(await bench.ask()).toEqual({ sentinel: bench.name, primary: { ...PLACE, configEpoch: 1 } });
    const sent = bench.sentinel.origin.commands.map(({ command }) => command.join(" "));
    expect(sent).toEqual([
      ...["HELLO 3", "SUBSCRIBE +switch-master"],
      ...["SENTINEL get-master-addr-by-name main", "SENTINEL master main"],
    ]);
  });

  test.each([
    ["1", 1],
    ["65535", 65_535],
    ["0", undefined],
    ["65536", undefined],
    ["1.5", undefined],
    ["a", undefined],
  ])("may name the port %s: %p", async (text, port) => {
    const bench = open(telling(placed("a", text), epoch("1")));
    await bench.told("ready");
    const asked = await bench.ask();
    if (port !== undefined) expect(asked).toMatchObject({ primary: { host: "a", port } });
    else expect(asked).toBe(`${bench.name} names a primary in a form that is not understood`);
  });

  test.each([
    ["an empty host", placed("", "1"), "names a primary in a form that is not understood"],
    ["no list", "+OK\r\n", "names a primary in a form that is not understood"],
    ["no primary", "_\r\n", 'does not know "main"'],
    ["an error", "-ERR no\r\n", "does not tell the primary: ERR no"],
    ["an error of a server", "-ERR Unknown Command\r\n", "is not a sentinel: ERR Unknown Command"],
  ])("with %s does not name the primary", async (_, place, problem) => {
    const bench = open(telling(place, epoch("1")));
    await bench.told("ready");
    expect(await bench.ask()).toBe(`${bench.name} ${problem}`);
  });

  test.each([
    [epoch("7"), 7],
    [epoch("x"), 0],
    ["%0\r\n", 0],
    ["-NOPERM no\r\n", 0],
  ])("tells the epoch by %j", async (details, configEpoch) => {
    const bench = open(telling(placed("a", "1"), details));
    await bench.told("ready");
    expect(await bench.ask()).toMatchObject({ primary: { configEpoch } });
  });

  test("and is lost meanwhile says so, then and later", async () => {
    const bench = open();
    await bench.told("ready");
    bench.sentinel.origin.holdFrom("SENTINEL");
    const asked = bench.ask();
    await bench.sentinel.origin.received(2, "SENTINEL");
    bench.sentinel.origin.openConnections[0]!.end();
    const problem = `connection to sentinel ${bench.name} was lost: the origin closed the connection`;
    expect(await asked).toBe(problem);
    expect(await bench.ask()).toBe(problem);
  });

  test("for a password says which one is meant", async () => {
    const bench = open({ password: "secret" });
    await bench.ended(1);
    expect(await bench.ask()).toBe(
      `sentinel ${bench.name} refused the credentials: NOAUTH HELLO must be called with the client already ` +
        "authenticated (its own are ?sentinel-user=…&sentinel-password=…)",
    );
  });
});

describe("messages of a sentinel", () => {
  test("are of interest if they are about a switch of this primary", async () => {
    const bench = open();
    await bench.told("ready");
    const [stream] = bench.sentinel.origin.connections;
    bench.sentinel.publish("other a 1 b 2");
    bench.sentinel.publish("mainly a 1 b 2");
    for (const [kind, channel] of [
      ["message", "+odown"],
      ["unsubscribe", "+switch-master"],
    ] as const) {
      stream!.send(`>3\r\n${bulk(kind)}${bulk(channel)}${bulk("main a 1 b 2")}`);
    }
    await bench.ask();
    expect(bench.events).toEqual(["ready"]);
    bench.sentinel.publish("main a 1 b 2");
    await bench.told("switched");
    expect(bench.events).toEqual(["ready", "switched"]);
  });
});

describe("a connection that the link gives up", () => {
  test("is opened again after a delay, which doubles with each failure until it works", async () => {
    const bench = open({ script: ([name]) => (name === "SUBSCRIBE" ? "-NOPERM no\r\n" : undefined) });
    const { sentinel, timers } = bench;
    for (const [index, delayMs] of [100, 200].entries()) {
      await bench.ended(index + 1);
      expect(await bench.ask()).toBe(`${bench.name} refused SUBSCRIBE +switch-master: NOPERM no`);
      timers.advance(delayMs);
      await sentinel.origin.received(index + 2, "SUBSCRIBE");
    }
    await bench.ended(3);
    sentinel.origin.script = undefined;
    timers.advance(400);
    await bench.told("ready");
    expect(await bench.ask()).toMatchObject({ primary: PLACE });
    sentinel.origin.script = ([name]) => (name === "SENTINEL" ? "?\r\n" : undefined);
    expect(await bench.ask()).toContain("malformed reply");
    await bench.ended(4);
    sentinel.origin.holdFrom("SUBSCRIBE");
    timers.advance(100);
    await sentinel.origin.received(5, "SUBSCRIBE");
    expect(await bench.ask()).toContain("malformed reply");
    sentinel.origin.releaseAll();
    await bench.told("ready", 2);
    // The name may stand for another address by then.
    expect(bench.lookups).toBe(5);
    expect(bench.reconnections).toEqual([100, 200, 400, 100]);
  });

  test("by its own end is not opened again", async () => {
    const bench = open();
    await bench.told("ready");
    bench.link.close();
    expect(bench.timers.count).toBe(0);
    const waiting = open({ hello: "unknown" });
    await waiting.ended(1);
    expect(await waiting.ask()).toContain("does not speak RESP3: ERR unknown command `HELLO`");
    expect(waiting.timers.count).toBe(1);
    waiting.link.close();
    expect(waiting.timers.count).toBe(0);
  });
});
