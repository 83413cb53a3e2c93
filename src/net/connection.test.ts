import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteClient } from "../../test/support/byte-client.ts";
import { push, ScriptedService } from "../../test/support/scripted-service.ts";
import { until } from "../../test/support/until.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { ManualClock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { ManualTimers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import type { Connection } from "./connection.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

/** Requests as bytes, words parted by spaces. */
function requests(...texts: string[]): Uint8Array {
  const out = new ByteBuffer();
  for (const text of texts) writeCommand(out, text.split(" "));
  return out.view();
}

/** A log that keeps warnings. */
function keeping(warnings: string[]): Log {
  return { ...silentLog, warn: (text: string | object) => warnings.push(String(text)) };
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** A request and its reply on another connection, several times: whatever was on its way has arrived. */
async function roundTrips(service: ScriptedService, count = 10): Promise<void> {
  using client = await ByteClient.connect(service.port);
  const reply = bulk("here");
  for (let i = 1; i <= count; i++) {
    client.send(requests("ECHO here"));
    await client.bytes(i * reply.length);
  }
}

describe("the order of replies", () => {
  test("stays that of the requests, whatever order they are answered in", async () => {
    using service = new ScriptedService();
    const scripts = fc.array(fc.constantFrom("ECHO", "DEFER", "SETTLE", "PUSH"), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(scripts, fc.infiniteStream(fc.nat()), async (kinds, choices) => {
        using client = await ByteClient.connect(service.port);
        service.executed.length = 0;
        const texts = kinds.map((kind, index) => `${kind} reply-${index}`);
        const expected = kinds
          .map((kind, index) => {
            // RESP2 writes a push as an array.
            return kind === "PUSH" ? `+OK\r\n*1\r\n${bulk(`reply-${index}`)}` : bulk(`reply-${index}`);
          })
          .join("");
        client.send(requests(...texts));
        await until(() => service.executed.length === kinds.length);
        while (service.tickets.size + service.settlements.length > 0) {
          const names = [...service.tickets.keys()];
          const choice = choices.next().value % (names.length + service.settlements.length);
          if (choice < names.length) service.finish(names[choice]!);
          else service.settlements.splice(choice - names.length, 1)[0]!.resolve();
          if (choices.next().value % 3 === 0) await Bun.sleep(0);
          expect(expected.startsWith(client.text)).toBe(true);
        }
        expect(await client.bytes(expected.length)).toBe(expected);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test("is kept among clients that share the buffer of their replies", async () => {
    using service = new ScriptedService();
    using one = await ByteClient.connect(service.port);
    using other = await ByteClient.connect(service.port);
    one.send(requests("ECHO a", "DEFER b", "ECHO c"));
    other.send(requests("DEFER d", "ECHO e"));
    await until(() => service.executed.length === 5);
    service.finish("d");
    service.finish("b");
    expect(await one.bytes(21)).toBe(bulk("a") + bulk("b") + bulk("c"));
    expect(await other.bytes(14)).toBe(bulk("d") + bulk("e"));
  });

  test("a reply written in pieces goes out as it comes, when it is its turn", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("DEFER first", "DEFER long", "ECHO last"));
    await until(() => service.executed.length === 3);
    const ticket = service.tickets.get("long")!;
    ticket.reply.array(2);
    ticket.reply.bulkText("one");
    expect(ticket.flush()).toBeUndefined();
    await roundTrips(service);
    expect(client.text).toBe("");
    service.finish("first");
    ticket.flush();
    const begun = `${bulk("first")}*2\r\n${bulk("one")}`;
    expect(await client.bytes(begun.length)).toBe(begun);
    ticket.reply.bulkText("two");
    ticket.done();
    const whole = begun + bulk("two") + bulk("last");
    expect(await client.bytes(whole.length)).toBe(whole);
  });
});

describe("errors", () => {
  test("what a session throws is the reply, without what was written before", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("ECHO a", "THROW broken", "ECHO b"));
    const expected = `${bulk("a")}-ERR broken\r\n${bulk("b")}`;
    expect(await client.bytes(expected.length)).toBe(expected);
  });

  test("thrown behind a ticket, earlier replies are not sent twice", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("ECHO a", "LATE-THROW x"));
    await until(() => service.executed.length === 2);
    service.finish("x");
    const expected = `${bulk("a")}${bulk("x")}-ERR x\r\n`;
    expect(await client.bytes(expected.length)).toBe(expected);
  });

  test("replies that cannot be confirmed become one error, and the end", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("ECHO a", "DEFER b", "SETTLE c", "ECHO d", "DEFER e", "ECHO f"));
    await until(() => service.executed.length === 6);
    client.send(requests("SETTLE g"));
    await until(() => service.executed.length === 7);
    service.finish("b");
    service.settlements[0]!.reject(new Error("the disk is full"));
    service.finish("e");
    expect(await client.rest()).toBe(`${bulk("a")}${bulk("b")}-MISCONF the disk is full\r\n`);
    service.settlements[1]!.resolve();
    await until(() => service.closedCount === 1);
  });

  test("a broken protocol is told, even to a client that goes on sending", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("ECHO a"));
    client.send("*1\r\n!oops\r\n");
    client.send("x".repeat(5_000_000));
    expect(await client.rest()).toBe(`${bulk("a")}-ERR Protocol error: expected '$', got '!'\r\n`);
    expect(service.executed).toEqual(["ECHO"]);
  });

  test("a client that broke the protocol and neither reads nor goes is cut off", async () => {
    const clock = new ManualClock();
    using service = new ScriptedService({ clock });
    using client = await ByteClient.connect(service.port);
    client.send("*1\r\n!oops\r\n");
    await client.rest();
    await roundTrips(service);
    const [connection] = service.connections as [Connection];
    expect(connection.isClosed).toBe(false);
    clock.advance(2_001);
    await until(() => connection.isClosed);
  });

  test("bytes that ask for nothing are not answered", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send("*0\r\n\r\n*-1\r\n");
    client.send(requests("ECHO a"));
    expect(await client.bytes(7)).toBe(bulk("a"));
    expect(service.executed).toEqual(["ECHO"]);
  });
});

