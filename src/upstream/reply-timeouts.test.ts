import { describe, expect, test } from "bun:test";
import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { CallbackRequest } from "./callback-request.ts";
import { OutstandingRequests } from "./outstanding-requests.ts";
import { ReplyTimeouts } from "./reply-timeouts.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** The time-outs of a connection whose state the test sets, with 50 ms to connect and 20 ms to answer. */
class Bench {
  readonly clock = new ManualClock();
  readonly timers = new ManualTimers();
  readonly requests = new OutstandingRequests(undefined);
  readonly connection = {
    isOpen: true,
    lastReceivedMs: 0,
    isReceivingLarge: false,
    close: (error: UpstreamError) => {
      this.closed.push(error);
      this.timeouts.stop();
    },
  };
  readonly closed: UpstreamError[] = [];
  readonly failed: UpstreamError[] = [];
  readonly timeouts: ReplyTimeouts;

  constructor(isSecure = false) {
    const { clock, timers } = this;
    const address = { host: "a", port: 1, isSecure };
    const options = { address, clock, timers, connectTimeoutMs: 50, timeoutMs: 20 };
    this.timeouts = new ReplyTimeouts(options, this.connection, this.requests);
  }

  request(timeoutMs = 20): CallbackRequest {
    const request = new CallbackRequest(
      () => {},
      (error) => this.failed.push(error),
    );
    request.deadlineMs = this.clock.monotonicMs() + timeoutMs;
    return request;
  }

  ask(timeoutMs = 20): void {
    this.requests.add(this.request(timeoutMs));
    this.timeouts.expect(timeoutMs, this.clock.monotonicMs());
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    this.timers.advance(ms);
  }
}

describe("a connection on which nothing arrives", () => {
  test("ends when it is not open after the time to connect", () => {
    const bench = new Bench();
    bench.connection.isOpen = false;
    bench.timeouts.expect(50, 0);
    bench.advance(49);
    expect(bench.closed).toEqual([]);
    bench.advance(1);
    expect(bench.closed).toMatchObject([
      { code: "ORIGINTIMEOUT", message: "origin a:1 sent nothing for 50 ms", maybeExecuted: false },
    ]);
  });

  test.each([
    ["a server without TLS", false, false, ""],
    ["a server with TLS that is silent", true, false, "; if it does not speak TLS, give it as redis://"],
    ["a server with TLS that shook hands", true, true, ""],
  ])("says why: %s", (_, isSecure, isOpen, hint) => {
    const bench = new Bench(isSecure);
    bench.connection.isOpen = isOpen;
    bench.requests.addIntroduction(bench.request());
    bench.timeouts.expect(50, 0);
    bench.advance(50);
    expect(bench.closed).toMatchObject([{ message: `origin a:1 sent nothing for 50 ms${hint}` }]);
    expect(bench.closed[0]!.maybeExecuted).toBe(isOpen);
  });

  test("has the time to connect for its handshake, too, from the last bytes on", () => {
    const bench = new Bench();
    const hello = bench.request(Number.POSITIVE_INFINITY);
    bench.requests.addIntroduction(hello);
    bench.timeouts.expect(50, 0);
    bench.advance(30);
    bench.connection.lastReceivedMs = 30;
    bench.advance(49);
    expect(bench.closed).toEqual([]);
    bench.advance(1);
    expect(bench.closed).toHaveLength(1);
  });

  test("ends when a large value stops arriving, though no request is late", () => {
    const bench = new Bench();
    bench.connection.isReceivingLarge = true;
    bench.timeouts.expect(20, 0);
    bench.advance(20);
    expect(bench.closed).toMatchObject([
      { message: "origin a:1 sent nothing for 20 ms", maybeExecuted: true },
    ]);
  });

  test("stays when no reply is awaited, and needs no timer then", () => {
    const bench = new Bench();
    bench.timeouts.expect(20, 0);
    bench.advance(20);
    expect(bench.closed).toEqual([]);
    expect(bench.timers.count).toBe(0);
  });
});

describe("a late reply", () => {
  test("fails its request alone when other bytes have come; the next one is timed", () => {
    const bench = new Bench();
    bench.ask();
    bench.advance(1);
    bench.ask();
    bench.connection.lastReceivedMs = 1;
    bench.advance(19);
    expect(bench.failed).toMatchObject([
      { code: "ORIGINTIMEOUT", message: "origin a:1 did not answer within 20 ms", maybeExecuted: true },
    ]);
    bench.connection.lastReceivedMs = 20;
    bench.advance(1);
    expect(bench.failed).toHaveLength(2);
    expect([bench.closed.length, bench.timers.count]).toEqual([0, 0]);
  });

  test("ends the connection when nothing else has come for exactly as long", () => {
    const bench = new Bench();
    bench.ask();
    bench.advance(20);
    expect([bench.closed.length, bench.failed.length]).toEqual([1, 0]);
  });

  test("is waited for as long as it may take, when the timer fires too early", () => {
    const bench = new Bench();
    bench.ask();
    // The clock lags behind the timers.
    bench.timers.advance(20);
    expect([bench.closed.length, bench.failed.length, bench.timers.count]).toEqual([0, 0, 1]);
    bench.clock.advance(20);
    bench.timers.advance(20);
    expect(bench.closed).toHaveLength(1);
  });
});

describe("the timer", () => {
  test("is the earliest of those asked for, and there is one at a time", () => {
    const bench = new Bench();
    bench.connection.isOpen = false;
    bench.timeouts.expect(50, 0);
    bench.timeouts.expect(60, 0);
    bench.timeouts.expect(Number.POSITIVE_INFINITY, 0);
    expect(bench.timers.count).toBe(1);
    bench.connection.isOpen = true;
    bench.ask();
    expect(bench.timers.count).toBe(1);
    bench.advance(20);
    expect(bench.closed).toHaveLength(1);
  });

  test("is not set again once it has been stopped", () => {
    const bench = new Bench();
    bench.timeouts.expect(20, 0);
    bench.timeouts.stop();
    bench.timeouts.expect(5, 0);
    expect(bench.timers.count).toBe(0);
  });
});
