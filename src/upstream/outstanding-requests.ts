import { Queue } from "../lib/queue.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { isErrorReply } from "./error-reply.ts";
import { LargeReply } from "./large-reply.ts";
import type { UpstreamError } from "./upstream-error.ts";
import { type Upstream, UpstreamRequest } from "./upstream-request.ts";

/**
 * Is shown an error reply before its request is. May send the request elsewhere, if `redirectsTo` says that it can be;
 * the request then gets nothing more from this connection.
 * @returns whether it has done so
 */
export type TakeOver = (request: UpstreamRequest, bytes: Uint8Array, reader: ReplyReader) => boolean;

/** The requests of one connection without a reply. Replies come in the order of the requests. */
export class OutstandingRequests {
  readonly #requests = new Queue<UpstreamRequest>();
  /** The number of handshake requests, which come first. */
  #introductions = 0;
  /** The number of requests whose bytes have not been handed to the system, the last ones. */
  #unsent = 0;
  /** When the bytes being read arrived: monotonic, with its fraction. */
  receivedMs = 0;
  readonly #takeOver: TakeOver | undefined;

  /** @param takeOver undefined: every request gets its errors */
  constructor(takeOver: TakeOver | undefined) {
    this.#takeOver = takeOver;
  }

  get count(): number {
    return this.#requests.length;
  }

  /** Whether only handshake requests are outstanding. */
  get areIntroductions(): boolean {
    return this.#requests.length === this.#introductions;
  }

  /** Whether the handshake has been answered. */
  get isIntroduced(): boolean {
    return this.#introductions === 0;
  }

  addIntroduction(request: UpstreamRequest): void {
    this.#introductions++;
    this.add(request);
  }

  add(request: UpstreamRequest): void {
    request.roundTripMs = -1;
    this.#requests.push(request);
    this.#unsent++;
  }

  /** The bytes of all requests so far have been handed to the system. @param nowMs monotonic, with its fraction */
  handedOver(nowMs: number): void {
    const { length } = this.#requests;
    for (let index = Math.max(0, length - this.#unsent); index < length; index++) {
      this.#requests.at(index)!.handedOverMs = nowMs;
    }
    this.#unsent = 0;
  }

  /** Whether `handedOver` has anything to note. */
  get hasUnsent(): boolean {
    return this.#unsent > 0;
  }

  /** Hands the reply bytes[start, end) to its request. @returns false if no request is outstanding */
  answer(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): boolean {
    const request = this.#requests.peek();
    if (request === undefined) return false;
    if (request.roundTripMs < 0) request.roundTripMs = this.receivedMs - request.handedOverMs;
    request.answeredMs = this.receivedMs;
    if (isErrorReply(reader) && this.#isTakenOver(request, bytes, reader)) return true;
    const isLast = --request.repliesAwaited === 0;
    if (isLast) {
      this.#requests.shift();
      if (this.#introductions > 0) this.#introductions--;
    }
    if (request.isDone) return true;
    request.isDone = isLast;
    request.reply(bytes, start, end, reader);
    return true;
  }

  /** Ends the request that is next to be answered, if it is this one: a push message has answered it. */
  answeredByPush(request: UpstreamRequest): void {
    if (this.#requests.peek() !== request) return;
    this.#requests.shift();
    request.isDone = true;
  }

  /** Lets `takeOver` have a request that got an error. Its later replies are dropped. */
  #isTakenOver(request: UpstreamRequest, bytes: Uint8Array, reader: ReplyReader): boolean {
    if (this.#takeOver === undefined || request.isDone) return false;
    const requests = this.#requests;
    const repliesLeft = request.repliesAwaited - 1;
    // Before it is sent elsewhere: that may end this connection, which would fail the requests that it still has.
    const rest = new TakenOverRequest(request, repliesLeft);
    requests.replaceFirst(rest);
    const isTaken = this.#takeOver(request, bytes, reader);
    if (requests.peek() === rest) {
      if (!isTaken) requests.replaceFirst(request);
      else if (repliesLeft === 0) requests.shift();
    } else if (!isTaken) {
      // The connection has ended: the error is the last reply that the request gets.
      request.repliesAwaited = 1;
    }
    return isTaken;
  }

  /**
   * Begins to receive a byte string of this length.
   * @returns its receiver; undefined if the request wants it gathered
   */
  takeLarge(lengthBytes: number): LargeReply | undefined {
    const request = this.#requests.peek();
    if (request === undefined || request.repliesAwaited > 1) return undefined;
    if (request.roundTripMs < 0) request.roundTripMs = this.receivedMs - request.handedOverMs;
    const sink = request.isDone ? undefined : request.takeLarge(lengthBytes);
    if (sink === undefined && !request.isDone) return undefined;
    // A reply that is arriving is not late.
    request.deadlineMs = Number.POSITIVE_INFINITY;
    return new LargeReply(lengthBytes, sink);
  }

  /** Completes the large reply of the first request. */
  completeLarge(large: LargeReply): void {
    const request = this.#requests.shift()!;
    request.repliesAwaited = 0;
    request.isDone = true;
    large.complete();
  }

  /** Whether a request is past its deadline, even one that has already failed for that. */
  hasOverdue(nowMs: number): boolean {
    for (let index = 0; index < this.#requests.length; index++) {
      const { deadlineMs } = this.#requests.at(index)!;
      if (deadlineMs <= nowMs) return true;
      if (deadlineMs !== Number.POSITIVE_INFINITY) return false;
    }
    return false;
  }

  /**
   * Fails the requests past their deadline. All have the same time-out, so the oldest come first.
   * @returns the next deadline
   */
  failOverdue(nowMs: number, error: () => UpstreamError): number {
    for (let index = 0; index < this.#requests.length; index++) {
      const request = this.#requests.at(index)!;
      if (request.isDone || request.deadlineMs === Number.POSITIVE_INFINITY) continue;
      if (request.deadlineMs > nowMs) return request.deadlineMs;
      fail(request, error());
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Sends again over `heir` the requests that can be sent again, and fails the others. */
  end(error: UpstreamError, heir: Upstream | undefined): void {
    for (let request = this.#requests.shift(); request !== undefined; request = this.#requests.shift()) {
      const isAskedAgain = heir !== undefined && !request.isDone && request.resend(heir);
      if (!isAskedAgain) fail(request, error);
    }
  }
}

function fail(request: UpstreamRequest, error: UpstreamError): void {
  if (request.isDone) return;
  request.isDone = true;
  request.failed(error);
}

/** In place of a request that was taken over: later replies to it are dropped. */
class TakenOverRequest extends UpstreamRequest {
  override isDone = true;

  constructor({ deadlineMs, sentAtMs }: UpstreamRequest, repliesLeft: number) {
    super();
    this.deadlineMs = deadlineMs;
    this.sentAtMs = sentAtMs;
    this.repliesAwaited = repliesLeft;
  }

  override reply(): void {}

  override failed(): void {}
}