describe("a client that does not read", () => {
  test("is not served further, costs bounded memory, and gets everything when it reads again", async () => {
    const pausedReplyBytes = 100_000;
    using service = new ScriptedService({ limits: { pausedReplyBytes } });
    using client = await ByteClient.connect(service.port);
    client.pause();
    const count = 3_000;
    const sizeBytes = 10_000;
    const batch = requests(...Array.from({ length: count }, () => `BIG ${sizeBytes}`));
    client.send(batch);
    await until(() => (service.connections[0]?.waitingReplyBytes ?? 0) > pausedReplyBytes);
    const [connection] = service.connections as [Connection];
    const executed = service.executed.length;
    await roundTrips(service);
    expect(service.executed.filter((name) => name === "BIG").length).toBe(executed);
    expect(executed).toBeLessThan(count);
    // As much may wait to be sent, and as much again was being written when that was noticed.
    expect(connection.waitingReplyBytes).toBeLessThan(2 * (pausedReplyBytes + sizeBytes));
    expect(connection.bufferedRequestBytes).toBeLessThanOrEqual(batch.length);
    client.resume();
    const reply = sizeBytes + bulk("x".repeat(sizeBytes)).length - sizeBytes;
    expect((await client.bytes(count * reply)).length).toBe(count * reply);
    expect(connection.waitingReplyBytes).toBe(0);
    expect(connection.bufferedRequestBytes).toBe(0);
  });

  test("is not read either once enough of its requests wait", async () => {
    using service = new ScriptedService({ limits: { pausedReplyBytes: 10_000 } });
    using client = await ByteClient.connect(service.port);
    client.send(requests("HOLD"));
    await client.bytes(5);
    const [connection] = service.connections as [Connection];
    const echo = requests("ECHO hello");
    const count = 300_000;
    const batch = Buffer.alloc(echo.length * count);
    for (let i = 0; i < count; i++) batch.set(echo, i * echo.length);
    client.send(batch);
    await until(() => connection.bufferedRequestBytes > 0);
    let before = -1;
    while (before !== connection.bufferedRequestBytes) {
      before = connection.bufferedRequestBytes;
      await roundTrips(service);
    }
    // What the socket delivers at once comes on top of the bound.
    expect(connection.bufferedRequestBytes).toBeLessThan(1_000_000);
    connection.release();
    const expected = 5 + count * bulk("hello").length;
    expect((await client.bytes(expected)).length).toBe(expected);
  });

  test("is cut off when messages for it pile up", async () => {
    const warnings: string[] = [];
    using service = new ScriptedService({
      limits: { replyBytes: 300_000, pausedReplyBytes: 100_000 },
      log: keeping(warnings),
    });
    using client = await ByteClient.connect(service.port);
    client.pause();
    client.send(requests("ECHO a"));
    await until(() => service.executed.length === 1);
    const [connection] = service.connections as [Connection];
    const text = "m".repeat(50_000);
    for (let i = 0; i < 10_000 && !connection.isClosed; i++) {
      push(connection, text);
      await Promise.resolve();
    }
    expect(service.registry.outputLimitCount).toBe(1);
    expect(warnings).toEqual([
      `closed the connection of ${connection.remoteAddress}: it leaves more than 293 KB of replies unread ` +
        "(--max-pending-replies)",
    ]);
    await until(() => service.closedCount === 1);
    expect(service.registry.size).toBe(0);
  });

  test("is waited for by who writes a reply in pieces", async () => {
    using service = new ScriptedService({ limits: { pausedReplyBytes: 50_000 } });
    using client = await ByteClient.connect(service.port);
    client.pause();
    client.send(requests("DEFER long"));
    await until(() => service.executed.length === 1);
    const ticket = service.tickets.get("long")!;
    const piece = "p".repeat(100_000);
    let pieces = 0;
    let waiting: Promise<void> | undefined;
    while (waiting === undefined) {
      ticket.reply.bulkText(piece);
      pieces++;
      waiting = ticket.flush();
    }
    expect(service.connections[0]!.waitingReplyBytes).toBeLessThan(200_000);
    client.resume();
    await waiting;
    ticket.done();
    const expected = pieces * bulk(piece).length;
    expect((await client.bytes(expected)).length).toBe(expected);
  });

  test("nobody waits for one that has gone", async () => {
    using service = new ScriptedService({ limits: { pausedReplyBytes: 50_000 } });
    using client = await ByteClient.connect(service.port);
    client.pause();
    client.send(requests("DEFER long"));
    await until(() => service.executed.length === 1);
    const ticket = service.tickets.get("long")!;
    let waiting: Promise<void> | undefined;
    while (waiting === undefined) {
      ticket.reply.bulkText("p".repeat(100_000));
      waiting = ticket.flush();
    }
    client.close();
    await waiting;
    expect(ticket.flush()).toBeUndefined();
    ticket.done();
    expect(service.closedCount).toBe(1);
  });

  test("is cut off at last when it was to end", async () => {
    const clock = new ManualClock();
    using service = new ScriptedService({ clock });
    using client = await ByteClient.connect(service.port);
    client.pause();
    client.send(requests(...Array.from({ length: 30 }, () => "BIG 1000000"), "QUIT"));
    await until(() => (service.connections[0]?.waitingReplyBytes ?? 0) > 1_000_000);
    service.connections[0]!.closeAfterReplies();
    await roundTrips(service);
    expect(service.connections[0]!.isClosed).toBe(false);
    clock.advance(10_001);
    await until(() => service.connections[0]!.isClosed);
  });
});

