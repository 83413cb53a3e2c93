import type { Clock } from "../lib/clock.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import { formatOrigin, type OriginAddress } from "./address.ts";
import type { OutstandingRequests } from "./outstanding-requests.ts";
import { UpstreamError } from "./upstream-error.ts";

export interface TimeoutOptions {
  readonly address: OriginAddress;
  readonly clock: Clock;
  /** The system's timers by default. */
  readonly timers?: Timers;
  /** The time-out for connecting, including the handshake. */
  readonly connectTimeoutMs: number;
  /** The time-out for each reply. */
  readonly timeoutMs: number;
}

/** The connection that the time-outs are for. */
interface TimedConnection {
  readonly isOpen: boolean;
  /** When the origin last sent bytes. */
  readonly lastReceivedMs: number;
  readonly isReceivingLarge: boolean;
  close(error: UpstreamError): void;
}

/** Fails requests whose replies are late, and ends a connection on which nothing at all arrives for that long. */
export class ReplyTimeouts {
  readonly #options: TimeoutOptions;
  readonly #connection: TimedConnection;
  readonly #requests: OutstandingRequests;
  #timer: Timer | undefined;
  /** When the timer fires, by the connection's clock. */
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(options: TimeoutOptions, connection: TimedConnection, requests: OutstandingRequests) {
    this.#options = options;
    this.#connection = connection;
    this.#requests = requests;
  }

  /** Makes sure that the timer fires within `delayMs`. */
  expect(delayMs: number, nowMs: number): void {
    if (nowMs + delayMs < this.#timerAtMs) this.#setTimer(delayMs, nowMs);
  }

  /** Stops the timer for good. */
  stop(): void {
    this.#timer?.stop();
    this.#timerAtMs = Number.NEGATIVE_INFINITY;
  }

  #setTimer(delayMs: number, nowMs: number): void {
    const { timers = systemTimers } = this.#options;
    this.#timer?.stop();
    this.#timerAtMs = nowMs + delayMs;
    this.#timer = timers.after(Math.max(1, delayMs), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#check();
    });
  }

  #check(): void {
    const { clock, address, timeoutMs, connectTimeoutMs } = this.#options;
    const connection = this.#connection;
    const nowMs = clock.monotonicMs();
    const name = formatOrigin(address);
    const isSetUp = connection.isOpen && this.#requests.isIntroduced;
    const boundMs = isSetUp ? timeoutMs : connectTimeoutMs;
    // The origin must send something soon, whether or not a request is late.
    const isDue = !isSetUp || connection.isReceivingLarge;
    const isAwaited = isDue || this.#requests.hasOverdue(nowMs);
    if (nowMs - connection.lastReceivedMs >= boundMs && isAwaited) {
      const isSilent = address.isSecure === true && !connection.isOpen;
      const hint = isSilent ? "; if it does not speak TLS, give it as redis://" : "";
      const message = `origin ${name} sent nothing for ${boundMs} ms${hint}`;
      connection.close(new UpstreamError("ORIGINTIMEOUT", message, connection.isOpen));
      return;
    }
    // A timer may fire a moment early.
    const nextMs = this.#requests.failOverdue(
      nowMs,
      () => new UpstreamError("ORIGINTIMEOUT", `origin ${name} did not answer within ${boundMs} ms`, true),
    );
    const dueMs = isDue ? connection.lastReceivedMs + boundMs : Number.POSITIVE_INFINITY;
    const nextDeadlineMs = Math.min(nextMs, dueMs);
    this.expect(nextDeadlineMs - nowMs, nowMs);
  }
}
