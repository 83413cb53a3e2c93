import { describe, expect, test } from "bun:test";
import type { ReplyMode } from "../commands/client.ts";
import type { LargeValue } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { simulatedHost, turn } from "./connection-stage-fixture.ts";
import { LimitedMessages } from "./limited-messages.ts";
import type { ConnectionLimits } from "./limits.ts";
import { type RepliedConnection, Replies } from "./replies.ts";
import { SimulatedWire } from "./simulated-wire-fixture.ts";
import type { Ticket } from "./ticket.ts";

/** The replies of a connection that the test plays. */
class Bench implements RepliedConnection {
  readonly remoteAddress = "10.0.0.1";
  protocol: "undecided" | "resp" | "text" = "resp";
  respVersion: 2 | 3 = 2;
  replyMode: ReplyMode = "on";
  isClosed = false;
  awaitsReplies = false;
  /** What `settle` returns next. */
  settlement: Promise<void> | undefined;
  settledCount = 0;
  readonly session = {
    request() {},
    settle: () => {
      this.settledCount++;
      const { settlement } = this;
      this.settlement = undefined;
      return settlement;
    },
    closed() {},
  };
  /** What the connection was told, in order. */
  readonly told: string[] = [];
  readonly warnings: string[] = [];
  readonly wire = new SimulatedWire(Number.POSITIVE_INFINITY);
  readonly clock = new ManualClock();
  readonly host: ReturnType<typeof simulatedHost>;
  readonly replies: Replies;

  constructor(limits: Partial<ConnectionLimits> = {}) {
    const log: Log = { ...silentLog, warn: (message) => void this.warnings.push(String(message)) };
    const unreadReplies = new LimitedMessages(log, this.clock);
    this.host = { ...simulatedHost(this.clock, limits), unreadReplies };
    this.replies = new Replies(this, this.wire, this.host);
  }

  sent(all: boolean): void {
    this.told.push(all ? "sent all" : "sent");
  }

  stopExecuting(how: string): void {
    this.told.push(how);
  }

  terminate(): void {
    this.told.push("terminate");
    this.isClosed = true;
    this.replies.discard();
  }

  get output(): string {
    return latin1(this.wire.sent.view());
  }

  /** Writes replies as during the execution of requests, without sending them. */
  write(...texts: string[]): void {
    this.replies.beginWriting();
    for (const text of texts) this.host.codec.resp.status(text);
    this.replies.endWriting();
  }

  /** Answers a request at once. */
  answer(...texts: string[]): void {
    this.write(...texts);
    this.replies.send();
  }

  push(text: string): void {
    // The bytes lie in the midst of others.
    const bytes = utf8(`<${text}>`);
    this.replies.push(bytes, 1, bytes.length - 1);
  }

  pushAhead(text: string): void {
    const bytes = utf8(`<${text}>`);
    this.replies.pushAhead(bytes, 1, bytes.length - 1);
  }
}

function finish(ticket: Ticket, text: string): void {
  ticket.reply.status(text);
  ticket.done();
}

/** A value of which all, or some, bytes can be read. */
function largeOf(text: string, availableBytes?: number): LargeValue & { isReleased: boolean } {
  return {
    lengthBytes: text.length,
    ...(availableBytes !== undefined && { availableBytes }),
    isReleased: false,
    read(offset, count, target) {
      target.append(utf8(text.slice(offset, offset + count)));
      return true;
    },
    release() {
      this.isReleased = true;
    },
  };
}