describe("limits", () => {
  test("connections: one more gets an error and is closed", async () => {
    const warnings: string[] = [];
    using service = new ScriptedService({ limits: { connections: 2 }, log: keeping(warnings) });
    const one = await ByteClient.connect(service.port);
    using _two = await ByteClient.connect(service.port);
    await until(() => service.registry.size === 2);
    using three = await ByteClient.connect(service.port);
    expect(await three.rest()).toBe("-ERR max number of clients reached\r\n");
    expect(service.registry.rejectedCount).toBe(1);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^closed the connection of 127\.0\.0\.1:\d+: there are 2 clients already, as many as --max-connections allows$/,
      ),
    ]);
    expect(service.registry.size).toBe(2);
    one.close();
    await until(() => service.registry.size === 1);
    using four = await ByteClient.connect(service.port);
    four.send(requests("ECHO a"));
    expect(await four.bytes(7)).toBe(bulk("a"));
  });

  const parser = { requestBytes: 1_000, argumentCount: 5, argumentBytes: 500 };

  test.each([
    ["arguments of a request", "*6\r\n", "invalid multibulk length"],
    ["bytes of an argument", "*2\r\n$4\r\nECHO\r\n$501\r\n", "invalid bulk length"],
    [
      "bytes of a request",
      `*4\r\n$4\r\nECHO\r\n$500\r\n${"x".repeat(500)}\r\n$500\r\n`,
      "too big request: more than 1000 bytes",
    ],
  ])("%s", async (_name, sent, message) => {
    using service = new ScriptedService({ limits: { parser } });
    using client = await ByteClient.connect(service.port);
    client.send(sent);
    expect(await client.rest()).toBe(`-ERR Protocol error: ${message}\r\n`);
    expect(service.executed).toEqual([]);
  });

  test("bytes of a request whose arguments are large, and come in pieces", async () => {
    const limits = { parser: { requestBytes: 700_000, argumentCount: 5, argumentBytes: 500_000 } };
    using service = new ScriptedService({ limits });
    const large = "x".repeat(300_000);
    /** Sends all but the end of an argument, and the end when that has come: it is kept in chunks of its own. */
    const sendLarge = async (client: ByteClient, before: string, connection: () => Connection) => {
      const had = connection()?.bufferedRequestBytes ?? 0;
      client.send(`${before}$${large.length}\r\n${large.slice(0, -1)}`);
      await until(() => (connection()?.bufferedRequestBytes ?? 0) >= had + large.length - 1);
      client.send("x\r\n");
    };
    // Two of them are within the limit; a third one is not, and is refused by its length.
    for (const [index, isWithin] of [true, false].entries()) {
      using client = await ByteClient.connect(service.port);
      const connection = () => service.connections[index]!;
      await sendLarge(client, isWithin ? "*3\r\n$4\r\nECHO\r\n" : "*4\r\n$4\r\nECHO\r\n", connection);
      await sendLarge(client, "", connection);
      if (isWithin) {
        expect(await client.bytes(bulk(large).length)).toBe(bulk(large));
      } else {
        client.send("$300000\r\n");
        expect(await client.rest()).toBe("-ERR Protocol error: too big request: more than 700000 bytes\r\n");
      }
    }
    expect(service.executed).toEqual(["ECHO"]);
  });

  test("within them all is well", async () => {
    using service = new ScriptedService({ limits: { parser } });
    using client = await ByteClient.connect(service.port);
    const text = "x".repeat(500);
    client.send(requests(`ECHO ${text} a b c`));
    expect(await client.bytes(bulk(text).length)).toBe(bulk(text));
  });

  test("bytes of a text line: an error, and the connection lives", async () => {
    using service = new ScriptedService({ limits: { parser } });
    using client = await ByteClient.connect(service.port);
    client.send(`GET ${"k".repeat(1_000)}\nGET short\n`);
    client.end();
    const [first, second] = (await client.rest()).split("\n");
    expect(first).toStartWith("ERROR request too long: a line has at most 1000 bytes");
    expect(second).toBe("short");
  });

  test("before the password, smaller ones", async () => {
    const unauthenticatedParser = { requestBytes: 100, argumentCount: 2, argumentBytes: 10 };
    using service = new ScriptedService({ limits: { unauthenticatedParser }, passwordRequired: true });
    using stranger = await ByteClient.connect(service.port);
    stranger.send(requests("ECHO a b"));
    expect(await stranger.rest()).toBe("-ERR Protocol error: invalid multibulk length\r\n");
    using other = await ByteClient.connect(service.port);
    other.send("*2\r\n$4\r\nECHO\r\n$11\r\n");
    expect(await other.rest()).toBe("-ERR Protocol error: invalid bulk length\r\n");
    using friend = await ByteClient.connect(service.port);
    const text = "long".repeat(100);
    friend.send(requests("LOGIN", `ECHO ${text} b c`));
    const expected = `+OK\r\n${bulk(text)}`;
    expect(await friend.bytes(expected.length)).toBe(expected);
  });

  test("requests waiting for their reply: more are not executed until some are answered", async () => {
    using service = new ScriptedService({ limits: { pipelineDepth: 3 } });
    using client = await ByteClient.connect(service.port);
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    client.send(requests(...names.map((name) => `DEFER ${name}`)));
    await until(() => service.executed.length === 3);
    await roundTrips(service);
    expect(service.tickets.size).toBe(3);
    // One that is not the first may be followed by another all the same.
    service.finish("n1");
    await until(() => service.tickets.size === 3);
    expect([...service.tickets.keys()]).toEqual(["n0", "n2", "n3"]);
    for (const name of names) {
      if (name === "n1") continue;
      await until(() => service.tickets.has(name));
      service.finish(name);
    }
    const expected = names.map(bulk).join("");
    expect(await client.bytes(expected.length)).toBe(expected);
  });

  test("bytes of one reply: an error instead, and the connection lives", async () => {
    using service = new ScriptedService({ limits: { replyBytes: 100_000, pausedReplyBytes: 10_000 } });
    using client = await ByteClient.connect(service.port);
    client.send(requests("BIG 300000", "ECHO a"));
    const error = "-ERR reply too large: more than 100000 bytes (see --max-pending-replies)\r\n";
    expect(await client.bytes(error.length + 7)).toBe(error + bulk("a"));
  });

  test("idle time: the connection is closed, unless it waits for something", async () => {
    const clock = new ManualClock();
    using service = new ScriptedService({ clock, limits: { idleTimeoutMs: 5_000 } });
    using idle = await ByteClient.connect(service.port);
    using waiting = await ByteClient.connect(service.port);
    using exempt = await ByteClient.connect(service.port);
    waiting.send(requests("DEFER reply"));
    exempt.send(requests("ECHO a"));
    await until(() => service.executed.length === 2);
    for (const connection of service.connections) {
      if (connection.remoteAddress.endsWith(`:${exempt.localPort}`)) connection.exemptFromIdleTimeout = true;
    }
    clock.advance(5_001);
    await idle.rest();
    expect(idle.text).toBe("");
    await until(() => service.closedCount === 1);
    service.finish("reply");
    expect(await waiting.bytes(11)).toBe(bulk("reply"));
    await waiting.rest();
    exempt.send(requests("ECHO a"));
    expect(await exempt.bytes(14)).toBe(bulk("a") + bulk("a"));
  });

  test("time for a request to be complete", async () => {
    const clock = new ManualClock();
    using service = new ScriptedService({ clock, limits: { requestTimeoutMs: 3_000 } });
    using slow = await ByteClient.connect(service.port);
    slow.send("*2\r\n$4\r\nEC");
    await until(() => (service.connections[0]?.bufferedRequestBytes ?? 0) > 0);
    clock.advance(2_000);
    slow.send("HO\r\n");
    await until(() => service.connections[0]!.bufferedRequestBytes === 14);
    clock.advance(1_001);
    expect(await slow.rest()).toBe(
      "-ERR request was not complete within 3000 ms (see --request-timeout)\r\n",
    );
  });

  test("time for the password, however a client passes it", async () => {
    const clock = new ManualClock();
    using service = new ScriptedService({
      clock,
      limits: { authTimeoutMs: 10_000 },
      passwordRequired: true,
    });
    using silent = await ByteClient.connect(service.port);
    using dripping = await ByteClient.connect(service.port);
    using inText = await ByteClient.connect(service.port);
    using asking = await ByteClient.connect(service.port);
    using known = await ByteClient.connect(service.port);
    const sentBytes = async (client: ByteClient, sent: string | Uint8Array) => {
      const before = service.registry.bytesReceived;
      client.send(sent);
      await until(() => service.registry.bytesReceived === before + sent.length);
    };
    await sentBytes(dripping, "*2\r\n$4\r\n");
    await sentBytes(inText, "GET a\nGET b");
    await sentBytes(known, requests("LOGIN"));
    clock.advance(9_000);
    await sentBytes(dripping, "E");
    await sentBytes(asking, requests("ECHO a"));
    clock.advance(1_001);
    const text = "the password was not given within 10000 ms (see --auth-timeout)";
    expect(await silent.rest()).toBe(`-ERR ${text}\r\n`);
    expect(await dripping.rest()).toBe(`-ERR ${text}\r\n`);
    expect(await inText.rest()).toBe(`a\nERROR ${text}\n`);
    expect(await asking.rest()).toBe(`${bulk("a")}-ERR ${text}\r\n`);
    clock.advance(1_000_000);
    known.send(requests("ECHO a"));
    expect(await known.bytes(12)).toBe(`+OK\r\n${bulk("a")}`);
  });

  test("no time for the password where none is asked for, or where the time is 0", async () => {
    for (const [passwordRequired, authTimeoutMs] of [
      [false, 10_000],
      [true, 0],
    ] as const) {
      const [clock, timers] = [new ManualClock(), new ManualTimers()];
      using service = new ScriptedService({ clock, timers, limits: { authTimeoutMs }, passwordRequired });
      using client = await ByteClient.connect(service.port);
      await until(() => service.connections.length === 1);
      clock.advance(1_000_000);
      timers.advance(1_000);
      client.send(requests("ECHO a"));
      expect(await client.bytes(7)).toBe(bulk("a"));
    }
  });

  test("the time of a request that waits for others is not its own", async () => {
    const [clock, timers] = [new ManualClock(), new ManualTimers()];
    using service = new ScriptedService({ clock, timers, limits: { requestTimeoutMs: 3_000 } });
    using client = await ByteClient.connect(service.port);
    client.send(requests("HOLD", "ECHO a"));
    await until(() => (service.connections[0]?.bufferedRequestBytes ?? 0) > 0);
    clock.advance(60_000);
    timers.advance(1_000);
    service.connections[0]!.release();
    expect(await client.bytes(12)).toBe(`+OK\r\n${bulk("a")}`);
  });
});

