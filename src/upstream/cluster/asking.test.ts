import { expect, test } from "bun:test";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../../lib/bytes.ts";
import { ReplyReader } from "../../protocol/reply-reader.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import type { LargeReplySink } from "../large-reply.ts";
import { OutstandingRequests } from "../outstanding-requests.ts";
import { UpstreamError } from "../upstream-error.ts";
import { type Redirected, type Upstream, UpstreamRequest } from "../upstream-request.ts";
import { AskingUpstream } from "./asking.ts";

/** A request that keeps what it is told. */
class Told extends UpstreamRequest {
  readonly told: string[] = [];
  readonly sink: LargeReplySink = { append: () => false, complete: () => this.told.push("complete") };

  override reply(bytes: Uint8Array, start: number, end: number): void {
    const { repliesAwaited, isDone, handedOverMs, roundTripMs } = this;
    this.told.push(latin1(bytes, start, end).trim());
    this.told.push(`${repliesAwaited} awaited, done ${isDone}, ${roundTripMs} ms from ${handedOverMs} on`);
  }

  override takeLarge(lengthBytes: number): LargeReplySink {
    this.told.push(`${lengthBytes} bytes, ${this.repliesAwaited} awaited, ${this.roundTripMs} ms`);
    return this.sink;
  }

  override failed({ message }: UpstreamError): void {
    this.told.push(`failed: ${message}, done ${this.isDone}`);
  }

  override get redirectsTo(): 3 {
    return 3;
  }

  override redirect(): void {
    this.told.push(`redirected ${this.redirections} times, until ${this.giveUpAtMs}`);
  }
}

/** A connection whose requests await their replies, and its asking side. */
function open() {
  const requests = new OutstandingRequests(undefined);
  const enqueued: { request: UpstreamRequest; timeoutMs: number | undefined; nowMs: number | undefined }[] =
    [];
  const to: Upstream = {
    out: new ByteBuffer(),
    timeoutMs: 70,
    enqueue: (request, timeoutMs, nowMs) => {
      enqueued.push({ request, timeoutMs, nowMs });
      requests.add(request);
    },
  };
  const answer = (...replies: readonly string[]): void => {
    for (const reply of replies) {
      const bytes = fromLatin1(reply);
      const reader = new ReplyReader();
      requests.answer(bytes, 0, reader.next(bytes, 0, bytes.length), reader);
    }
  };
  return { to, asking: new AskingUpstream(to), requests, enqueued, answer };
}

test("ASKING precedes each command of a request, whatever bytes its arguments hold", () => {
  const { to, asking, enqueued } = open();
  const commands = [["MULTI"], ["SET", "a", ""], ["SET", "b", "*1\r\n$1\r\nx".repeat(30)], ["EXEC"]];
  const expected = new ByteBuffer();
  for (const command of commands) {
    writeCommand(asking.out, command);
    writeCommand(expected, ["ASKING"]);
    writeCommand(expected, command);
  }
  asking.enqueue(new Told(), 9, 5);
  expect(latin1(to.out.bytes, 0, to.out.length)).toBe(latin1(expected.bytes, 0, expected.length));
  expect([asking.out.length, asking.timeoutMs]).toEqual([0, 70]);
  expect(enqueued).toMatchObject([{ timeoutMs: 9, nowMs: 5 }]);
});

test("the answers to ASKING are dropped; the others come with what was measured", () => {
  const { asking, requests, answer } = open();
  const request = new Told();
  request.repliesAwaited = 2;
  asking.enqueue(request);
  requests.handedOver(10);
  requests.receivedMs = 13;
  answer("+OK\r\n", "+QUEUED\r\n", "-ERR\r\n");
  expect(request.told).toEqual(["+QUEUED", "1 awaited, done false, 3 ms from 10 on"]);
  answer("*0\r\n");
  expect(request.told.slice(2)).toEqual(["*0", "0 awaited, done true, 3 ms from 10 on"]);
  expect(requests.count).toBe(0);
});

test("a large value behind the answer to ASKING arrives piece by piece", () => {
  const { asking, requests, answer } = open();
  const request = new Told();
  request.repliesAwaited = 2;
  asking.enqueue(request);
  requests.handedOver(10);
  requests.receivedMs = 12;
  answer("+OK\r\n", "+1\r\n", "+OK\r\n");
  request.told.length = 0;
  requests.completeLarge(requests.takeLarge(300_000)!);
  expect(request.told).toEqual(["300000 bytes, 1 awaited, 2 ms", "complete"]);
});

test("a request that is redirected again knows how often and until when; it may fail", () => {
  const { asking, enqueued } = open();
  const request = new Told();
  request.redirections = 2;
  request.giveUpAtMs = 8;
  asking.enqueue(request);
  const sent = enqueued[0]!.request;
  expect([sent.redirections, sent.giveUpAtMs, sent.redirectsTo]).toEqual([2, 8, 3]);
  sent.redirections = 3;
  sent.giveUpAtMs = 9;
  sent.redirect({} as Redirected);
  sent.failed(new UpstreamError("ORIGINDOWN", "lost", true));
  expect(request.told).toEqual(["redirected 3 times, until 9", "failed: lost, done true"]);
});
