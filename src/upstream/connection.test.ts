import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { Authority } from "../../test/support/certificates.ts";
import { bulk, FakeOrigin, type FakeOriginOptions } from "../../test/support/fake-origin.ts";
import { until } from "../../test/support/until.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { ManualClock, systemClock } from "../lib/clock.ts";
import { FULL_READ_BYTES } from "../lib/large-value.ts";
import { ManualTimers } from "../lib/timers.ts";
import type { ClientTls, TlsIdentity } from "../lib/tls.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { UpstreamConnection, type UpstreamEvents, type UpstreamOptions } from "./connection.ts";
import type { UpstreamError } from "./upstream-error.ts";
import { UpstreamRequest } from "./upstream-request.ts";

/** A request that keeps its reply or failure. */
class Kept extends UpstreamRequest {
  readonly outcome: Promise<string | UpstreamError>;
  calls = 0;
  #resolve: (outcome: string | UpstreamError) => void = () => {};

  constructor() {
    super();
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  override reply(bytes: Uint8Array, start: number, end: number): void {
    this.calls++;
    this.#resolve(latin1(bytes, start, end));
  }

  override failed(error: UpstreamError): void {
    this.calls++;
    this.#resolve(error);
  }
}

/** A connection to an origin, with its events. */
class Bench implements Disposable {
  readonly origin: FakeOrigin;
  readonly connection: UpstreamConnection;
  readonly events: string[] = [];
  readonly closed: Promise<UpstreamError>;

  constructor(
    origin: FakeOriginOptions,
    options: Partial<UpstreamOptions> = {},
    withStray = false,
    origins = new FakeOrigin(origin),
  ) {
    this.origin = origins;
    const ended = Promise.withResolvers<UpstreamError>();
    this.closed = ended.promise;
    const events: UpstreamEvents = {
      opened: () => this.events.push("opened"),
      pushed: (bytes, start, end) => this.events.push(`pushed ${latin1(bytes, start, end)}`),
      closed: (error) => {
        this.events.push("closed");
        ended.resolve(error);
      },
    };
    if (withStray)
      events.stray = (bytes, start, end) => this.events.push(`stray ${latin1(bytes, start, end)}`);
    this.connection = new UpstreamConnection(
      {
        address: { host: "127.0.0.1", port: this.origin.port },
        clock: systemClock,
        connectTimeoutMs: 5000,
        timeoutMs: 5000,
        pendingBytes: 1000,
        ...options,
      },
      events,
    );
  }

  ask(command: readonly string[], timeoutMs?: number): Kept {
    const request = new Kept();
    writeCommand(this.connection.out, command);
    if (timeoutMs === undefined) this.connection.enqueue(request);
    else this.connection.enqueue(request, timeoutMs);
    return request;
  }