describe("half-closed connections", () => {
  test("get all their replies, then the end", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("ECHO a", "DEFER b", "ECHO c"));
    client.end();
    await until(() => service.executed.length === 3);
    await roundTrips(service);
    expect(client.hasEnded).toBe(false);
    service.finish("b");
    expect(await client.rest()).toBe(bulk("a") + bulk("b") + bulk("c"));
    await until(() => service.closedCount === 2);
  });

  test("with half a request end at once", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("ECHO a"));
    client.send("*2\r\n$4\r\nECHO\r\n$10\r\nabc");
    client.end();
    expect(await client.rest()).toBe(bulk("a"));
    await until(() => service.closedCount === 1);
  });

  test("have everything executed that waited for its turn", async () => {
    using service = new ScriptedService({ limits: { pipelineDepth: 1 } });
    using client = await ByteClient.connect(service.port);
    client.send(requests("DEFER a", "ECHO b"));
    client.end();
    await until(() => service.executed.length === 1);
    await roundTrips(service);
    service.finish("a");
    expect(await client.rest()).toBe(bulk("a") + bulk("b"));
  });

  test("are ended when nothing but waiting was left to do", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("DEFER never"));
    await until(() => service.executed.length === 1);
    service.connections[0]!.exemptFromIdleTimeout = true;
    client.end();
    await until(() => service.closedCount === 1);
  });
});

