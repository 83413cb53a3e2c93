import { type Clock, exactReader } from "../lib/clock.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";

export interface HeartbeatTimes {
  /** The interval at which a connection is asked for a sign of life. */
  readonly heartbeatMs: number;
  /**
   * After this time without a sign of life, the connection no longer vouches for cached entries, and a second
   * connection is tried beside it.
   */
  readonly heartbeatTimeoutMs: number;
}

interface HeartbeatOptions extends HeartbeatTimes {
  readonly clock: Pick<Clock, "monotonicMs" | "exactMs">;
  /** `systemTimers` by default. */
  readonly timers?: Timers;
}

/** The connection that must give signs of life. */
interface Heard {
  /** When bytes last arrived, by the clock. */
  readonly lastReceivedMs: number;
}

interface HeartbeatEvents {
  /**
   * Sends a question that every origin answers at once, and calls `answered` when its answer comes. An error is an
   * answer, too.
   */
  ask(answered: (sentAtMs: number) => void): void;
  /** A question was answered: no invalidation is missing up to `untilMs`, if the origin sends any. */
  proven(untilMs: number): void;
  /** There was no sign of life for `silentMs`. */
  silent(silentMs: number): void;
  /** The origin answers again after a silence. */
  answers(): void;
  /** Asks the origin over another connection. @param done called once, unless the probe is closed before */
  probe(done: (isAnswered: boolean) => void): { close(): void };
  /** The origin answers other connections, but not this one. */
  wireLost(): void;
}

/**
 * Returns how long an answer vouches for cached entries, counted from when its question was sent. No value is stale
 * for longer.
 */
export function stalenessBoundMs({ heartbeatMs, heartbeatTimeoutMs }: HeartbeatTimes): number {
  return heartbeatMs + heartbeatTimeoutMs;
}

/**
 * Asks a connection for signs of life.
 *
 * A busy origin and a dead wire look the same: the connection is silent. So a second connection is tried beside it.
 * If the origin answers that one, the wire is dead. Otherwise the origin is busy, and requests wait.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #connection: Heard;
  readonly #events: HeartbeatEvents;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #probe: { close(): void } | undefined;
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
    this.#events.ask((sentAtMs) => {
      this.roundTripMs = readMs() - askedMs;
      this.#answered(sentAtMs);
    });
    this.#awaitSignOfLife(this.#options.heartbeatTimeoutMs);
  }

  #answered(sentAtMs: number): void {
    this.stop();
    this.#probe = undefined;
    const untilMs = sentAtMs + stalenessBoundMs(this.#options);
    this.#events.proven(untilMs);
    // A late answer proves nothing any more: it is as old as its question.
    if (untilMs <= this.#options.clock.monotonicMs()) {
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
    this.#probe = this.#events.probe((isAnswered) => {
      this.#probe = undefined;
      if (this.#connection.lastReceivedMs > lastReceivedMs) {
        this.#awaitSignOfLife(heartbeatTimeoutMs);
      } else if (isAnswered) {
        this.#events.wireLost();
      } else {
        this.#timer = this.#timers.after(heartbeatMs, () => this.#doubt());
      }
    });
  }
}