  [Symbol.dispose](): void {
    this.connection.close(new Error("the test is over") as UpstreamError);
    this.origin[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function open(
  origin: FakeOriginOptions = {},
  options: Partial<UpstreamOptions> = {},
  withStray = false,
): Bench {
  const bench = new Bench(origin, options, withStray);
  benches.push(bench);
  return bench;
}

describe("replies", () => {
  test("reach their requests in order, even requests sent before it was open", async () => {
    const bench = open({ script: ([, text]) => bulk(text!) });
    const asked = Array.from({ length: 100 }, (_, index) => bench.ask(["ECHO", String(index)]));
    expect(bench.connection.isOpen).toBe(false);
    expect(bench.connection.outstandingCount).toBe(100);
    const outcomes = await Promise.all(asked.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(asked.map((_, index) => bulk(String(index))));
    expect(bench.connection.outstandingCount).toBe(0);
    expect(bench.events).toEqual(["opened"]);
  });

  test("may arrive in any pieces, with pushes between them", async () => {
    const bench = open({ script: () => "" });
    const replies = ["+OK\r\n", bulk("x".repeat(300)), ">1\r\n+news\r\n", "*2\r\n:1\r\n_\r\n", "_\r\n"];
    const asked = [1, 2, 3, 4].map((index) => bench.ask(["GET", String(index)]));
    await bench.origin.received(4);
    const connection = bench.origin.connections[0]!;
    const stream = replies.join("");
    for (let at = 0; at < stream.length; at += 7) {
      connection.send(stream.slice(at, at + 7));
      await new Promise(setImmediate);
    }
    const outcomes = await Promise.all(asked.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(replies.filter((reply) => !reply.startsWith(">")));
    expect(bench.events).toEqual(["opened", "pushed >1\r\n+news\r\n"]);
  });

  test("of many megabytes arrive whole", async () => {
    const text = "0123456789abcdef".repeat(512 * 1024);
    const bench = open({ script: () => bulk(text) });
    expect(await bench.ask(["GET", "large"]).outcome).toBe(bulk(text));
  });

  test("that answer no request are strays", async () => {
    const bench = open({ script: () => "+first\r\n+second\r\n" }, {}, true);
    expect(await bench.ask(["MONITOR"]).outcome).toBe("+first\r\n");
    expect(bench.events).toEqual(["opened", "stray +second\r\n"]);
  });

  test("that answer no request end a connection that expects none", async () => {
    const bench = open({ script: () => "+first\r\n+second\r\n" });
    expect(await bench.ask(["GET", "a"]).outcome).toBe("+first\r\n");
    const error = await bench.closed;
    expect(error).toMatchObject({ code: "ORIGINPROTOCOL", maybeExecuted: true });
    expect(error.message).toContain("a reply without a request");
  });

  test("that are malformed end the connection, and its requests fail", async () => {
    const bench = open({ script: ([name]) => (name === "FIRST" ? "+fine\r\n?what\r\n" : "") });
    const asked = [bench.ask(["FIRST"]), bench.ask(["SECOND"]), bench.ask(["THIRD"])];
    expect(await asked[0]!.outcome).toBe("+fine\r\n");
    for (const request of asked.slice(1)) {
      expect(await request.outcome).toMatchObject({ code: "ORIGINPROTOCOL", maybeExecuted: true });
    }
    expect((await bench.closed).message).toContain("malformed reply: unknown reply type '?'");
  });
});

test("an origin that answers in TLS is told of as one", async () => {
  const alert = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10);
  using server = Bun.listen({
    ...{ hostname: "127.0.0.1", port: 0 },
    socket: { data: (socket) => void socket.write(alert) },
  });
  const bench = open({}, { address: { host: "127.0.0.1", port: server.port } });
  const error = (await bench.ask(["PING"]).outcome) as UpstreamError;
  expect(error.code).toBe("ORIGINPROTOCOL");
  expect(error.message).toEndWith("malformed reply: it speaks TLS on this port; give it as rediss://");
});

describe("the end of a connection", () => {
  test("fails each outstanding request once, and reports the end first", async () => {
    const bench = open({ script: () => "" });
    const order: string[] = [];
    const asked = [bench.ask(["GET", "a"]), bench.ask(["GET", "b"])];
    for (const request of asked) {
      const { failed } = request;
      request.failed = (error) => {
        order.push(`failed after ${bench.events.at(-1)}`);
        failed.call(request, error);
      };
    }
    await bench.origin.received(2);
    bench.origin.dropAll();
    for (const request of asked) {
      expect(await request.outcome).toMatchObject({ code: "ORIGINDOWN", maybeExecuted: true });
      expect(request.calls).toBe(1);
    }
    expect(order).toEqual(["failed after closed", "failed after closed"]);
    expect(bench.connection.isClosed).toBe(true);
    expect(bench.connection.accepts).toBe(false);
    expect(bench.events).toEqual(["opened", "closed"]);
  });

  test("by two calls of close is reported once", async () => {
    const bench = open();
    const request = bench.ask(["GET", "a"]);
    const reason = new Error("enough") as UpstreamError;
    bench.connection.close(reason);
    bench.connection.close(reason);
    expect(await request.outcome).toBe(reason);
    expect(bench.events).toEqual(["closed"]);
  });

  test("without a listener is known to have executed nothing", async () => {
    const origin = new FakeOrigin();
    origin.goDown();
    const bench = new Bench({}, {}, false, origin);
    benches.push(bench);
    const request = bench.ask(["SET", "a", "1"]);
    const error = (await request.outcome) as UpstreamError;
    expect(error).toMatchObject({ code: "ORIGINDOWN", maybeExecuted: false });
    expect(error.message).toBe(`origin 127.0.0.1:${origin.port} cannot be reached: connection refused`);
  });

  test("follows an unknown host name", async () => {
    const bench = open({}, { address: { host: "no-such-host.invalid", port: 1 } });
    const request = bench.ask(["GET", "a"]);
    expect(await request.outcome).toMatchObject({ code: "ORIGINDOWN", maybeExecuted: false });
  });
});

/** Asks the origin in a process of its own, where the handling of the answer fails. */
const FAILING = `
  const [port, directory] = process.argv.slice(1);
  const { UpstreamConnection } = await import(directory + "/connection.ts");
  const { UpstreamRequest } = await import(directory + "/upstream-request.ts");
  const { writeCommand } = await import(directory + "/../protocol/request-writer.ts");
  const { systemClock } = await import(directory + "/../lib/clock.ts");
  class Failing extends UpstreamRequest {
    reply() { throw new Error("a fault of the program"); }
    failed(error) { console.log("taken for: " + error.message); process.exit(0); }
  }
  const address = { host: "127.0.0.1", port: Number(port) };
  const limits = { connectTimeoutMs: 5000, timeoutMs: 5000, pendingBytes: 1000 };
  const connection = new UpstreamConnection({ address, clock: systemClock, ...limits }, { closed() {} });
  writeCommand(connection.out, ["ECHO", "a"]);
  connection.enqueue(new Failing());
`;

test("a fault of the program while it handles an answer ends it, and is not taken for one of the origin", async () => {
  using origin = new FakeOrigin({ script: ([, text]) => bulk(text!) });
  const args = ["-e", FAILING, String(origin.port), import.meta.dir];
  const child = Bun.spawn([process.execPath, ...args], { stdout: "pipe", stderr: "pipe" });
  const output = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
  expect(output).toContain("a fault of the program");
  expect(output).not.toContain("taken for");
  expect(await child.exited).toBe(1);
}, 30_000);

describe("time-outs", () => {
  test("an origin that sends nothing at all counts as dead", async () => {
    const bench = open({ script: () => "" }, { timeoutMs: 20 });
    const asked = [bench.ask(["SET", "a", "1"]), bench.ask(["GET", "a"])];
    const error = (await asked[0]!.outcome) as UpstreamError;
    expect(error).toMatchObject({ code: "ORIGINTIMEOUT", maybeExecuted: true });
    expect(error.message).toBe(`origin 127.0.0.1:${bench.origin.port} sent nothing for 20 ms`);
    expect(await asked[1]!.outcome).toBe(error);
    expect(await bench.closed).toBe(error);
  });

  test("it does so once the time-out is over, and no sooner", async () => {
    const [clock, timers] = [new ManualClock(), new ManualTimers()];
    const bench = open({ script: () => "" }, { timeoutMs: 20, clock, timers });
    const request = bench.ask(["GET", "a"]);
    await bench.origin.received(1, "GET");
    clock.advance(19);
    timers.advance(19);
    expect(bench.connection.isClosed).toBe(false);
    clock.advance(1);
    timers.advance(1);
    expect(bench.connection.isClosed).toBe(true);
    expect(((await request.outcome) as UpstreamError).message).toContain("sent nothing for 20 ms");
  });

  test("one that sends other bytes does not, and a late reply is dropped", async () => {
    const clock = new ManualClock();
    const bench = open(
      { script: ([, text]) => (text === "slow" ? "" : bulk(text!)) },
      { timeoutMs: 20, clock },
    );
    const slow = bench.ask(["ECHO", "slow"]);
    await bench.origin.received(1, "ECHO", "slow");
    const connection = bench.origin.connections[0]!;
    clock.advance(19);
    connection.send(">1\r\n+alive\r\n");
    await until(() => bench.events.length >= 2);
    clock.advance(1);
    const error = (await slow.outcome) as UpstreamError;
    expect(error).toMatchObject({ code: "ORIGINTIMEOUT", maybeExecuted: true });
    expect(error.message).toContain("did not answer within 20 ms");
    expect(bench.connection.isClosed).toBe(false);
    const next = bench.ask(["ECHO", "next"]);
    connection.send(bulk("slow"));
    await bench.origin.received(1, "ECHO", "next");
    expect(await next.outcome).toBe(bulk("next"));
    expect(slow.calls).toBe(1);
  });

  test("requests that may block have none, and requests behind them have one", async () => {
    const [clock, timers] = [new ManualClock(), new ManualTimers()];
    const bench = open({ script: () => "" }, { timeoutMs: 5, clock, timers });
    const blocking = bench.ask(["BLPOP", "a", "0"], Number.POSITIVE_INFINITY);
    await bench.origin.received(1, "BLPOP");
    clock.advance(100_000);
    const ordinary = bench.ask(["GET", "a"]);
    await bench.origin.received(1, "GET");
    expect(blocking.calls + ordinary.calls).toBe(0);
    clock.advance(5);
    timers.advance(100_005);
    expect(await ordinary.outcome).toMatchObject({ code: "ORIGINTIMEOUT" });
    // Nothing was received all that time, so the connection counts as dead.
    expect(await blocking.outcome).toMatchObject({ code: "ORIGINTIMEOUT" });
  });

  test("a connection at rest stays open, however long nothing comes", async () => {
    const [clock, timers] = [new ManualClock(), new ManualTimers()];
    const bench = open({ script: () => "+OK\r\n" }, { timeoutMs: 5, connectTimeoutMs: 5, clock, timers });
    for (let requests = 0; requests < 3; requests++) {
      expect(await bench.ask(["GET", "a"]).outcome).toBe("+OK\r\n");
      clock.advance(1_000_000);
      timers.advance(1_000_000);
      expect(bench.connection.isClosed).toBe(false);
    }
  });

  test("a blocking request alone waits as long as it takes", async () => {
    const [clock, timers] = [new ManualClock(), new ManualTimers()];
    const bench = open({ script: () => "" }, { timeoutMs: 5, clock, timers });
    const blocking = bench.ask(["BLPOP", "a", "0"], Number.POSITIVE_INFINITY);
    await bench.origin.received(1, "BLPOP");
    clock.advance(1_000_000);
    timers.advance(1_000_000);
    expect(blocking.calls).toBe(0);
    bench.origin.connections[0]!.send("*-1\r\n");
    expect(await blocking.outcome).toBe("*-1\r\n");
  });
});

describe("a connection with TLS", () => {
  /** Asks a server that shows a certificate. @returns its answer or the failure */
  async function askOver(identity: TlsIdentity, tls: ClientTls): Promise<string> {
    const { certificate: cert, key } = identity;
    using server = Bun.listen({
      ...{ hostname: "127.0.0.1", port: 0, tls: { cert, key } },
      socket: { data: (socket) => void socket.write("+PONG\r\n") },
    });
    const address = { host: "localhost", port: server.port, isSecure: true };
    const bench = open({}, { address, tls });
    const outcome = await bench.ask(["PING"]).outcome;
    return typeof outcome === "string" ? outcome : outcome.message.replace(/^.*reached: /, "");
  }

  test("is open once the certificate is vouched for, or need not be", async () => {
    using authority = new Authority();
    using stranger = new Authority("Somebody else");
    const identity = authority.issue("server");
    const authorities = authority.certificate;
    expect(await askOver(identity, { authorities, isInsecure: false })).toBe("+PONG\r\n");
    expect(await askOver(identity, { isInsecure: true })).toBe("+PONG\r\n");
    expect(await askOver(identity, { authorities: stranger.certificate, isInsecure: false })).toStartWith(
      "no authority in --origin-ca vouches for its certificate",
    );
  });
});

test("no more requests are taken while too many bytes wait for the origin", async () => {
  const bench = open({}, { pendingBytes: 100 });
  bench.ask(["SET", "a", "x".repeat(50)]);
  expect(bench.connection.accepts).toBe(true);
  const last = bench.ask(["SET", "b", "x".repeat(50)]);
  expect(bench.connection.accepts).toBe(false);
  expect(await last.outcome).toBe("+OK\r\n");
  expect(bench.connection.accepts).toBe(true);
});

test.each([
  [77, false],
  [78, true],
])("with 77 bytes that wait, of %d, a further request is taken: %p", (pendingBytes, accepts) => {
  const bench = open({}, { pendingBytes });
  bench.ask(["SET", "a", "x".repeat(50)]);
  expect(bench.connection.out.length).toBe(77);
  expect(bench.connection.accepts).toBe(accepts);
});

test("nothing is asked in the first packet once a request has been written", () => {
  const bench = open();
  bench.ask(["PING"]);
  expect(() => bench.connection.introduce(["HELLO", "3"], new Kept())).toThrow("a handshake comes first");
});

describe("reading", () => {
  test("goes on after a pause, also behind pieces so large that others have their turn", async () => {
    const text = "x".repeat(8_000_000);
    const bench = open({ script: () => bulk(text) });
    bench.connection.pauseReading();
    bench.connection.readOn();
    for (let round = 0; round < 2; round++) {
      const reply = bench.ask(["GET", "large"]);
      if (round === 1) {
        bench.connection.pauseReading();
        await bench.origin.received(2, "GET");
        bench.connection.readOn();
      }
      expect((await reply.outcome) === bulk(text)).toBe(true);
    }
  });

  test("stops at once when it is paused", async () => {
    const bench = open();
    const other = open();
    await Promise.all([bench.ask(["PING"]).outcome, other.ask(["PING"]).outcome]);
    bench.connection.pauseReading();
    bench.origin.connections[0]!.send(">1\r\n+news\r\n");
    // Bytes that have come would be read by the time of these replies.
    for (let round = 0; round < 10; round++) await other.ask(["PING"]).outcome;
    expect(bench.events).toEqual(["opened"]);
    bench.connection.readOn();
    await until(() => bench.events.includes("pushed >1\r\n+news\r\n"));
  });

  test("stays paused when others have had their turn", async () => {
    const bench = open();
    const other = open();
    await Promise.all([bench.ask(["PING"]).outcome, other.ask(["PING"]).outcome]);
    const text = "x".repeat(8_000_000);
    let [arrivedBytes, sentBytes] = [0, 0];
    let isPaused = false;
    bench.connection.relay((bytes) => {
      arrivedBytes += bytes.length;
      if (isPaused || bytes.length < FULL_READ_BYTES) return;
      isPaused = true;
      bench.connection.pauseReading();
    });
    while (!isPaused) {
      bench.origin.connections[0]!.send(text);
      sentBytes += text.length;
      await until(() => isPaused || arrivedBytes === sentBytes);
    }
    const pausedAt = arrivedBytes;
    // Bytes that have come would be read by the time of these replies.
    for (let round = 0; round < 10; round++) await other.ask(["PING"]).outcome;
    expect(arrivedBytes).toBe(pausedAt);
    bench.connection.readOn();
    await until(() => arrivedBytes === sentBytes);
  });

  test("hands the bytes on as they are, once they are no longer replies", async () => {
    const bench = open();
    await bench.ask(["PING"]).outcome;
    let relayed = "";
    bench.connection.relay((bytes) => {
      relayed += latin1(bytes, 0, bytes.length);
    });
    const text = `no reply ${"x".repeat(2_000_000)}`;
    bench.origin.connections[0]!.send(text);
    await until(() => relayed.length === text.length);
    expect(relayed === text).toBe(true);
    expect(bench.connection.isClosed).toBe(false);
  });
});

test("sent bytes are not kept", async () => {
  const bench = open();
  for (let round = 0; round < 3; round++) {
    await bench.ask(["SET", "a", "x".repeat(50)]).outcome;
    expect(bench.connection.out.length).toBe(0);
  }
});

test("a large argument that is written before the connection is open follows the handshake", async () => {
  const bench = open();
  const { connection, origin } = bench;
  const hello = new Kept();
  connection.introduce(["PING"], hello);
  const large = new ChunkedBytes();
  large.append(new Uint8Array(300_000).fill(120), 0, 300_000);
  const write = new Kept();
  connection.out.append(utf8("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$300000\r\n"));
  connection.passOn(large);
  connection.out.append(utf8("\r\n"));
  connection.enqueue(write);
  expect(connection.isOpen).toBe(false);
  expect(await hello.outcome).toBe("+PONG\r\n");
  expect(await write.outcome).toBe("+OK\r\n");
  expect(origin.values.get("a")).toBe("x".repeat(300_000));
});

test("a backlog arrives whole and in order, however slowly the origin reads", async () => {
  const received: Uint8Array[] = [];
  let readBytes = 0;
  const arrived = Promise.withResolvers<void>();
  const requests = Array.from({ length: 2000 }, (_, index) => ["ECHO", `${index}:`.repeat(2000)]);
  const expected = new ByteBuffer();
  for (const command of requests) writeCommand(expected, command);
  const opened = Promise.withResolvers<Socket>();
  const origin = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.pause();
        opened.resolve(socket);
      },
      data(socket, data) {
        received.push(data.slice());
        readBytes += data.length;
        if (readBytes === expected.length) arrived.resolve();
        socket.pause();
        setImmediate(() => socket.resume());
      },
    },
  });
  const options = {
    address: { host: "127.0.0.1", port: origin.port },
    clock: systemClock,
    connectTimeoutMs: 5000,
    timeoutMs: 30_000,
  };
  const connection = new UpstreamConnection({ ...options, pendingBytes: 1e9 }, { closed: () => {} });
  for (const command of requests) {
    writeCommand(connection.out, command);
    connection.enqueue(new Kept());
    if (connection.outstandingCount === 1000) (await opened.promise).resume();
  }
  await arrived.promise;
  expect(Buffer.concat(received).equals(expected.view())).toBe(true);
  connection.close(new Error("the test is over") as UpstreamError);
  origin.stop(true);
});
