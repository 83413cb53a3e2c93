import { Queue } from "../lib/queue.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { LargeReply } from "./large-reply.ts";
import type { UpstreamError } from "./upstream-error.ts";
import type { Upstream, UpstreamRequest } from "./upstream-request.ts";

/** The requests of one connection without a reply so far. Replies come in the order of the requests. */
export class OutstandingRequests {
  readonly #requests = new Queue<UpstreamRequest>();
  /** Those of the handshake, which stand at the front. */
  #introductions = 0;

  get count(): number {
    return this.#requests.length;
  }

  /** Whether nothing but the handshake is outstanding. */
  get areIntroductions(): boolean {
    return this.#requests.length === this.#introductions;
  }

  /** Whether the handshake has been answered. */
  get isIntroduced(): boolean {
    return this.#introductions === 0;
  }

  addIntroduction(request: UpstreamRequest): void {
    this.#introductions++;
    this.#requests.push(request);
  }

  add(request: UpstreamRequest): void {
    this.#requests.push(request);
  }

  /** Hands the reply bytes[start, end) to its request. @returns false where nobody asked for it */
  answer(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): boolean {
    const request = this.#requests.peek();
    if (request === undefined) return false;
    const isLast = --request.repliesAwaited === 0;
    if (isLast) {
      this.#requests.shift();
      if (this.#introductions > 0) this.#introductions--;
    }
    if (request.settled) return true;
    request.settled = isLast;
    request.reply(bytes, start, end, reader);
    return true;
  }

  /**
   * A byte string of so many bytes is about to come in.
   * @returns what takes it as it comes; undefined where the request wants it as a reply like any other
   */
  takeLarge(lengthBytes: number): LargeReply | undefined {
    const request = this.#requests.peek();
    if (request === undefined || request.repliesAwaited > 1) return undefined;
    const sink = request.settled ? undefined : request.takeLarge(lengthBytes);
    if (sink === undefined && !request.settled) return undefined;
    // As long as it is coming in, the reply is not late.
    request.deadlineMs = Number.POSITIVE_INFINITY;
    return new LargeReply(lengthBytes, sink);
  }

  /** All of the first request's large reply has come. */
  completeLarge(large: LargeReply): void {
    const request = this.#requests.shift()!;
    request.repliesAwaited = 0;
    request.settled = true;
    large.complete();
  }

  /** Whether a request is past its deadline, one that has failed by it included. */
  hasOverdue(nowMs: number): boolean {
    for (let index = 0; index < this.#requests.length; index++) {
      const { deadlineMs } = this.#requests.at(index)!;
      if (deadlineMs <= nowMs) return true;
      if (deadlineMs !== Number.POSITIVE_INFINITY) return false;
    }
    return false;
  }

  /**
   * Fails requests past their deadline. All have the same time-out, so the oldest come first.
   * @returns the next deadline
   */
  failOverdue(nowMs: number, error: () => UpstreamError): number {
    for (let index = 0; index < this.#requests.length; index++) {
      const request = this.#requests.at(index)!;
      if (request.settled || request.deadlineMs === Number.POSITIVE_INFINITY) continue;
      if (request.deadlineMs > nowMs) return request.deadlineMs;
      fail(request, error());
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Asks again over `heir` what may be asked again, and fails the rest. */
  end(error: UpstreamError, heir: Upstream | undefined): void {
    for (let request = this.#requests.shift(); request !== undefined; request = this.#requests.shift()) {
      const isAskedAgain = heir !== undefined && !request.settled && request.resend(heir);
      if (!isAskedAgain) fail(request, error);
    }
  }
}

function fail(request: UpstreamRequest, error: UpstreamError): void {
  if (request.settled) return;
  request.settled = true;
  request.failed(error);
}