describe("replies that are written at once", () => {
  test("go out together, and count as sent", () => {
    const bench = new Bench();
    bench.answer("A", "B");
    expect([bench.output, bench.told, bench.host.registry.bytesSent]).toEqual([
      "+A\r\n+B\r\n",
      ["sent all"],
      8,
    ]);
    expect([bench.replies.areAnswered, bench.replies.waitingBytes, bench.replies.blockedSinceMs]).toEqual([
      true,
      0,
      -1,
    ]);
  });

  test("wait in part when the client takes no more, and later ones wait behind them", () => {
    const bench = new Bench();
    bench.wire.room = 1;
    bench.answer("A");
    const blockedMs = bench.clock.monotonicMs();
    expect([bench.output, bench.told, bench.replies.waitingBytes]).toEqual(["+", ["sent"], 3]);
    bench.wire.room = 0;
    bench.clock.advance(5);
    bench.answer("B");
    expect([bench.replies.waitingBytes, bench.replies.blockedSinceMs]).toEqual([7, blockedMs]);
    bench.wire.room = 100;
    bench.replies.flush();
    expect([bench.output, bench.told.at(-1), bench.host.registry.bytesSent]).toEqual([
      "+A\r\n+B\r\n",
      "sent all",
      8,
    ]);
    expect(bench.replies.blockedSinceMs).toBe(-1);
  });

  test("go behind the last byte of those before", () => {
    const bench = new Bench();
    bench.wire.room = 3;
    bench.answer("A");
    expect(bench.replies.waitingBytes).toBe(1);
    bench.wire.room = 100;
    bench.answer("B");
    expect(bench.output).toBe("+A\r\n+B\r\n");
  });

  test("may have one byte, and be put in order all the same", () => {
    const bench = new Bench();
    bench.host.codec.scratch.append(utf8("x"));
    bench.replies.enqueue();
    expect([bench.replies.waitingBytes, bench.host.codec.scratch.length]).toEqual([1, 0]);
  });

  test("of which a broken wire takes none are not counted", () => {
    const bench = new Bench();
    bench.wire.shutdown();
    bench.answer("A");
    expect([bench.host.registry.bytesSent, bench.replies.waitingBytes]).toEqual([0, 4]);
  });

  test("are dropped when the client has gone", () => {
    const bench = new Bench();
    bench.isClosed = true;
    bench.answer("A");
    expect([bench.output, bench.told]).toEqual(["", []]);
    expect(bench.host.codec.scratch.length).toBe(0);
  });

  test("speak the version of their client, whatever the client before spoke", () => {
    const bench = new Bench();
    const { resp } = bench.host.codec;
    const written: string[] = [];
    for (const version of [3, 2] as const) {
      bench.respVersion = version;
      bench.replies.beginWriting();
      resp.null();
      bench.replies.endWriting();
      bench.replies.send();
      written.push(bench.output);
    }
    expect(written).toEqual(["_\r\n", "_\r\n$-1\r\n"]);
  });
});

describe("replies that are written later", () => {
  test("keep their place among those written at once", async () => {
    const bench = new Bench();
    const { replies } = bench;
    replies.beginWriting();
    bench.host.codec.resp.status("A");
    const ticket = replies.defer();
    bench.host.codec.resp.status("C");
    replies.endWriting();
    replies.send();
    expect([bench.output, replies.areAnswered, replies.openCount, replies.waitingBytes]).toEqual([
      "+A\r\n",
      false,
      1,
      4,
    ]);
    expect(bench.told.at(-1)).toBe("sent");
    finish(ticket, "B");
    await turn();
    expect([bench.output, bench.told.at(-1)]).toEqual(["+A\r\n+B\r\n+C\r\n", "sent all"]);
    expect([replies.areAnswered, replies.openCount]).toEqual([true, 0]);
  });

  test("leave alone what another connection has written", () => {
    const bench = new Bench();
    // Another connection of the listener writes.
    bench.host.codec.resp.status("FOREIGN");
    bench.replies.defer();
    expect(latin1(bench.host.codec.scratch.view())).toBe("+FOREIGN\r\n");
  });

  test("are not sent to a client that wants none, whatever it wants later", async () => {
    const bench = new Bench();
    bench.replyMode = "off";
    const ticket = bench.replies.defer();
    bench.replyMode = "on";
    const second = bench.replies.defer();
    finish(ticket, "A");
    finish(second, "B");
    await turn();
    expect(bench.output).toBe("+B\r\n");
  });

  test.each([
    ["text", 2, false, "No such key found\n"],
    ["text", 3, true, "No such key found"],
    ["resp", 2, false, "$-1\r\n"],
    ["undecided", 3, false, "_\r\n"],
  ] as const)(
    "speak the protocol of their request: %s, version %d, bare: %p",
    async (protocol, version, isBare, expected) => {
      const bench = new Bench();
      bench.protocol = protocol;
      bench.respVersion = version;
      if (isBare) bench.replies.isBare = true;
      const ticket = bench.replies.defer();
      bench.protocol = "resp";
      ticket.reply.null();
      ticket.done();
      await turn();
      expect(bench.output).toBe(expected);
    },
  );

  test("and at once need no buffer of their own when it is their turn", async () => {
    const bench = new Bench();
    const [first, second] = [bench.replies.defer(), bench.replies.defer()];
    second.begin().status("B");
    second.done();
    first.begin().status("A");
    first.done();
    expect(first.length).toBe(0);
    await turn();
    expect(bench.output).toBe("+A\r\n+B\r\n");
  });

  test("have the connection told although they are not in turn, if it waits for that", async () => {
    for (const awaitsReplies of [false, true]) {
      const bench = new Bench();
      bench.replies.defer();
      const second = bench.replies.defer();
      bench.awaitsReplies = awaitsReplies;
      finish(second, "B");
      await turn();
      expect(bench.told).toEqual(awaitsReplies ? ["sent"] : []);
    }
  });

  test("in pieces go out when it is their turn, and not before", async () => {
    const bench = new Bench();
    const [first, second] = [bench.replies.defer(), bench.replies.defer()];
    second.reply.status("B");
    expect([second.flush(), bench.output]).toEqual([undefined, ""]);
    first.reply.status("A");
    expect([first.flush(), bench.output]).toEqual([undefined, "+A\r\n"]);
    first.done();
    await turn();
    expect(bench.output).toBe("+A\r\n");
    second.reply.status("C");
    second.done();
    await turn();
    expect(bench.output).toBe("+A\r\n+B\r\n+C\r\n");
  });

  test("in pieces wait while as much waits as the limit allows, wherever it waits", async () => {
    const bench = new Bench({ pausedReplyBytes: 8 });
    const { replies, wire } = bench;
    wire.room = 0;
    const first = replies.defer();
    first.buffer.append(utf8("123"));
    expect(first.flush()).toBeUndefined();
    const second = replies.defer();
    second.buffer.append(utf8("4567"));
    expect(second.flush()).toBeUndefined();
    second.buffer.append(utf8("8"));
    const waiting = second.flush();
    expect(waiting).toBeInstanceOf(Promise);
    wire.room = 100;
    replies.flush();
    expect(await waiting).toBeUndefined();
  });

  test("nobody waits for a client that has gone", async () => {
    const bench = new Bench({ pausedReplyBytes: 1 });
    bench.wire.room = 0;
    bench.push("x");
    await turn();
    const waiting = bench.replies.whenDrained();
    bench.isClosed = true;
    bench.replies.discard();
    expect(await waiting).toBeUndefined();
    const ticket = bench.replies.defer();
    ticket.reply.status("A");
    expect([ticket.flush(), bench.replies.whenDrained()]).toEqual([undefined, undefined]);
    ticket.done();
    bench.replies.defer().begin().status("B");
    await turn();
    expect(bench.told).toEqual(["sent"]);
  });
});

