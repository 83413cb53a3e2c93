/** Each phase of a connection, and what takes it to the next, over a wire without a socket. */
import { describe, expect, test } from "bun:test";
import { latin1 } from "../lib/bytes.ts";
import { ClientRegistry } from "./client-registry.ts";
import { requests, Stage, turn } from "./connection-stage-fixture.ts";
import { DEFAULT_LIMITS, LAST_REPLIES_MS, LINGER_MS, PAUSE_READING_BYTES } from "./limits.ts";

describe("a connection that the session holds back", () => {
  test("goes on at the end of the turn in which it is released, not sooner", async () => {
    const { connection, executed } = new Stage();
    connection.received(requests("HOLD", "A"));
    connection.received(requests("B"));
    expect(executed).toEqual(["HOLD"]);
    connection.release();
    expect(executed).toEqual(["HOLD"]);
    await turn();
    expect(executed).toEqual(["HOLD", "A", "B"]);
  });

  test("and again before that stays where it is", async () => {
    const { connection, executed } = new Stage();
    connection.received(requests("HOLD", "A"));
    connection.release();
    connection.hold();
    await turn();
    expect(executed).toEqual(["HOLD"]);
    connection.release();
    await turn();
    expect(executed).toEqual(["HOLD", "A"]);
  });

  test("is not read once much waits, and is read again when it goes on", async () => {
    const { connection, wire, executed } = new Stage();
    connection.received(requests("HOLD"));
    connection.received(requests(`A ${"x".repeat(PAUSE_READING_BYTES)}`));
    expect(wire.isPaused).toBe(true);
    connection.release();
    await turn();
    expect(wire.isPaused).toBe(false);
    expect(executed).toEqual(["HOLD", "A"]);
  });

  test("is read again, too, when bytes come that may be executed", () => {
    const stage = new Stage({ pipelineDepth: 1 });
    const { connection, wire } = stage;
    connection.received(requests("DEFER", `A ${"x".repeat(PAUSE_READING_BYTES)}`));
    connection.received(requests("B"));
    expect(wire.isPaused).toBe(true);
    stage.finish();
    connection.received(requests("C"));
    expect(stage.executed).toEqual(["DEFER", "A", "B", "C"]);
    expect(wire.isPaused).toBe(false);
  });

  test("executes what came before its client closed its side, then ends", async () => {
    const { connection, wire, executed } = new Stage();
    connection.received(requests("HOLD", "A", "B"));
    connection.ended();
    await turn();
    expect(wire.isClosed).toBe(false);
    connection.release();
    await turn();
    expect(executed).toEqual(["HOLD", "A", "B"]);
    expect(wire.isClosed).toBe(true);
  });

  test("ends when it is released, if nothing waits and the client has closed its side", async () => {
    const { connection, wire } = new Stage();
    connection.received(requests("HOLD"));
    connection.ended();
    await turn();
    expect(wire.isClosed).toBe(false);
    connection.release();
    await turn();
    expect(wire.isClosed).toBe(true);
  });
});

describe("a line that has no line feed yet, of a client that is held back,", () => {
  test("is executed after the client has closed its side, once it may go on", async () => {
    const { connection, wire, executed } = new Stage();
    connection.received(Buffer.from("GET a"));
    connection.hold();
    connection.ended();
    await turn();
    expect(executed).toEqual([]);
    connection.release();
    await turn();
    expect([executed, wire.isClosed]).toEqual([["GET"], true]);
  });

  test("or after a silence", async () => {
    const { connection, timers, executed } = new Stage();
    connection.received(Buffer.from("GET a"));
    connection.hold();
    timers.advance(DEFAULT_LIMITS.textSilenceMs);
    expect(executed).toEqual([]);
    connection.release();
    await turn();
    // The silence begins anew.
    timers.advance(DEFAULT_LIMITS.textSilenceMs);
    expect(executed).toEqual(["GET"]);
  });
});