describe("the text protocol", () => {
  test("lines are answered in lines, in order", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send("GET a\r\nput b=1\nBAD\nGET c\n");
    const lines = (await client.bytes(20)).split("\n");
    expect(lines[0]).toBe("a");
    expect(lines[1]).toBe("b");
    expect(lines[2]).toStartWith('ERROR unknown verb "BAD"');
    await client.bytes(lines.slice(0, 3).join("\n").length + 3);
    expect(client.text.split("\n")[3]).toBe("c");
  });

  test("a request without a line feed ends with silence: its reply is bare, and the connection ends", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send("GET key");
    expect(await client.rest()).toBe("key");
  });

  test("or with a half-close", async () => {
    using service = new ScriptedService({ limits: { textSilenceMs: 3_600_000 } });
    using client = await ByteClient.connect(service.port);
    client.send("GET key");
    client.end();
    expect(await client.rest()).toBe("key");
  });

  test("a one-shot request that is wrong, and one that is none", async () => {
    using service = new ScriptedService({ limits: { textSilenceMs: 3_600_000 } });
    using wrong = await ByteClient.connect(service.port);
    wrong.send("PUT key");
    wrong.end();
    expect(await wrong.rest()).toBe("ERROR PUT needs an equals sign behind the key: PUT key=value");
    using empty = await ByteClient.connect(service.port);
    empty.send("  \r");
    empty.end();
    expect(await empty.rest()).toStartWith("ERROR empty request; ");
    using nothing = await ByteClient.connect(service.port);
    nothing.end();
    expect(await nothing.rest()).toBe("");
  });

  test("white space and silence get an error, and the connection ends", async () => {
    using service = new ScriptedService({ limits: { textSilenceMs: 1, textWriteSilenceMs: 1 } });
    using client = await ByteClient.connect(service.port);
    client.send(" \t ");
    expect(await client.rest()).toStartWith("ERROR empty request; a request is one of PUT key=value");
    expect(service.executed).toEqual([]);
  });

  test("a one-shot reply can be large", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send("DUMP");
    expect(await client.rest()).toBe("x".repeat(1000));
  });
});

