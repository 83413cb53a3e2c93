import { afterEach, describe, expect, test } from "bun:test";
import { FakeCluster } from "../../test/support/fake-cluster.ts";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { until } from "../../test/support/until.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { systemClock } from "../lib/clock.ts";
import { KeyBytes } from "../lib/key-bytes.ts";
import { ManualTimers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest } from "./callback-request.ts";
import { SlotMap } from "./cluster/slot-map.ts";
import { DiscoveredOrigin } from "./discovered-origin.ts";

/** One or two servers, and an origin at the address of the first. Timers run when the test says so. */
class Bench implements Disposable {
  readonly servers: readonly FakeOrigin[];
  readonly timers = new ManualTimers();
  readonly events: string[] = [];
  readonly origin: DiscoveredOrigin;

  /** @param isCluster whether the servers say that they are nodes of a cluster */
  constructor(isCluster: boolean) {
    this.servers = isCluster ? [new FakeOrigin(), new FakeOrigin()] : [new FakeOrigin()];
    if (isCluster) {
      new FakeCluster(this.servers);
      const greeting = `%1\r\n${bulk("mode")}${bulk("cluster")}`;
      for (const server of this.servers)
        server.script = ([name]) => (name === "HELLO" ? greeting : undefined);
    }
    const { timers } = this;
    const tell = (event: string) => () => {
      this.events.push(event);
    };
    const address = { host: "127.0.0.1", port: this.servers[0]!.port };
    const times = { connectTimeoutMs: 5000, timeoutMs: 5000, heartbeatMs: 100, heartbeatTimeoutMs: 5000 };
    this.origin = new DiscoveredOrigin(
      address,
      (one) => ({
        ...{ address: one, clock: systemClock, timers, random: { next: () => 0 }, pendingBytes: 10_000 },
        ...{ ...times, trackingRetryMs: 10_000 },
      }),
      {
        invalidated: (_node, bytes, start, end) =>
          this.events.push(`invalidated ${latin1(bytes, start, end)}`),
        allInvalidated: tell("all invalidated"),
        ...{ proven: tell("proven"), lost: tell("lost"), silent: tell("silent"), answers: tell("answers") },
        ready: (_node, tracking) => this.events.push(`ready ${tracking}`),
        ...{ clustered: tell("clustered"), moved: tell("moved"), retired: tell("retired") },
      },
      SlotMap.createMemory(),
    );
  }

  count(event: string): number {
    return this.events.filter((one) => one === event).length;
  }

  /** Sends a command to the node of its key, and lets it be redirected. */
  ask(...command: string[]): Promise<string> {
    const connection = this.origin.nodeOf(new KeyBytes().at(utf8(command[1]!))).main();
    writeCommand(connection.out, command);
    return new Promise((resolve) => {
      connection.enqueue(
        new CallbackRequest(
          (bytes, start, end) => resolve(latin1(bytes, start, end)),
          ({ message }) => resolve(message),
          ({ out }) => writeCommand(out, command),
          "main",
        ),
      );
    });
  }

  [Symbol.dispose](): void {
    this.origin.close();
    for (const server of this.servers) server[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function open(isCluster: boolean): Bench {
  const bench = new Bench(isCluster);
  benches.push(bench);
  return bench;
}

test("a server that is no node of a cluster is the origin, and tells its events", async () => {
  const bench = open(false);
  const { origin, servers, timers, events } = bench;
  await until(() => events.includes("ready true"));
  expect(events).toEqual(["proven", "ready true"]);
  expect([origin.redirects, origin.owners.length, origin.nodes.length]).toEqual([false, 1, 1]);
  servers[0]!.main.invalidate("a");
  servers[0]!.main.invalidate(null);
  await until(() => events.includes("all invalidated"));
  timers.advance(100);
  await until(() => bench.count("proven") === 2);
  servers[0]!.dropAll();
  await until(() => events.includes("lost"));
  expect(events.slice(2)).toEqual(["invalidated a", "all invalidated", "proven", "lost"]);
});

describe("a server that says that it is a node of a cluster", () => {
  test("is the way to it: all nodes are found, and the server's own events are over", async () => {
    const bench = open(true);
    const { origin, servers, events } = bench;
    const server = origin.nodes[0]!;
    await until(() => origin.nodes.length === 2 && origin.linkStatus === "up");
    expect(origin.nodes).not.toContain(server);
    expect([origin.redirects, origin.owners.length]).toEqual([true, 16_384]);
    await until(() => server.channel.isClosed);
    expect([bench.count("clustered"), bench.count("ready true"), bench.count("lost")]).toEqual([1, 2, 0]);
    expect(events.indexOf("clustered")).toBeLessThan(events.indexOf("ready true"));
    expect(await bench.ask("SET", "a", "1")).toBe("+OK\r\n");
    expect(servers[1]!.values.get("a")).toBe("1");
    const asked = servers.map((each) => each.count("PING"));
    await new Promise<void>((resolve) => origin.fence(resolve));
    expect(servers.map((each) => each.count("PING"))).toEqual(asked.map((count) => count + 1));
  });

  test("has requests from before sent on to the node that they are for", async () => {
    const bench = open(true);
    expect(await bench.ask("SET", "a", "1")).toBe("+OK\r\n");
    expect(bench.servers.map(({ values }) => values.get("a"))).toEqual([undefined, "1"]);
  });

  /** Finds the cluster while a client has a connection to the server from before. */
  async function withClient() {
    const { origin, servers, timers, events } = open(true);
    const server = origin.nodes[0]!;
    const passed = (): Promise<void> => new Promise((resolve) => server.fence(resolve));
    // The fence behind which the connections from before are closed.
    servers[0]!.holdFrom("PING");
    await until(() => events.includes("clustered"));
    const client = server.dedicated(3, { closed: () => {} });
    servers[0]!.releaseAll();
    await passed();
    return { origin, servers, timers, server, client, passed };
  }

  test("keeps the connections from before until their last reply, and looks each second", async () => {
    const { origin, timers, server, client, passed } = await withClient();
    for (let count = 0; count < 2; count++) {
      timers.advance(1000);
      await passed();
    }
    client.close(origin.lastError);
    timers.advance(999);
    await passed();
    expect(server.channel.isClosed).toBe(false);
    timers.advance(1);
    await until(() => server.channel.isClosed);
  });

  test("leaves nothing open at the end, even while a client has a connection from before", async () => {
    const { origin, servers, timers } = await withClient();
    origin.close();
    await until(() => servers.every(({ openConnections }) => openConnections.length === 0));
    expect(timers.count).toBe(0);
  });
});
