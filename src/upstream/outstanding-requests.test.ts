import { describe, expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import type { LargeReplySink } from "./large-reply.ts";
import { OutstandingRequests, type TakeOver } from "./outstanding-requests.ts";
import { UpstreamError } from "./upstream-error.ts";
import { type Upstream, UpstreamRequest } from "./upstream-request.ts";

const LOST = new UpstreamError("ORIGINDOWN", "lost", true);
const LATE = new UpstreamError("ORIGINTIMEOUT", "late", true);

/** A request that keeps what it is told. */
class Told extends UpstreamRequest implements LargeReplySink {
  readonly told: string[] = [];
  readonly #options: { readonly takesLarge?: boolean; readonly isSentAgain?: boolean };

  constructor(options: { readonly takesLarge?: boolean; readonly isSentAgain?: boolean } = {}) {
    super();
    this.#options = options;
  }

  override reply(bytes: Uint8Array, start: number, end: number): void {
    this.told.push(`${latin1(bytes, start, end).trim()}${this.isDone ? ", the last" : ""}`);
  }

  override failed({ message }: UpstreamError): void {
    this.told.push(`failed: ${message}`);
  }

  override takeLarge(lengthBytes: number): LargeReplySink | undefined {
    this.told.push(`large: ${lengthBytes}`);
    return this.#options.takesLarge === true ? this : undefined;
  }

  override resend(): boolean {
    this.told.push("sent again?");
    return this.#options.isSentAgain === true;
  }

  append(): boolean {
    return false;
  }

  complete(): void {
    this.told.push("complete");
  }
}

/** Adds requests, each of which awaits so many replies. */
function outstanding(awaited: readonly number[], takeOver?: TakeOver) {
  const requests = new OutstandingRequests(takeOver);
  const added = awaited.map((count) => {
    const request = new Told();
    request.repliesAwaited = count;
    requests.add(request);
    return request;
  });
  return { requests, added };
}

function answer(requests: OutstandingRequests, reply: string): boolean {
  const bytes = fromLatin1(reply);
  const reader = new ReplyReader();
  const end = reader.next(bytes, 0, bytes.length);
  return requests.answer(bytes, 0, end, reader);
}

describe("a reply", () => {
  test("answers the oldest request, which awaits all its replies", () => {
    const { requests, added } = outstanding([2, 1]);
    for (const reply of ["+1\r\n", "+2\r\n", "+3\r\n"]) expect(answer(requests, reply)).toBe(true);
    expect(added.map(({ told }) => told)).toEqual([["+1", "+2, the last"], ["+3, the last"]]);
    expect(requests.count).toBe(0);
    expect(answer(requests, "+4\r\n")).toBe(false);
  });

  test("of a request that has failed is dropped, and the next one is for the next request", () => {
    const { requests, added } = outstanding([2, 1]);
    added[0]!.isDone = true;
    for (const reply of ["+1\r\n", "+2\r\n", "+3\r\n"]) expect(answer(requests, reply)).toBe(true);
    expect(added.map(({ told }) => told)).toEqual([[], ["+3, the last"]]);
    expect(added[0]!.isDone).toBe(true);
  });

  test("that begins to arrive ends the round trip, which the later replies do not change", () => {
    const { requests, added } = outstanding([2]);
    requests.handedOver(10);
    requests.receivedMs = 10;
    answer(requests, "+1\r\n");
    requests.receivedMs = 17;
    answer(requests, "+2\r\n");
    expect([added[0]!.roundTripMs, added[0]!.answeredMs]).toEqual([0, 17]);
  });

  test("of a request that is sent over a second connection is measured anew", () => {
    const { requests, added } = outstanding([1]);
    requests.handedOver(10);
    requests.receivedMs = 12;
    answer(requests, "+1\r\n");
    added[0]!.repliesAwaited = 1;
    requests.add(added[0]!);
    requests.handedOver(20);
    requests.receivedMs = 25;
    answer(requests, "+1\r\n");
    expect(added[0]!.roundTripMs).toBe(5);
  });
});

test("only requests that have not been handed over are marked with the time", () => {
  const { requests, added } = outstanding([1, 1]);
  expect(requests.hasUnsent).toBe(true);
  requests.handedOver(10);
  expect(requests.hasUnsent).toBe(false);
  const last = new Told();
  requests.add(last);
  expect(requests.hasUnsent).toBe(true);
  requests.handedOver(20);
  expect([...added, last].map(({ handedOverMs }) => handedOverMs)).toEqual([10, 10, 20]);
  // More requests were answered before they were noted than there are: a push message can do that.
  for (const request of [new Told(), new Told()]) requests.add(request);
  for (let count = 0; count < 4; count++) answer(requests, "+OK\r\n");
  requests.handedOver(30);
  expect(requests.hasUnsent).toBe(false);
});

test("the handshake is over when the last of its requests is answered", () => {
  const requests = new OutstandingRequests(undefined);
  expect(requests.isIntroduced).toBe(true);
  for (const request of [new Told(), new Told()]) requests.addIntroduction(request);
  expect([requests.areIntroductions, requests.isIntroduced]).toEqual([true, false]);
  requests.add(new Told());
  expect(requests.areIntroductions).toBe(false);
  answer(requests, "+1\r\n");
  expect(requests.isIntroduced).toBe(false);
  answer(requests, "+2\r\n");
  expect(requests.isIntroduced).toBe(true);
  answer(requests, "+3\r\n");
  expect([requests.areIntroductions, requests.isIntroduced]).toEqual([true, true]);
});

test("a push message answers the oldest request, and no other", () => {
  const { requests, added } = outstanding([1, 1]);
  requests.answeredByPush(added[1]!);
  expect([requests.count, added[1]!.isDone]).toEqual([2, false]);
  requests.answeredByPush(added[0]!);
  expect([requests.count, added[0]!.isDone]).toEqual([1, true]);
  answer(requests, "+1\r\n");
  expect(added.map(({ told }) => told)).toEqual([[], ["+1, the last"]]);
});

describe("an error that may have the request sent elsewhere", () => {
  test("is not told to a request that is; its later replies are dropped", () => {
    const shown: UpstreamRequest[] = [];
    const { requests, added } = outstanding([2, 1, 1], (request) => shown.push(request) > 0);
    requests.receivedMs = 5;
    const replies = ["-MOVED\r\n", "-MOVED\r\n", "+3\r\n", "-MOVED\r\n"];
    expect(replies.map((reply) => answer(requests, reply))).toEqual([true, true, true, true]);
    expect(added.map(({ told }) => told)).toEqual([[], ["+3, the last"], []]);
    expect(shown).toEqual([added[0]!, added[2]!]);
    expect(added.map(({ isDone }) => isDone)).toEqual([false, true, false]);
    expect(requests.count).toBe(0);
  });

  test("is told to a request that is not, and to one that has none to take it over", () => {
    for (const takeOver of [() => false, undefined]) {
      const { requests, added } = outstanding([2, 1], takeOver);
      for (const reply of ["-ERR\r\n", "+2\r\n", "!3\r\nERR\r\n"]) answer(requests, reply);
      expect(added.map(({ told }) => told)).toEqual([["-ERR", "+2, the last"], ["!3\r\nERR, the last"]]);
    }
  });

  test("is not shown for a request that has failed", () => {
    const { requests, added } = outstanding([1], () => true);
    added[0]!.isDone = true;
    answer(requests, "-MOVED\r\n");
    expect([requests.count, added[0]!.repliesAwaited]).toEqual([0, 0]);
  });

  test("is the last reply if the connection ends meanwhile; a request that was taken over does not fail", () => {
    for (const isTaken of [true, false]) {
      const { requests, added } = outstanding([3, 1], () => {
        requests.end(LOST, undefined);
        return isTaken;
      });
      answer(requests, "-MOVED\r\n");
      expect(added.map(({ told }) => told)).toEqual([isTaken ? [] : ["-MOVED, the last"], ["failed: lost"]]);
    }
  });

  test("leaves the deadline to the replies that are still to come", () => {
    const { requests, added } = outstanding([], () => true);
    const request = new Told();
    request.repliesAwaited = 2;
    request.deadlineMs = 10;
    requests.add(request);
    answer(requests, "-MOVED\r\n");
    expect([requests.hasOverdue(9), requests.hasOverdue(10)]).toEqual([false, true]);
    expect(added).toEqual([]);
  });
});

describe("a large value", () => {
  test("goes to a request that takes it, is not late, and its round trip ends with its beginning", () => {
    const requests = new OutstandingRequests(undefined);
    const request = new Told({ takesLarge: true });
    request.deadlineMs = 10;
    requests.add(request);
    requests.handedOver(1);
    requests.receivedMs = 1;
    const large = requests.takeLarge(300_000)!;
    requests.receivedMs = 9;
    requests.completeLarge(large);
    expect(request.told).toEqual(["large: 300000", "complete"]);
    expect([request.deadlineMs, request.roundTripMs]).toEqual([Number.POSITIVE_INFINITY, 0]);
    expect([request.isDone, request.repliesAwaited, requests.count]).toEqual([true, 0, 0]);
  });

  test("is gathered for a request that does not take it, that awaits more, and without a request", () => {
    const { requests, added } = outstanding([2]);
    expect(requests.takeLarge(300_000)).toBeUndefined();
    expect(added[0]!.told).toEqual([]);
    added[0]!.repliesAwaited = 1;
    added[0]!.deadlineMs = 10;
    expect(requests.takeLarge(300_000)).toBeUndefined();
    expect([added[0]!.told, added[0]!.deadlineMs]).toEqual([["large: 300000"], 10]);
    expect(new OutstandingRequests(undefined).takeLarge(300_000)).toBeUndefined();
  });

  test("behind other replies leaves the round trip of the first one", () => {
    const { requests, added } = outstanding([2]);
    answer(requests, "+1\r\n");
    requests.receivedMs = 8;
    requests.takeLarge(300_000);
    expect(added[0]!.roundTripMs).toBe(0);
  });

  test("is dropped for a request that has failed", () => {
    const { requests, added } = outstanding([1, 1]);
    added[0]!.isDone = true;
    requests.completeLarge(requests.takeLarge(300_000)!);
    answer(requests, "+1\r\n");
    expect(added.map(({ told }) => told)).toEqual([[], ["+1, the last"]]);
  });
});

describe("a deadline", () => {
  /** Requests with these deadlines, in the order in which they were sent. */
  function due(...deadlines: readonly number[]) {
    const { requests, added } = outstanding(deadlines.map(() => 1));
    for (const [index, deadlineMs] of deadlines.entries()) added[index]!.deadlineMs = deadlineMs;
    return { requests, added };
  }
  const NEVER = Number.POSITIVE_INFINITY;

  test("is passed from its moment on", () => {
    expect(outstanding([]).requests.hasOverdue(0)).toBe(false);
    const { requests } = due(NEVER, 10, 20);
    expect([9, 10, 11].map((nowMs) => requests.hasOverdue(nowMs))).toEqual([false, true, true]);
    expect(due(NEVER).requests.hasOverdue(1e9)).toBe(false);
  });

  test("that is passed fails its request once; the next deadline is told", () => {
    const { requests, added } = due(NEVER, 10, 11, 12);
    expect(requests.failOverdue(9, () => LATE)).toBe(10);
    expect(requests.failOverdue(11, () => LATE)).toBe(12);
    expect(requests.failOverdue(11, () => LATE)).toBe(12);
    expect(added.map(({ told }) => told)).toEqual([[], ["failed: late"], ["failed: late"], []]);
    // They still await their replies.
    expect([requests.count, requests.hasOverdue(11)]).toEqual([4, true]);
    expect(requests.failOverdue(12, () => LATE)).toBe(NEVER);
    expect(added[3]!.told).toEqual(["failed: late"]);
    expect(due(10).requests.failOverdue(9, () => LATE)).toBe(10);
  });
});

describe("the end of the connection", () => {
  const heir: Upstream = { out: new ByteBuffer(), timeoutMs: 1, enqueue() {} };

  test("fails each request that is not done", () => {
    const { requests, added } = outstanding([1, 1]);
    added[0]!.isDone = true;
    requests.end(LOST, undefined);
    expect(added.map(({ told }) => told)).toEqual([[], ["failed: lost"]]);
    expect([added[1]!.isDone, requests.count]).toEqual([true, 0]);
  });

  test("has requests sent again over an heir, if that may be done", () => {
    const requests = new OutstandingRequests(undefined);
    const [done, read, write] = [new Told(), new Told({ isSentAgain: true }), new Told()];
    done.isDone = true;
    for (const request of [done, read, write]) requests.add(request);
    requests.end(LOST, heir);
    expect([done, read, write].map(({ told }) => told)).toEqual([
      [],
      ["sent again?"],
      ["sent again?", "failed: lost"],
    ]);
    expect(read.isDone).toBe(false);
  });
});