describe("pushes", () => {
  test("during a request of the client come behind its reply", () => {
    const bench = new Bench();
    const { replies, host } = bench;
    replies.beginWriting();
    bench.push("one");
    bench.push("two");
    host.codec.resp.status("A");
    replies.appendPushed();
    host.codec.resp.status("B");
    replies.appendPushed();
    replies.endWriting();
    replies.send();
    expect(bench.output).toBe("+A\r\nonetwo+B\r\n");
  });

  test("else go out at the end of the turn, behind outstanding replies", async () => {
    const bench = new Bench();
    bench.push("one");
    expect(bench.output).toBe("");
    await turn();
    expect(bench.output).toBe("one");
    const ticket = bench.replies.defer();
    bench.push("two");
    await turn();
    expect(bench.output).toBe("one");
    finish(ticket, "A");
    await turn();
    expect(bench.output).toBe("one+A\r\ntwo");
  });

  test("go before outstanding replies where that is asked for", async () => {
    const bench = new Bench();
    const ticket = bench.replies.defer();
    bench.pushAhead("one");
    await turn();
    expect(bench.output).toBe("one");
    finish(ticket, "A");
    await turn();
    expect(bench.output).toBe("one+A\r\n");
  });

  test("to a client that has gone are dropped", async () => {
    const bench = new Bench();
    bench.isClosed = true;
    bench.push("one");
    bench.pushAhead("two");
    await turn();
    expect([bench.replies.waitingBytes, bench.told]).toEqual([0, []]);
  });
});

