import { expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest } from "./callback-request.ts";
import { notNeeded } from "./upstream-error.ts";
import type { Upstream, UpstreamRequest } from "./upstream-request.ts";

/** A connection that keeps its requests, with the bytes that were written before each. */
function keeping() {
  const requests: [UpstreamRequest, string][] = [];
  const to: Upstream = {
    out: new ByteBuffer(),
    timeoutMs: 1,
    enqueue: (request) => requests.push([request, latin1(to.out.bytes, 0, to.out.length)]),
  };
  return { to, requests };
}

test("a request is told its reply or why there is none", () => {
  const told: unknown[] = [];
  const request = new CallbackRequest(
    (_bytes, start, end) => told.push([start, end]),
    (error) => told.push(error),
  );
  const error = notNeeded();
  request.reply(new Uint8Array(5), 2, 4, new ReplyReader());
  request.failed(error);
  expect(told).toEqual([[2, 4], error]);
});

test("a request that cannot be written again is neither redirected nor sent again", () => {
  const { to, requests } = keeping();
  const request = new CallbackRequest(() => {}, undefined, undefined, "main");
  expect(request.redirectsTo).toBeUndefined();
  expect(request.resend(to)).toBe(false);
  expect(requests).toEqual([]);
  expect(() => request.failed(notNeeded())).not.toThrow();
});

test("a request that can be written again is so, and then awaits its reply", () => {
  const request = new CallbackRequest(
    () => {},
    undefined,
    ({ out }) => writeCommand(out, ["PING"]),
    2,
  );
  expect(request.redirectsTo).toBe(2);
  const [first, second] = [keeping(), keeping()];
  expect(request.resend(first.to)).toBe(true);
  request.redirect({ to: second.to, node: { fence: () => {} }, end: undefined, isAsking: false });
  for (const { requests } of [first, second]) expect(requests).toEqual([[request, "*1\r\n$4\r\nPING\r\n"]]);
});
