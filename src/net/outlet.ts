import type { ReplyQueue } from "./reply-queue.ts";

/** What an outlet needs of a socket. */
export interface Sink {
  /** @returns how many of `length` bytes from `start` on it took, or a negative number when it takes none any more */
  write(bytes: Uint8Array, start: number, length: number): number;
}

/** The way to one client. What the system does not take at once waits in the queue. */
export class Outlet {
  /** Since when the client has taken nothing of what waits for it (monotonic); -1 while nothing waits. */
  blockedSinceMs = -1;
  readonly #sink: Sink;
  readonly #queue: ReplyQueue;
  readonly #clock: { monotonicMs(): number };
  readonly #totals: { bytesSent: number };

  constructor(
    sink: Sink,
    queue: ReplyQueue,
    clock: { monotonicMs(): number },
    totals: { bytesSent: number },
  ) {
    this.#sink = sink;
    this.#queue = queue;
    this.#clock = clock;
    this.#totals = totals;
  }

  /** Sends bytes[0, length) that nothing waits before, without a copy as far as the system takes them. */
  send(bytes: Uint8Array, length: number): void {
    const sent = this.#write(bytes, 0, length);
    if (sent === length) return;
    this.#queue.add(bytes, sent, length);
    this.blockedSinceMs = this.#clock.monotonicMs();
  }

  /** Sends what may be sent of the queue. */
  flush(): void {
    if (this.#queue.readyBytes === 0) return;
    const { ready, readyStart, readyBytes } = this.#queue;
    const sent = this.#write(ready, readyStart, readyBytes);
    if (sent > 0) this.#queue.take(sent);
    if (this.#queue.readyBytes === 0) this.blockedSinceMs = -1;
    else if (sent > 0 || this.blockedSinceMs < 0) this.blockedSinceMs = this.#clock.monotonicMs();
  }

  #write(bytes: Uint8Array, start: number, length: number): number {
    const sent = Math.max(0, this.#sink.write(bytes, start, length));
    this.#totals.bytesSent += sent;
    return sent;
  }
}
