import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import type { UpstreamError } from "./upstream-error.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

/** How long a request is put off; each time twice as long, up to the most. */
const LEAST_MS = 5;
const MOST_MS = 100;

/** Requests that no node has executed and that are sent again later. */
export class HeldRequests {
  readonly #held = new Map<UpstreamRequest, Timer>();
  readonly #timers: Timers;

  constructor(timers: Timers | undefined) {
    this.#timers = timers ?? systemTimers;
  }

  /** Calls `then` after a while, which grows with the request's redirections. */
  hold(request: UpstreamRequest, then: () => void): void {
    const delayMs = Math.min(LEAST_MS * 2 ** (request.redirections - 1), MOST_MS);
    const timer = this.#timers.after(delayMs, () => {
      this.#held.delete(request);
      then();
    });
    this.#held.set(request, timer);
  }

  /** Fails all requests. */
  close(error: UpstreamError): void {
    for (const [request, timer] of this.#held) {
      timer.stop();
      failRequest(request, error);
    }
    this.#held.clear();
  }
}

/** Fails a request, unless it has been answered or has failed before. */
export function failRequest(request: UpstreamRequest, error: UpstreamError): void {
  if (request.isDone) return;
  request.isDone = true;
  request.failed(error);
}