describe("times", () => {
  /** Whether the connection ends, or refuses its client, after just so long, and after a millisecond more. */
  async function endsAfter(stage: Stage, ms: number): Promise<boolean[]> {
    const { connection, clock } = stage;
    const ends: boolean[] = [];
    for (const step of [ms, 1]) {
      clock.advance(step);
      connection.checkTimeouts(clock.monotonicMs());
      await turn();
      ends.push(connection.isClosing || connection.isClosed);
    }
    return ends;
  }

  test("of a request in progress, from its first byte on", async () => {
    const stage = new Stage({ requestTimeoutMs: 100 });
    stage.connection.received(requests("A").subarray(0, 3));
    stage.clock.advance(60);
    stage.connection.received(requests("A").subarray(3, 5));
    expect(await endsAfter(stage, 40)).toEqual([false, true]);
    expect(stage.sent).toBe("-ERR request was not complete within 100 ms (see --request-timeout)\r\n");
  });

  test("of a line in progress: the error says how to end one", async () => {
    const stage = new Stage({ requestTimeoutMs: 100, textSilenceMs: 1_000 });
    stage.connection.received(Buffer.from("GET a\nPUT b=1"));
    expect(await endsAfter(stage, 100)).toEqual([false, true]);
    expect(stage.sent).toContain("; nothing was done; end a request with a line feed");
  });

  test("of a request that was completed no longer count, nor does the next one's begin with it", async () => {
    const stage = new Stage({ requestTimeoutMs: 100 });
    const request = requests("A");
    stage.connection.received(request.subarray(0, 3));
    stage.clock.advance(90);
    stage.connection.received(request.subarray(3));
    expect(await endsAfter(stage, 1_000)).toEqual([false, false]);
    stage.connection.received(request.subarray(0, 3));
    stage.clock.advance(90);
    stage.connection.received(Buffer.concat([request.subarray(3), request.subarray(0, 3)]));
    expect(await endsAfter(stage, 100)).toEqual([false, true]);
  });

  test("without a password, since the client has connected or was reset", async () => {
    const stage = new Stage({ authTimeoutMs: 100 });
    const { connection, clock } = stage;
    connection.authenticated = false;
    clock.advance(90);
    connection.reset(connection.user, false);
    expect(await endsAfter(stage, 100)).toEqual([false, true]);
    expect(stage.sent).toBe("-ERR the password was not given within 100 ms (see --auth-timeout)\r\n");
  });

  test("of a client that asks for nothing, since it last did", async () => {
    const stage = new Stage({ idleTimeoutMs: 100 });
    stage.clock.advance(90);
    stage.connection.received(requests("A"));
    expect(await endsAfter(stage, 100)).toEqual([false, true]);
    expect([stage.sent, stage.wire.isClosed]).toEqual(["+A\r\n", true]);
  });

  test("that are 0 never end", async () => {
    const stage = new Stage({ idleTimeoutMs: 0, authTimeoutMs: 0, requestTimeoutMs: 0 });
    stage.connection.authenticated = false;
    stage.connection.received(requests("A").subarray(0, 3));
    expect(await endsAfter(stage, 1_000_000)).toEqual([false, false]);
  });
});

test("batches are timed when at most one is left, with whether all of them was answered", () => {
  const ended: [number, boolean][] = [];
  const batchTimes = {
    left: 3,
    ended: (sinceMs: number, areAnswered: boolean) => void ended.push([sinceMs, areAnswered]),
  };
  const stage = new Stage({}, { batchTimes });
  const { connection, clock } = stage;
  connection.received(requests("A"));
  expect([batchTimes.left, ended]).toEqual([2, []]);
  clock.advance(5);
  const nowMs = clock.monotonicMs();
  connection.received(requests("A", "B"));
  expect([batchTimes.left, ended]).toEqual([1, [[nowMs, true]]]);
  connection.received(requests("DEFER"));
  expect([batchTimes.left, ended.at(-1)]).toEqual([0, [nowMs, false]]);
  expect(connection.requestCount).toBe(4);
});

test("a connection counts what it received, and when", () => {
  const registry = new ClientRegistry();
  const { connection, clock } = new Stage({}, { registry });
  const bytes = requests("A", "B");
  clock.advance(7);
  connection.received(bytes);
  expect([registry.bytesReceived, registry.requestCount, registry.bytesSent]).toEqual([bytes.length, 2, 8]);
  expect([connection.lastActiveMs, connection.executingSinceMs]).toEqual([
    clock.monotonicMs(),
    clock.monotonicMs(),
  ]);
});

test("a connection whose client subscribes ends at once when that closes its side", () => {
  const { connection, wire } = new Stage();
  connection.received(requests("DEFER"));
  connection.exemptFromIdleTimeout = true;
  connection.ended();
  expect(wire.isClosed).toBe(true);
});