describe("silence while replies pile up", () => {
  test("does not lose the one-shot request that it ends", async () => {
    const timers = new ManualTimers();
    using service = new ScriptedService({ timers, limits: { pausedReplyBytes: 10_000, textSilenceMs: 20 } });
    using client = await ByteClient.connect(service.port);
    client.pause();
    client.send("GET last");
    await until(() => service.connections[0]?.bufferedRequestBytes === 8);
    const [connection] = service.connections as [Connection];
    const messages = Buffer.alloc(20_000_000, "m");
    connection.pushBytes(messages, 0, messages.length);
    timers.advance(60);
    expect(service.executed).toEqual([]);
    client.resume();
    // The replies have left, and the silence begins anew: its timer beside the listener's.
    await until(() => timers.count === 2);
    timers.advance(20);
    expect((await client.rest()).slice(messages.length)).toBe("last");
  });

  test("nor does a half-close", async () => {
    using service = new ScriptedService({ limits: { pausedReplyBytes: 10_000, textSilenceMs: 3_600_000 } });
    using client = await ByteClient.connect(service.port);
    client.pause();
    await until(() => service.connections.length === 1);
    const [connection] = service.connections as [Connection];
    const messages = Buffer.alloc(20_000_000, "m");
    connection.pushBytes(messages, 0, messages.length);
    client.send("GET last");
    await until(() => connection.bufferedRequestBytes === 8);
    client.end();
    await roundTrips(service);
    expect(service.executed).not.toContain("GET");
    client.resume();
    expect((await client.rest()).slice(messages.length)).toBe("last");
  });
});

