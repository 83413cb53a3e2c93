import { exactReader } from "../lib/clock.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { formatOrigin } from "./address.ts";
import { CallbackRequest } from "./callback-request.ts";
import type { UpstreamOptions } from "./connection.ts";
import { Probe } from "./probe.ts";
import { UpstreamError } from "./upstream-error.ts";

export interface HeartbeatOptions extends UpstreamOptions {
  /** The interval at which a connection is asked for a sign of life. */
  readonly heartbeatMs: number;
  /**
   * After this time without a sign of life, the connection no longer vouches for cached entries, and a second
   * connection is tried beside it.
   */
  readonly heartbeatTimeoutMs: number;
}

/** The connection that must give signs of life. */
interface Heard {
  /** When bytes last arrived, by the clock. */
  readonly lastReceivedMs: number;
}

interface HeartbeatEvents {
  /** Sends a question that every origin answers at once. */
  ask(question: CallbackRequest): void;
  /** A question was answered; an error is an answer, too. */
  answered(sentAtMs: number, bytes: Uint8Array, reader: ReplyReader): void;
  /** There was no sign of life for `silentMs`. */
  silent(silentMs: number): void;
  /** The origin answers again after a silence. */
  answers(): void;
  /** The origin answers other connections, but not this one. */
  wireLost(error: UpstreamError): void;
}

/**
 * Returns how long an answer vouches for cached entries, counted from when its question was sent. No value is stale
 * for longer.
 */
export function stalenessBoundMs({
  heartbeatMs,
  heartbeatTimeoutMs,
}: Pick<HeartbeatOptions, "heartbeatMs" | "heartbeatTimeoutMs">): number {
  return heartbeatMs + heartbeatTimeoutMs;
}

/**
 * Asks a connection for signs of life.
 *
 * A busy origin and a dead wire look the same: the connection is silent. So a second connection is tried beside it
 * (`Probe`). If the origin answers that one, the wire is dead. Otherwise the origin is busy, and requests wait.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #connection: Heard;
  readonly #events: HeartbeatEvents;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #probe: Probe | undefined;
  #isSilent = false;
  /** How long the last answer took, in milliseconds; undefined: there was none yet. */
  roundTripMs: number | undefined;

  constructor(options: HeartbeatOptions, connection: Heard, events: HeartbeatEvents) {
    this.#options = options;
    this.#connection = connection;
    this.#events = events;
    this.#timers = options.timers ?? systemTimers;
  }

  start(): void {
    this.#timer = this.#timers.after(this.#options.heartbeatMs, () => this.#beat());
  }

  stop(): void {
    this.#timer?.stop();
    this.#probe?.close();
  }

  #beat(): void {
    const readMs = exactReader(this.#options.clock);
    const askedMs = readMs();
    const beat: CallbackRequest = new CallbackRequest((bytes, _start, _end, reader) => {
      this.roundTripMs = readMs() - askedMs;
      this.#answered(beat.sentAtMs, bytes, reader);
    });
    this.#events.ask(beat);
    this.#awaitSignOfLife(this.#options.heartbeatTimeoutMs);
  }

  #answered(sentAtMs: number, bytes: Uint8Array, reader: ReplyReader): void {
    this.stop();
    this.#probe = undefined;
    this.#events.answered(sentAtMs, bytes, reader);
    // A late answer proves nothing any more: it is as old as its question.
    if (sentAtMs + stalenessBoundMs(this.#options) <= this.#options.clock.monotonicMs()) {
      this.#beat();
      return;
    }
    if (this.#isSilent) this.#events.answers();
    this.#isSilent = false;
    this.start();
  }

  /**
   * Waits until bytes stop arriving. Any byte is a sign of life; only the answer proves that no invalidation is
   * missing.
   */
  #awaitSignOfLife(delayMs: number): void {
    const { clock, heartbeatTimeoutMs } = this.#options;
    this.#timer = this.#timers.after(delayMs, () => {
      const silentMs = clock.monotonicMs() - this.#connection.lastReceivedMs;
      if (silentMs < heartbeatTimeoutMs) this.#awaitSignOfLife(heartbeatTimeoutMs - silentMs);
      else this.#doubt();
    });
  }

  #doubt(): void {
    const { heartbeatMs, heartbeatTimeoutMs } = this.#options;
    if (!this.#isSilent) this.#events.silent(heartbeatTimeoutMs);
    this.#isSilent = true;
    const { lastReceivedMs } = this.#connection;
    this.#probe = new Probe(this.#options, (isAnswered) => {
      this.#probe = undefined;
      if (this.#connection.lastReceivedMs > lastReceivedMs) {
        this.#awaitSignOfLife(heartbeatTimeoutMs);
      } else if (isAnswered) {
        this.#events.wireLost(wireLost(this.#options));
      } else {
        this.#timer = this.#timers.after(heartbeatMs, () => this.#doubt());
      }
    });
  }
}

/** The error for a connection that is silent while the origin answers others. */
export function wireLost({ address, heartbeatTimeoutMs }: HeartbeatOptions): UpstreamError {
  const silence = `gave no sign of life for ${heartbeatTimeoutMs} ms, but answers others`;
  return new UpstreamError("ORIGINTIMEOUT", `origin ${formatOrigin(address)} ${silence}`, true);
}