describe("large values", () => {
  test.each([
    ["on", true, false, true],
    ["on", false, false, false],
    ["on", true, true, false],
    ["off", true, false, false],
    ["skip", true, false, false],
  ] as const)(
    "of a client with replies %s, which is written to: %p, and closed: %p, are taken: %p",
    (replyMode, isWriting, isClosed, accepts) => {
      const bench = new Bench();
      bench.replyMode = replyMode;
      bench.isClosed = isClosed;
      bench.replies.beginWriting();
      if (!isWriting) bench.replies.endWriting();
      const { resp, text } = bench.host.codec;
      expect([resp.takesLarge, text.takesLarge]).toEqual([accepts, accepts]);
    },
  );

  test("go out between the bytes around them, and are noted for their request", () => {
    const bench = new Bench();
    const { replies, host } = bench;
    const value = largeOf("0123456789");
    host.registry.requestCount = 7;
    replies.beginWriting();
    expect(replies.largeInRequest).toBeLessThan(0);
    host.codec.resp.array(2);
    host.codec.resp.takeLarge(value);
    host.codec.resp.status("A");
    expect([replies.largeInRequest, replies.waitingBytesWithLarge - replies.waitingBytes]).toEqual([7, 10]);
    replies.endWriting();
    replies.send();
    expect(bench.output).toBe("*2\r\n$10\r\n0123456789\r\n+A\r\n");
    expect([value.isReleased, replies.waitingBytesWithLarge]).toEqual([true, 0]);
  });

  test("wait for what has to settle first, although nothing was written before them", async () => {
    const bench = new Bench();
    const { promise, resolve } = Promise.withResolvers<void>();
    bench.settlement = promise;
    bench.replies.beginWriting();
    bench.replies.takeLarge(largeOf("large"), utf8("\n"));
    bench.replies.endWriting();
    bench.replies.send();
    await turn();
    expect(bench.output).toBe("");
    resolve();
    await turn();
    expect(bench.output).toBe("large\n");
  });

  test("of more than one turn go out whole", async () => {
    const bench = new Bench();
    const text = "x".repeat(600_000);
    bench.host.slice.reserve(64 * 1024);
    bench.replies.beginWriting();
    bench.replies.takeLarge(largeOf(text), utf8("\n"));
    bench.replies.endWriting();
    bench.replies.send();
    expect(bench.output.length).toBeLessThan(text.length);
    await new Promise(setImmediate);
    await turn();
    expect(bench.output === `${text}\n`).toBe(true);
  });

  test("are let go when the client has gone", () => {
    const bench = new Bench();
    const value = largeOf("large");
    bench.wire.room = 0;
    bench.replies.beginWriting();
    bench.replies.takeLarge(value, utf8("\n"));
    bench.replies.endWriting();
    bench.replies.send();
    expect(value.isReleased).toBe(false);
    bench.replies.discard();
    expect([value.isReleased, bench.replies.waitingBytesWithLarge]).toEqual([true, 1]);
  });

  test("that are lost end the connection", () => {
    const bench = new Bench();
    bench.replies.beginWriting();
    bench.replies.takeLarge({ ...largeOf("large"), read: () => false }, utf8("\n"));
    bench.replies.endWriting();
    bench.replies.send();
    expect(bench.told).toEqual(["terminate"]);
  });
});

describe("replies that have to settle", () => {
  test("wait until they have, and later ones wait behind them", async () => {
    const bench = new Bench();
    const { promise, resolve } = Promise.withResolvers<void>();
    bench.settlement = promise;
    bench.answer("A");
    bench.answer("B");
    await turn();
    expect([bench.output, bench.replies.openCount, bench.host.codec.scratch.length]).toEqual(["", 1, 0]);
    resolve();
    await turn();
    expect([bench.output, bench.told.at(-1)]).toEqual(["+A\r\n+B\r\n", "sent all"]);
  });

  test("become one error, and the end, when they cannot", async () => {
    const bench = new Bench();
    const { promise, reject } = Promise.withResolvers<void>();
    bench.settlement = promise;
    bench.answer("A", "B");
    bench.answer("C");
    reject(new Error("the disk is full"));
    await turn();
    expect(bench.output).toBe("-MISCONF the disk is full\r\n");
    expect(bench.told).toContain("refusing");
  });

  test("are asked about once, and not at all when nothing was written", () => {
    const bench = new Bench();
    bench.replies.send();
    bench.replies.enqueue();
    expect(bench.settledCount).toBe(0);
    bench.answer("A");
    bench.replies.send();
    expect(bench.settledCount).toBe(1);
  });
});

describe("a client that reads too little", () => {
  test("is cut off when more waits for it than the limit, and not before", async () => {
    const bench = new Bench({ replyBytes: 10 });
    bench.wire.room = 0;
    bench.push("0123456789");
    await turn();
    expect([bench.isClosed, bench.host.registry.outputLimitCount, bench.warnings]).toEqual([false, 0, []]);
    bench.push("x");
    await turn();
    expect([bench.told.at(-1), bench.host.registry.outputLimitCount]).toEqual(["terminate", 1]);
    expect(bench.warnings).toEqual([
      "closed the connection of 10.0.0.1: it leaves more than 10 B of replies unread (--max-pending-replies)",
    ]);
  });

  test("has what waits behind an outstanding reply counted, and what large values hold", async () => {
    const bench = new Bench({ replyBytes: 10 });
    bench.wire.room = 0;
    bench.replies.beginWriting();
    bench.replies.takeLarge({ ...largeOf("0123456"), heldBytes: 7 }, utf8("89"));
    bench.replies.endWriting();
    bench.push("x");
    await turn();
    expect(bench.isClosed).toBe(false);
    bench.push("y");
    await turn();
    expect(bench.isClosed).toBe(true);
  });

  test("is written to again below the limit that pauses", async () => {
    const bench = new Bench({ pausedReplyBytes: 10 });
    bench.wire.room = 0;
    bench.push("0123456789");
    await turn();
    let wakings = 0;
    for (let waiters = 0; waiters < 2; waiters++) void bench.replies.whenDrained()!.then(() => wakings++);
    bench.replies.flush();
    await turn();
    expect(wakings).toBe(0);
    bench.wire.room = 1;
    bench.replies.flush();
    await turn();
    expect([wakings, bench.replies.whenDrained()]).toEqual([2, undefined]);
  });
});