describe("requests delivered a byte at a time", () => {
  async function trickle(service: ScriptedService, client: ByteClient, data: Uint8Array): Promise<void> {
    const { registry } = service;
    const before = registry.bytesReceived;
    for (let at = 0; at < data.length; at++) {
      client.send(data.subarray(at, at + 1));
      await until(() => registry.bytesReceived === before + at + 1);
    }
  }

  test("in RESP", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    await trickle(service, client, Buffer.from(requests("ECHO hello", "ECHO \r\n", "QUIT")));
    expect(await client.rest()).toBe(`${bulk("hello")}${bulk("\r\n")}+OK\r\n`);
  });

  test("in text", async () => {
    using service = new ScriptedService({ limits: { textSilenceMs: 3_600_000 } });
    using client = await ByteClient.connect(service.port);
    await trickle(service, client, Buffer.from("GET one\nPUT two=2\r\n"));
    expect(await client.bytes(8)).toBe("one\ntwo\n");
  });

  test("as inline commands, where the port speaks RESP only", async () => {
    using service = new ScriptedService({ respOnly: true });
    using client = await ByteClient.connect(service.port);
    await trickle(service, client, Buffer.from('ECHO "a b"\r\nECHO c\n'));
    const expected = bulk("a b") + bulk("c");
    expect(await client.bytes(expected.length)).toBe(expected);
  });
});