describe("a connection that closes", () => {
  test.each([0, 1])(
    "is cut off when its client takes nothing for too long, having taken %d bytes",
    async (taken) => {
      const { connection, wire, clock } = new Stage();
      const isClosedAfter = (ms: number): boolean => {
        clock.advance(ms);
        connection.checkTimeouts(clock.monotonicMs());
        return wire.isClosed;
      };
      wire.room = 0;
      connection.received(requests("A", "QUIT"));
      await turn();
      expect(isClosedAfter(LAST_REPLIES_MS)).toBe(false);
      wire.room = taken;
      connection.drained();
      if (taken > 0) expect(isClosedAfter(LAST_REPLIES_MS)).toBe(false);
      expect(isClosedAfter(1)).toBe(true);
    },
  );

  test("executes nothing more, sends what is outstanding, then ends", async () => {
    const stage = new Stage();
    const { connection, wire } = stage;
    connection.received(requests("DEFER", "QUIT", "A"));
    connection.received(requests("B"));
    await turn();
    expect(wire.isClosed).toBe(false);
    stage.finish();
    await turn();
    expect(stage.sent).toBe("+LATE\r\n+QUIT\r\n");
    expect(wire.isClosed).toBe(true);
    expect(stage.executed).toEqual(["DEFER", "QUIT"]);
    expect(stage.closedCount).toBe(1);
  });

  test("drops what it had not executed", async () => {
    const { connection, executed } = new Stage();
    connection.received(requests("HOLD", `A ${"x".repeat(PAUSE_READING_BYTES)}`));
    connection.closeAfterReplies();
    expect(connection.bufferedRequestBytes).toBe(0);
    connection.release();
    await turn();
    expect(executed).toEqual(["HOLD"]);
  });

  test("stops in the midst of what has come when it is cut off", async () => {
    const stage = new Stage();
    stage.connection.received(requests("A", "CUT", "B"));
    await turn();
    expect(stage.executed).toEqual(["A", "CUT"]);
    expect(stage.connection.bufferedRequestBytes).toBe(0);
    expect(stage.closedCount).toBe(1);
  });
});

describe("a connection that refuses", () => {
  const MALFORMED = Buffer.from("*1\r\n:1\r\n");

  test("lets its client read why: it closes its own side, and waits for the client to close the other", async () => {
    const stage = new Stage();
    const { connection, wire } = stage;
    connection.received(MALFORMED);
    await turn();
    expect(stage.sent).toStartWith("-ERR Protocol error");
    expect([wire.hasShutDown, wire.isClosed]).toEqual([true, false]);
    connection.received(requests("A"));
    expect(stage.executed).toEqual([]);
    connection.ended();
    expect(wire.isClosed).toBe(true);
  });

  test("waits no longer than for a while", async () => {
    const { connection, wire, clock } = new Stage();
    connection.received(MALFORMED);
    await turn();
    clock.advance(LINGER_MS);
    connection.checkTimeouts(clock.monotonicMs());
    expect(wire.isClosed).toBe(false);
    clock.advance(1);
    connection.checkTimeouts(clock.monotonicMs());
    expect(wire.isClosed).toBe(true);
  });

  test("ends at once where the client has closed its side already", async () => {
    const stage = new Stage();
    const { connection, wire } = stage;
    connection.received(Buffer.concat([requests("HOLD"), MALFORMED]));
    connection.ended();
    connection.release();
    await turn();
    expect(stage.sent).toContain("-ERR Protocol error");
    expect([wire.hasShutDown, wire.isClosed]).toEqual([false, true]);
  });

  test("is not made to end sooner by being closed", async () => {
    const stage = new Stage();
    const { connection, wire } = stage;
    connection.received(requests("DEFER"));
    connection.received(MALFORMED);
    connection.closeAfterReplies();
    stage.finish();
    await turn();
    expect([wire.hasShutDown, wire.isClosed]).toEqual([true, false]);
  });
});

test("a connection that relays hands on what has come, then what comes, until it closes", async () => {
  const { connection, executed } = new Stage();
  let relayed = "";
  connection.received(requests("HOLD", "A"));
  connection.relay((bytes, start, end) => {
    relayed += latin1(bytes, start, end);
  });
  connection.received(requests("B"));
  expect(relayed).toBe(latin1(requests("A", "B")));
  connection.closeAfterReplies();
  connection.received(requests("C"));
  expect(relayed).toBe(latin1(requests("A", "B")));
  expect(executed).toEqual(["HOLD"]);
});

test("more may be written until the limit of waiting bytes is reached, and again once the client has read some", async () => {
  const { connection, wire } = new Stage({ pausedReplyBytes: 10 });
  wire.room = 0;
  const bytes = new Uint8Array(10);
  connection.pushBytes(bytes, 0, 9);
  await turn();
  expect(connection.whenDrained()).toBeUndefined();
  connection.pushBytes(bytes, 9, 10);
  await turn();
  let isDrained = false;
  void connection.whenDrained()!.then(() => {
    isDrained = true;
  });
  connection.drained();
  await turn();
  expect(isDrained).toBe(false);
  wire.room = 1;
  connection.drained();
  await turn();
  expect(isDrained).toBe(true);
});
