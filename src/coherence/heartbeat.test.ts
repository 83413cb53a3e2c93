import { describe, expect, test } from "bun:test";
import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { Heartbeat, stalenessBoundMs } from "./heartbeat.ts";

const TIMES = { heartbeatMs: 100, heartbeatTimeoutMs: 400 };

/** Starts a heartbeat whose questions the test answers. */
function started() {
  const [clock, timers] = [new ManualClock(), new ManualTimers()];
  const connection = { lastReceivedMs: clock.monotonicMs() };
  const asked: (() => void)[] = [];
  const probes: ((isAnswered: boolean) => void)[] = [];
  const told: string[] = [];
  const heartbeat = new Heartbeat({ ...TIMES, clock, timers }, connection, {
    ask: (answered) => {
      const sentAtMs = clock.monotonicMs();
      asked.push(() => answered(sentAtMs));
    },
    proven: (untilMs) => told.push(`proven until ${untilMs}`),
    silent: (silentMs) => told.push(`silent ${silentMs}`),
    answers: () => told.push("answers"),
    probe: (done) => {
      probes.push(done);
      return { close: () => told.push("probe closed") };
    },
    wireLost: () => told.push("wire lost"),
  });
  const pass = (ms: number): void => {
    clock.advance(ms);
    timers.advance(ms);
  };
  const answer = (): void => {
    connection.lastReceivedMs = clock.monotonicMs();
    asked.at(-1)!();
  };
  heartbeat.start();
  return { heartbeat, clock, timers, connection, asked, probes, told, pass, answer };
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
  expect(told).toEqual([`proven until ${begunMs + 100 + stalenessBoundMs(TIMES)}`]);
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

test("an answer leaves one thing to wait for: the time of the next question", () => {
  const { timers, pass, answer } = started();
  pass(100);
  answer();
  expect(timers.count).toBe(1);
});

test("it is silent when nothing has come for exactly the time-out", () => {
  const { connection, clock, told, pass } = started();
  pass(100);
  connection.lastReceivedMs = clock.monotonicMs();
  pass(399);
  expect(told).toEqual([]);
  pass(1);
  expect(told).toEqual(["silent 400"]);
});

describe("after a silence", () => {
  test("a second connection that is answered tells that the wire is dead", () => {
    const { probes, told, pass } = started();
    pass(100 + 400);
    expect(told).toEqual(["silent 400"]);
    probes[0]!(true);
    expect(told).toEqual(["silent 400", "wire lost"]);
  });

  test("a second connection that gets no answer either means a busy origin: it is tried again", () => {
    const { probes, told, pass } = started();
    pass(100);
    pass(400);
    for (let tries = 1; tries < 4; tries++) {
      expect(probes).toHaveLength(tries);
      probes.at(-1)!(false);
      pass(100);
    }
    expect(told).toEqual(["silent 400"]);
  });

  test("an answer in time ends it", () => {
    const { probes, told, pass, answer } = started();
    pass(100);
    pass(400);
    probes[0]!(false);
    pass(99);
    expect(probes).toHaveLength(1);
    answer();
    // Time for the second connection to be tried again has not come: nothing is left to be closed.
    expect(told).toEqual(["silent 400", `proven until ${100 + stalenessBoundMs(TIMES)}`, "answers"]);
    expect(probes).toHaveLength(1);
  });

  test("stopping closes the second connection", () => {
    const { heartbeat, told, pass } = started();
    pass(100);
    pass(400);
    heartbeat.stop();
    expect(told).toEqual(["silent 400", "probe closed"]);
  });

  test("each silence is told of, and so is each end of one", () => {
    const { told, pass, answer } = started();
    const events = () => told.splice(0).filter((event) => !event.startsWith("proven"));
    for (let round = 0; round < 2; round++) {
      pass(100);
      pass(400);
      answer();
      expect(events()).toEqual(["silent 400", "probe closed", "answers"]);
      pass(100);
      answer();
      expect(events()).toEqual([]);
    }
  });

  test("bytes that come while the second connection is tried show the first one alive", () => {
    const { connection, clock, probes, told, pass } = started();
    pass(100);
    pass(400);
    connection.lastReceivedMs = clock.monotonicMs() + 1;
    pass(1);
    probes[0]!(true);
    expect(told).toEqual(["silent 400"]);
    pass(399);
    expect(probes).toHaveLength(1);
    pass(1);
    expect(probes).toHaveLength(2);
    expect(told).toEqual(["silent 400"]);
  });
});