describe("suppressed replies", () => {
  test("OFF, SKIP and ON, for replies at once and later ones", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("ECHO a"));
    await client.bytes(7);
    const [connection] = service.connections as [Connection];
    connection.replyMode = "off";
    client.send(requests("ECHO b", "DEFER c", "THROW d", "PUSH e"));
    await until(() => service.executed.length === 5);
    service.finish("c");
    connection.replyMode = "skip";
    client.send(requests("DEFER f", "ECHO g"));
    await until(() => service.executed.length === 7);
    service.finish("f");
    const expected = `${bulk("a")}*1\r\n${bulk("e")}${bulk("g")}`;
    expect(await client.bytes(expected.length)).toBe(expected);
  });
});

describe("hold and release", () => {
  test("no further request is executed until as many releases as holds", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("HOLD", "ECHO a"));
    await client.bytes(5);
    const [connection] = service.connections as [Connection];
    connection.hold();
    client.send(requests("ECHO b"));
    await roundTrips(service);
    expect(client.text).toBe("+OK\r\n");
    connection.release();
    await roundTrips(service);
    expect(client.text).toBe("+OK\r\n");
    connection.release();
    expect(await client.bytes(19)).toBe(`+OK\r\n${bulk("a")}${bulk("b")}`);
  });

  test("a client that goes while it is held is forgotten when it is released", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("HOLD", "ECHO a"));
    await client.bytes(5);
    client.close();
    await roundTrips(service);
    // It may have closed only its own side, and want its replies.
    expect(service.connections[0]!.isClosed).toBe(false);
    service.connections[0]!.release();
    await until(() => service.connections[0]!.isClosed);
  });
});

describe("pushes", () => {
  test("come behind the reply of the request that caused them, and behind replies that are outstanding", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send(requests("PUSH own", "DEFER late"));
    await until(() => service.executed.length === 2);
    push(service.connections[0]!, "other");
    service.finish("late");
    const expected = `+OK\r\n*1\r\n${bulk("own")}${bulk("late")}*1\r\n${bulk("other")}`;
    expect(await client.bytes(expected.length)).toBe(expected);
  });

  test("behind a reply that fills its bounds are no fault", async () => {
    using service = new ScriptedService({ limits: { replyBytes: 100_000, pausedReplyBytes: 50_000 } });
    using client = await ByteClient.connect(service.port);
    // As long as the reply of PUSH leaves no room in the buffer of replies.
    const text = "p".repeat(99_990);
    client.send(requests(`PUSH ${text}`));
    const expected = `+OK\r\n*1\r\n${bulk(text)}`;
    expect(await client.bytes(expected.length)).toBe(expected);
  });

  test("to a client that has gone are nothing", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    await until(() => service.connections.length === 1);
    client.close();
    await until(() => service.closedCount === 1);
    push(service.connections[0]!, "late");
    expect(service.connections[0]!.waitingReplyBytes).toBe(0);
  });
});

describe("counts", () => {
  test("of requests and bytes", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    const sent = requests("ECHO a", "ECHO b");
    client.send(sent);
    await client.bytes(14);
    const { registry } = service;
    expect([registry.requestCount, registry.bytesReceived, registry.bytesSent]).toEqual([2, sent.length, 14]);
    expect(registry.acceptedCount).toBe(1);
  });

  test("defaults are those that are documented", () => {
    expect(DEFAULT_LIMITS.connections).toBe(20_000);
    expect(DEFAULT_LIMITS.authTimeoutMs).toBe(10_000);
    expect(DEFAULT_LIMITS.textSilenceMs).toBe(20);
    expect(DEFAULT_LIMITS.textWriteSilenceMs).toBe(250);
  });
});
