import { afterEach, describe, expect, test } from "bun:test";
import { ManualClock, systemClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { ManualTimers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import type { ChannelOptions } from "./channel.ts";
import { ask, type FakeServerOptions, OriginBench, type OriginUnderTest } from "./origin-bench-fixture.ts";

/** Tests that every kind of origin must pass. */
export function describeOrigin(name: string, kind: OriginUnderTest): void {
  const benches: OriginBench[] = [];
  afterEach(() => {
    for (const bench of benches.splice(0)) bench[Symbol.dispose]();
  });

  function open(server: FakeServerOptions = {}, options: Partial<ChannelOptions> = {}): OriginBench {
    const bench = new OriginBench(kind, server, options);
    benches.push(bench);
    return bench;
  }

  async function opened(
    server: FakeServerOptions = {},
    options: Partial<ChannelOptions> = {},
  ): Promise<OriginBench> {
    const bench = open(server, options);
    for (const index of bench.indexes) await bench.told(index, `ready ${server.tracking ?? true}`);
    return bench;
  }

  const indexes = kind.keys.map((_, index) => index);
  /** For tests about one node. Each is run once per node; the others must not notice. */
  const eachNode = test.each(indexes);

  describe(name, () => {
    describe("nodes", () => {
      test("each have a part of the keys", async () => {
        const bench = await opened();
        const { origin } = bench;
        expect(origin.nodes).toHaveLength(kind.nodeCount);
        const found = bench.indexes.map((index) => bench.node(index));
        expect(new Set(found)).toEqual(new Set(origin.nodes));
        expect(bench.indexes.map((index) => bench.node(index))).toEqual(found);
        expect(origin.nodes).toContain(origin.anyNode());
      });

      eachNode("get what concerns their keys, over each kind of connection (node %d)", async (index) => {
        const bench = await opened();
        const node = bench.node(index);
        const connections = [node.main(), node.side(2), node.side(3), node.single(2)];
        connections.push(node.dedicated(2, { closed() {} }), node.dedicated(3, { closed() {} }));
        const key = kind.keys[index]!;
        for (const [at, connection] of connections.entries()) {
          expect(await ask(connection, "SET", key, String(at))).toBe("+OK\r\n");
          expect(bench.servers.map(({ values }) => values.get(key))).toEqual(
            bench.indexes.map((other) => (other === index ? String(at) : undefined)),
          );
        }
      });
    });

    describe("invalidations", () => {
      eachNode("are told in their place among the replies, of their node (%d)", async (index) => {
        const bench = await opened();
        const { main } = bench.servers[index]!;
        main.hold();
        const replies = ["a", "b"].map(async (key) => {
          await ask(bench.node(index).main(), "GET", key);
          bench.events.push(`reply ${key}`);
        });
        await bench.servers[index]!.received(1, "GET", "b");
        main.invalidate(["x", "y"], 1);
        main.invalidate(null);
        main.release();
        await Promise.all(replies);
        await bench.told(index, "all invalidated");
        expect(bench.later).toEqual([
          `${index} invalidated x`,
          `${index} invalidated y`,
          `${index} all invalidated`,
          "reply a",
          "reply b",
        ]);
      });

      eachNode("that are malformed end the channel (node %d)", async (index) => {
        const bench = await opened();
        bench.servers[index]!.main.send(">1\r\n$10\r\ninvalidate\r\n");
        await bench.told(index, "lost ORIGINPROTOCOL");
        await bench.told(index, "ready true", 2);
        expect(bench.later).toEqual([`${index} lost ORIGINPROTOCOL`, `${index} ready true`]);
      });

      eachNode("of other kinds are of no interest (node %d)", async (index) => {
        const bench = await opened();
        bench.servers[index]!.main.send(">2\r\n+server-cpu-usage\r\n:99\r\n");
        expect(await ask(bench.node(index).main(), "PING")).toBe("+PONG\r\n");
        expect(bench.later).toEqual([]);
      });
    });

    describe("a fence", () => {
      eachNode(
        "of a node is passed behind its invalidations, in order, by one round trip (%d)",
        async (index) => {
          const bench = await opened();
          const server = bench.servers[index]!;
          const node = bench.node(index);
          server.main.hold();
          for (const text of ["first", "second", "third"]) node.fence(() => bench.events.push(text));
          await server.received(1, "PING");
          expect(bench.servers.map((each) => each.count("PING"))).toEqual(
            bench.indexes.map((other) => (other === index ? 1 : 0)),
          );
          node.fence(() => bench.events.push("fourth"));
          await server.received(2, "PING");
          server.main.invalidate("x", 0);
          server.main.release(2);
          await bench.until(() => bench.events.includes("third"));
          expect(bench.later).toEqual([`${index} invalidated x`, "first", "second", "third"]);
          server.main.release();
          await bench.until(() => bench.events.includes("fourth"));
        },
      );

      eachNode("of all nodes is passed behind the invalidations of the last (%d)", async (index) => {
        const bench = await opened();
        const server = bench.servers[index]!;
        server.main.hold();
        for (const text of ["first", "second"]) bench.origin.fence(() => bench.events.push(text));
        for (const each of bench.servers) await each.received(1, "PING");
        // The other nodes have answered both fences, which must still wait.
        for (const other of bench.origin.nodes) {
          if (other !== bench.node(index)) await ask(other.main(), "PING");
        }
        server.main.invalidate("x", 0);
        server.main.release(1);
        await bench.told(index, "invalidated x");
        expect(bench.later).toEqual([`${index} invalidated x`]);
        server.main.release();
        await bench.until(() => bench.events.includes("second"));
        expect(bench.later).toEqual([`${index} invalidated x`, "first", "second"]);
        for (const [other, each] of bench.servers.entries()) {
          expect(each.count("PING")).toBe(other === index ? 1 : 2);
        }
      });

      test("waits while it is not known yet whether there will be invalidations", async () => {
        const bench = open({ script: () => "" });
        let isThrough = false;
        bench.origin.fence(() => {
          isThrough = true;
        });
        for (const server of bench.servers) {
          await server.received(1, "PING");
          expect(isThrough).toBe(false);
          server.connections[0]!.send(`%0\r\n${"+OK\r\n".repeat(5)}+PONG\r\n`);
        }
        await bench.until(() => isThrough);
      });

      test("stands open where there are no invalidations", async () => {
        const bench = await opened({ tracking: false });
        await new Promise<void>((resolve) => bench.origin.fence(resolve));
        for (const node of bench.origin.nodes) await new Promise<void>((resolve) => node.fence(resolve));
        expect(bench.servers.map((server) => server.count("PING"))).toEqual(bench.indexes.map(() => 0));
      });

      eachNode(
        "is passed when the channel is lost, after the loss has been told (node %d)",
        async (index) => {
          const bench = await opened();
          const server = bench.servers[index]!;
          server.main.hold();
          bench.origin.fence(() => bench.events.push("of all"));
          bench.node(index).fence(() => bench.events.push("of the node"));
          await server.received(1, "PING");
          server.goDown();
          await bench.until(() => bench.later.length >= 3);
          expect(bench.later[0]).toBe(`${index} lost ORIGINDOWN`);
          await bench.until(() => bench.later.includes("of all") && bench.later.includes("of the node"));
          await new Promise<void>((resolve) => bench.node(index).fence(resolve));
        },
      );

      eachNode("that gets no answer gives up the channel (node %d)", async (index) => {
        const bench = await opened({}, { timeoutMs: 20 });
        bench.servers[index]!.script = ([command]) => (command === "PING" ? ">1\r\n+news\r\n" : undefined);
        await new Promise<void>((resolve) => bench.origin.fence(resolve));
        expect(bench.later[0]).toBe(`${index} lost ORIGINTIMEOUT`);
      });
    });

    describe("proof", () => {
      eachNode("reaches up to the bound from when a beat was sent (node %d)", async (index) => {
        const clock = new ManualClock();
        const bench = await opened({}, { clock, heartbeatMs: 5, heartbeatTimeoutMs: 1000 });
        const { channel } = bench.node(index);
        const server = bench.servers[index]!;
        expect(bench.origin.stalenessBoundMs).toBe(1005);
        expect(bench.origin.provenUntilMs).toBe(1005);
        server.main.hold();
        await server.received(server.count(kind.beat) + 1, kind.beat);
        const provenUntilMs = channel.provenUntilMs;
        clock.advance(300);
        // Heartbeats of the other nodes since then.
        for (const other of bench.servers) {
          if (other !== server) await other.received(other.count(kind.beat) + 2, kind.beat);
        }
        expect(channel.provenUntilMs).toBe(provenUntilMs);
        expect(bench.origin.provenUntilMs).toBe(provenUntilMs);
        server.main.release();
        await bench.until(() => channel.provenUntilMs === 1305);
        await bench.until(() => bench.origin.provenUntilMs === 1305);
        expect(bench.proofs[index]).toBe(1305);
      });

      test("is not needed where nodes send no invalidations", async () => {
        const bench = await opened({ tracking: false });
        expect(bench.origin.tracking).toBe(false);
        expect(bench.origin.provenUntilMs).toBe(Number.POSITIVE_INFINITY);
      });
    });

    describe("tracking", () => {
      test("is known as soon as a node has said so: the others have answered nothing yet", async () => {
        const bench = open({ script: () => "" });
        expect(bench.origin.tracking).toBeUndefined();
        expect(bench.origin.linkStatus).toBe("down");
        for (const [index, server] of bench.servers.entries()) {
          await server.received(1, "CLIENT", "TRACKING");
          expect(bench.origin.tracking).toBe(index === 0 ? undefined : true);
          server.connections[0]!.send(`%0\r\n${"+OK\r\n".repeat(5)}`);
          await bench.told(index, "ready true");
        }
        expect(bench.origin.tracking).toBe(true);
        expect(bench.origin.linkStatus).toBe("up");
      });

      eachNode("that one node does not do is not there (node %d)", async (index) => {
        const bench = await opened();
        const server = bench.servers[index]!;
        server.options = { tracking: false };
        server.dropAll();
        await bench.told(index, "ready false");
        expect(bench.origin.tracking).toBe(false);
        expect(bench.origin.nodes.map(({ channel }) => channel.tracking)).toEqual(
          bench.origin.nodes.map((node) => node !== bench.node(index)),
        );
      });
    });

    describe("a node that is lost", () => {
      eachNode("is told of, and the others go on (node %d)", async (index) => {
        const bench = await opened();
        bench.servers[index]!.goDown();
        await bench.told(index, "lost ORIGINDOWN");
        const node = bench.node(index);
        expect(node.channel.status).toBe("down");
        expect(bench.origin.linkStatus).toBe("down");
        expect(() => node.main()).toThrow("was lost");
        expect(bench.origin.lastError.message).toContain("was lost");
        // Nothing fetched from it is left that could miss an invalidation.
        expect(node.channel.provenUntilMs).toBe(Number.POSITIVE_INFINITY);
        for (const other of bench.origin.nodes) {
          if (other === node) continue;
          expect(other.channel.status).toBe("up");
          expect(await ask(other.main(), "PING")).toBe("+PONG\r\n");
          expect(bench.origin.provenUntilMs).toBe(other.channel.provenUntilMs);
        }
        expect(bench.later.every((event) => event.startsWith(`${index} lost`))).toBe(true);
      });

      eachNode("is tried again and again, ever later, until it is back (node %d)", async (index) => {
        // Jitter of a hundredth, so that the test sees many attempts.
        const random = new SeededRandom(7);
        const bench = await opened({}, { random: { next: () => random.next() / 100 } });
        const server = bench.servers[index]!;
        server.goDown();
        await bench.told(index, "lost ORIGINDOWN", 8);
        expect(() => bench.node(index).main()).toThrow("cannot be reached: connection refused");
        server.comeBack();
        await bench.told(index, "ready true", 2);
        expect(bench.origin.linkStatus).toBe("up");
        const attempts = bench.draws;
        expect(attempts).toBeGreaterThanOrEqual(8);
        expect(bench.later).toEqual([
          ...Array.from({ length: attempts }, () => `${index} lost ORIGINDOWN`),
          `${index} ready true`,
        ]);
        // A success makes the next delays short again.
        server.dropAll();
        await bench.told(index, "ready true", 3);
        expect(bench.draws).toBe(attempts + 1);
      });

      eachNode("has no connection for a request that fails with it (node %d)", async (index) => {
        const bench = await opened({ script: ([command]) => (command === "GET" ? "" : undefined) });
        const second = ask(bench.node(index).main(), "GET", "a").catch(() => {
          try {
            bench.node(index).main();
            return "a connection";
          } catch (error) {
            return error;
          }
        });
        await bench.servers[index]!.received(1, "GET");
        bench.servers[index]!.dropAll();
        expect(await second).toMatchObject({ code: "ORIGINDOWN", maybeExecuted: false });
        expect(String(await second)).toContain("was lost");
      });
    });

    eachNode("a node that is silent is told of, and vouches for nothing (node %d)", async (index) => {
      const quick = { heartbeatMs: 5, heartbeatTimeoutMs: 40 };
      const bench = await opened({}, { ...quick, timeoutMs: 60_000, connectTimeoutMs: 60_000 });
      const server = bench.servers[index]!;
      server.goSilent();
      const write = ask(bench.node(index).main(), "SET", "a", "1");
      await bench.told(index, "silent 40");
      expect(bench.origin.linkStatus).toBe("silent");
      expect(bench.origin.provenUntilMs).toBeLessThan(systemClock.monotonicMs());
      for (const other of bench.origin.nodes) {
        if (other !== bench.node(index)) expect(await ask(other.main(), "PING")).toBe("+PONG\r\n");
      }
      server.speakAgain();
      expect(await write).toBe("+OK\r\n");
      await bench.told(index, "answers");
      await bench.until(() => bench.origin.provenUntilMs > systemClock.monotonicMs());
      expect(bench.origin.linkStatus).toBe("up");
      const forgotten = kind.forgetsInSilence ? [`${index} all invalidated`] : [];
      expect(bench.later).toEqual([`${index} silent 40`, ...forgotten, `${index} answers`]);
    });

    describe("connections beside the main one", () => {
      eachNode(
        "are shared by RESP version, and opened again when they have ended (node %d)",
        async (index) => {
          const bench = await opened();
          const node = bench.node(index);
          const { nodeCount } = kind;
          expect(node.side(2)).toBe(node.side(2));
          expect(node.side(3)).not.toBe(node.side(2));
          expect(await ask(node.side(2), "GET", "a")).toBe("$-1\r\n");
          expect(await ask(node.side(3), "GET", "a")).toBe("_\r\n");
          expect(bench.origin.connectionCounts.shared).toBe(nodeCount + 2);
          bench.servers[index]!.connections[1]!.drop();
          await bench.until(() => bench.origin.connectionCounts.shared === nodeCount + 1);
          expect(await ask(node.side(2), "GET", "a")).toBe("$-1\r\n");
          expect(bench.later).toEqual([]);
        },
      );

      eachNode(
        "are kept for the next client of the node when given back, up to a number (%d)",
        async (index) => {
          const bench = await opened();
          const { origin } = bench;
          const node = bench.node(index);
          const shared = kind.nodeCount;
          const own = node.dedicated(2, { closed: () => {} });
          await ask(own, "PING");
          expect(origin.connectionCounts).toEqual({ shared, dedicated: 1, idle: 0 });
          node.giveBack(own, 2);
          expect(origin.connectionCounts).toEqual({ shared, dedicated: 0, idle: 1 });
          for (const other of origin.nodes) {
            const version = other === node ? 3 : 2;
            expect(other.dedicated(version, { closed: () => {} })).not.toBe(own);
          }
          expect(node.dedicated(2, { closed: () => {} })).toBe(own);
          const many = Array.from({ length: 80 }, () => node.dedicated(2, { closed: () => {} }));
          await Promise.all(many.map((connection) => ask(connection, "PING")));
          for (const connection of many) node.giveBack(connection, 2);
          expect(origin.connectionCounts.idle).toBe(64);
        },
      );

      eachNode(
        "are not given again when they have ended, or said what nobody asked for (node %d)",
        async (index) => {
          const bench = await opened();
          const node = bench.node(index);
          const own = [1, 2, 3].map(() => node.dedicated(2, { closed: () => {} }));
          await Promise.all(own.map((connection) => ask(connection, "PING")));
          for (const connection of own) node.giveBack(connection, 2);
          const [, first, second] = bench.servers[index]!.connections;
          first!.drop();
          second!.send("+unasked\r\n");
          await bench.until(() => bench.origin.connectionCounts.idle === 1);
          expect(node.dedicated(2, { closed: () => {} })).toBe(own[2]!);
        },
      );

      eachNode("outlive the main one, but for those that nobody waits for (node %d)", async (index) => {
        const bench = await opened();
        const node = bench.node(index);
        const server = bench.servers[index]!;
        const own = node.dedicated(3, { closed: () => bench.events.push("own closed") });
        const idle = node.dedicated(2, { closed: () => {} });
        const side = node.side(2);
        await Promise.all([ask(own, "PING"), ask(idle, "PING"), ask(side, "PING")]);
        node.giveBack(idle, 2);
        const { main } = server;
        server.holdFrom("HGETALL");
        const late = ask(side, "HGETALL", "a");
        await server.received(1, "HGETALL");
        main.drop();
        await bench.told(index, "ready true", 2);
        expect(node.side(2)).not.toBe(side);
        server.releaseAll();
        expect(await late).toBe("+OK\r\n");
        expect(await ask(own, "PING")).toBe("+PONG\r\n");
        expect(bench.later).toEqual([`${index} lost ORIGINDOWN`, `${index} ready true`]);
        // The connection that was shared has no requests left.
        await server.until(() => server.openConnections.length === 3);
        expect(bench.origin.connectionCounts).toEqual({ shared: kind.nodeCount + 1, dedicated: 1, idle: 0 });
      });

      eachNode("that are refused by themselves do not concern the main one (node %d)", async (index) => {
        const bench = await opened();
        bench.servers[index]!.options = { password: "changed" };
        await expect(ask(bench.node(index).side(3), "PING")).rejects.toMatchObject({ code: "ORIGINAUTH" });
        expect(bench.later).toEqual([]);
      });
    });

    eachNode("a node that does not read is not sent more than may wait (%d)", async (index) => {
      const bench = await opened({}, { pendingBytes: 1000 });
      const node = bench.node(index);
      for (const connection of [node.main(), node.side(2)]) {
        writeCommand(connection.out, ["SET", "a", "x".repeat(1000)]);
      }
      const message = `origin ${node.name} does not keep up: 1000 bytes of requests wait`;
      expect(() => node.main()).toThrow(message);
      expect(() => node.side(2)).toThrow(message);
      for (const other of bench.origin.nodes) if (other !== node) expect(other.main().accepts).toBe(true);
    });

    test("an origin that is closed has no connections, and leaves no timers", async () => {
      const timers = new ManualTimers();
      const bench = await opened({}, { timers });
      // One of the nodes is waiting to reconnect.
      bench.servers[0]!.goDown();
      await bench.told(0, "lost ORIGINDOWN");
      expect(timers.count).toBeGreaterThanOrEqual(kind.nodeCount);
      bench.origin.close();
      expect(timers.count).toBe(0);
      expect(bench.origin.connectionCounts).toEqual({ shared: 0, dedicated: 0, idle: 0 });
      for (const node of bench.origin.nodes) {
        expect(() => node.main()).toThrow();
        expect(() => node.side(2)).toThrow();
      }
    });
  });
}
