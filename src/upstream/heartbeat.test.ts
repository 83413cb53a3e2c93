import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import type { CallbackRequest } from "./callback-request.ts";
import { Heartbeat, stalenessBoundMs } from "./heartbeat.ts";

const TIMES = { heartbeatMs: 100, heartbeatTimeoutMs: 400 };
const PONG = utf8("+PONG\r\n");

/** Starts a heartbeat whose questions the test answers. */
function started() {
  const [clock, timers] = [new ManualClock(), new ManualTimers()];
  const connection = { lastReceivedMs: clock.monotonicMs() };
  const asked: CallbackRequest[] = [];
  const told: string[] = [];
  const options = {
    ...TIMES,
    ...{ clock, timers, address: { host: "127.0.0.1", port: 1 } },
    ...{ connectTimeoutMs: 1000, timeoutMs: 1000, pendingBytes: 1000 },
  };
  const heartbeat = new Heartbeat(options, connection, {
    ask: (question) => {
      question.sentAtMs = clock.monotonicMs();
      asked.push(question);
    },
    answered: (sentAtMs) => told.push(`answered what was sent at ${sentAtMs}`),
    silent: (silentMs) => told.push(`silent ${silentMs}`),
    answers: () => told.push("answers"),
    wireLost: () => told.push("wire lost"),
  });
  const pass = (ms: number): void => {
    clock.advance(ms);
    timers.advance(ms);
  };
  const answer = (): void => {
    connection.lastReceivedMs = clock.monotonicMs();
    asked.at(-1)!.reply(PONG, 0, PONG.length, new ReplyReader());
  };
  heartbeat.start();
  return { heartbeat, clock, timers, connection, asked, told, pass, answer };
}

test("the next question follows the last answer after the interval", () => {
  const { heartbeat, clock, asked, told, pass, answer } = started();
  const begunMs = clock.monotonicMs();
  pass(99);
  expect(asked).toHaveLength(0);
  pass(1);
  expect(asked).toHaveLength(1);
  expect(heartbeat.roundTripMs).toBeUndefined();
  pass(30);
  answer();
  expect(heartbeat.roundTripMs).toBe(30);
  pass(99);
  expect(asked).toHaveLength(1);
  pass(1);
  expect(asked).toHaveLength(2);
  expect(told).toEqual([`answered what was sent at ${begunMs + 100}`]);
});

test("an answer too late to prove anything is followed by the next question at once", () => {
  for (const [lateMs, questions] of [
    [stalenessBoundMs(TIMES) - 1, 1],
    [stalenessBoundMs(TIMES), 2],
  ] as const) {
    const { connection, clock, asked, told, pass, answer } = started();
    pass(100);
    for (let ms = 0; ms < lateMs; ms++) {
      // Other bytes keep arriving, so the origin is alive.
      connection.lastReceivedMs = clock.monotonicMs();
      pass(1);
    }
    answer();
    expect(asked).toHaveLength(questions);
    expect(told).toHaveLength(1);
  }
});

test("it asks nothing more once stopped", () => {
  for (const isAwaited of [false, true]) {
    const { heartbeat, timers, asked, pass } = started();
    if (isAwaited) pass(100);
    heartbeat.stop();
    expect(timers.count).toBe(0);
    pass(1000);
    expect(asked).toHaveLength(isAwaited ? 1 : 0);
  }
});
