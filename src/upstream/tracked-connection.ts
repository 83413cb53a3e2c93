import { Heartbeat, type HeartbeatTimes, stalenessBoundMs } from "../coherence/heartbeat.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { STATUS } from "../protocol/reply-types.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { formatOrigin } from "./address.ts";
import { CallbackRequest } from "./callback-request.ts";
import { UpstreamConnection, type UpstreamOptions } from "./connection.ts";
import { type Answer, helloCommand, introduce, logIn, Question } from "./handshake.ts";
import { readInvalidation } from "./invalidation.ts";
import { Probe, wireLost } from "./probe.ts";
import { type Greeting, putsInvalidationsBetweenReplies, readGreeting } from "./server-version.ts";
import { COUNT_SWAPS, readSwapCount } from "./swap-count.ts";
import { UpstreamError } from "./upstream-error.ts";

/** A question for a sign of life whose answer says more than that of PING. */
export interface Beat {
  readonly command: readonly string[];
  /** Whether the server has several databases, which can be swapped. It is then asked for that as well. */
  readonly hasDatabases: boolean;
  /** Returns whether, by its answer, the server still vouches for what was fetched from it. */
  vouches(bytes: Uint8Array, reader: ReplyReader): boolean;
}

export interface TrackedOptions extends UpstreamOptions, HeartbeatTimes {
  /** The question for signs of life; PING by default. */
  readonly beat?: Beat;
  /** How often to ask an origin that sends no invalidations for them. */
  readonly trackingRetryMs: number;
}

export interface TrackedEvents {
  /** The origin has changed the key bytes[start, end). */
  invalidated(bytes: Uint8Array, start: number, end: number): void;
  /** Anything may have changed. */
  allInvalidated(): void;
  /** The channel works; the monotonic time up to which no invalidation is missing is now `untilMs`. */
  proven(untilMs: number): void;
  /** Whether the origin sends invalidations. Told once it is known, and again if the origin begins to send them. */
  tracks(tracking: boolean): void;
  /** There was no sign of life for `silentMs`. */
  silent(silentMs: number): void;
  /** The origin answers again after a silence. */
  answers(): void;
  /** The origin answers other connections, but not this one. */
  wireLost(error: UpstreamError): void;
  closed(error: UpstreamError): void;
}

/**
 * A connection for data and invalidations. The origin sends the message about a change before every reply that has
 * seen the change. Answers to the heartbeat prove from time to time that no invalidation is missing. Without an
 * answer the proof runs out, and nothing is served from the cache.
 */
export class TrackedConnection {
  readonly connection: UpstreamConnection;
  /** Whether the origin sends invalidations; undefined while unknown. */
  tracking: boolean | undefined;
  /**
   * The monotonic time up to which no cached entry has missed an invalidation. Infinity while no cached entry depends
   * on one.
   */
  provenUntilMs = Number.POSITIVE_INFINITY;
  /** The origin's description of itself. */
  greeting: Greeting = { server: "", version: "", mode: "", role: "" };
  /** How many keys the origin tracks for all its clients; 0: no limit; undefined: unknown. */
  trackedKeysLimit: number | undefined;
  /** Why the origin sends no invalidations. */
  refusal = "";
  readonly #options: TrackedOptions;
  readonly #events: TrackedEvents;
  #speaksResp3 = false;
  /** How often databases were swapped; undefined if the origin does not count that. */
  #swaps: number | undefined;
  /** Whether the server vouches for what was fetched, as far as its last answer says. */
  #isVouchedFor = true;
  readonly #timers: Timers;
  readonly #heartbeat: Heartbeat;
  #retry: Timer | undefined;

  constructor(options: TrackedOptions, events: TrackedEvents) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#events = events;
    this.connection = new UpstreamConnection(options, {
      pushed: (bytes, _start, _end, reader) => {
        readInvalidation(bytes, reader, events.invalidated, events.allInvalidated);
      },
      closed: (error) => {
        this.#heartbeat.stop();
        this.#retry?.stop();
        events.closed(error);
      },
    });
    this.#heartbeat = new Heartbeat(options, this.connection, {
      ask: (answered) => {
        const beat: CallbackRequest = new CallbackRequest((bytes, _start, _end, reader) => {
          this.#answered(bytes, reader);
          answered(beat.sentAtMs);
        });
        this.#askForLife(beat);
      },
      proven: (untilMs) => {
        if (this.tracking === true && this.#isVouchedFor) this.#prove(untilMs);
      },
      silent: (silentMs) => events.silent(silentMs),
      answers: () => events.answers(),
      probe: (done) => new Probe(options, done),
      wireLost: () => events.wireLost(wireLost(options)),
    });
    this.#shakeHands();
  }

  get #name(): string {
    return formatOrigin(this.#options.address);
  }

  /** How long the last heartbeat's answer took, in milliseconds; undefined: there was none yet. */
  get roundTripMs(): number | undefined {
    return this.#heartbeat.roundTripMs;
  }

  /** Runs `then` once every invalidation that the origin has caused so far has been received. */
  fence(then: () => void): void {
    this.#ask(
      new CallbackRequest(
        (bytes, _start, _end, reader) => {
          this.#countSwaps(bytes, reader);
          then();
        },
        // Without an answer nobody knows what has changed. The channel ends, and everything fetched over it goes.
        (error) => {
          this.connection.close(error);
          then();
        },
        // Entries of this channel are gone by then, so any answer over the next one will do.
        (to) => writeCommand(to.out, ["PING"]),
      ),
    );
  }

  #shakeHands(): void {
    const { connection } = this;
    logIn(connection, {
      address: this.#options.address,
      version: 3,
      selects: true,
      greeted: (answer) => this.#greeted(answer),
    });
    // An origin that does not know these two ignores them.
    introduce(connection, ["CLIENT", "SETNAME", "glasscache-proxy"], () => {});
    // The memory of this connection serves many clients, so the origin must not end it for using too much.
    introduce(connection, ["CLIENT", "NO-EVICT", "ON"], () => {});
    introduce(connection, ["CONFIG", "GET", "tracking-table-max-keys"], ({ bytes, reader }) => {
      this.trackedKeysLimit = lastNumber(bytes, reader);
    });
    if (this.#options.beat?.hasDatabases !== false) {
      introduce(connection, COUNT_SWAPS, ({ bytes, reader }) => {
        this.#swaps = readSwapCount(bytes, reader);
      });
    }
    introduce(connection, TRACKING_ON, (answer) => this.#trackingAnswered(answer));
  }

  #greeted({ error, bytes, reader }: Answer): void {
    this.#speaksResp3 = error === undefined;
    if (error === undefined) this.greeting = readGreeting(bytes, reader);
    else this.refusal = error.text;
  }

  #trackingAnswered(answer: Answer): void {
    const { connection } = this;
    const { error, reader, sentAtMs } = answer;
    if (error?.kind === "credentials") {
      connection.close(new UpstreamError("ORIGINAUTH", `origin ${this.#name} asks for a password`, false));
    } else if (error !== undefined || reader.type !== STATUS || !this.#speaksResp3) {
      if (this.#speaksResp3) this.refusal = error?.text ?? "an unexpected answer to CLIENT TRACKING";
      this.#trackingKnown(false, sentAtMs);
    } else if (putsInvalidationsBetweenReplies(this.greeting)) {
      this.#trackingKnown(true, sentAtMs);
    } else {
      writeCommand(connection.out, [...TRACKING_ON, "NOLOOP"]);
      connection.enqueue(
        new Question(connection, (second) =>
          this.#trackingKnown(second.error === undefined, second.sentAtMs),
        ),
      );
    }
  }

  /** Notes whether the origin sends invalidations. */
  #trackingKnown(tracking: boolean, sentAtMs: number): void {
    const isFirst = this.tracking === undefined;
    if (!tracking) this.#askAgainLater();
    if (!isFirst && !tracking) return;
    // Values fetched before may have changed without an invalidation.
    if (!isFirst) this.#events.allInvalidated();
    this.tracking = tracking;
    this.#prove(tracking ? sentAtMs + stalenessBoundMs(this.#options) : Number.POSITIVE_INFINITY);
    this.#events.tracks(tracking);
    if (isFirst) this.#heartbeat.start();
  }

  /** Asks again later: the origin may have refused for the moment only. */
  #askAgainLater(): void {
    const { connection } = this;
    this.#retry = this.#timers.after(this.#options.trackingRetryMs, () => {
      if (!this.#speaksResp3) {
        writeCommand(connection.out, helloCommand(this.#options.address));
        connection.enqueue(new Question(connection, (answer) => this.#greeted(answer)));
      }
      writeCommand(connection.out, TRACKING_ON);
      connection.enqueue(new Question(connection, (answer) => this.#trackingAnswered(answer)));
    });
  }

  #prove(untilMs: number): void {
    this.provenUntilMs = untilMs;
    this.#events.proven(untilMs);
  }

  // ---- signs of life

  /**
   * Asks for a sign of life. If possible the answer also says how often databases were swapped, since no invalidation
   * does.
   */
  #ask(request: CallbackRequest): void {
    const { connection } = this;
    writeCommand(connection.out, this.#swaps === undefined ? ["PING"] : COUNT_SWAPS);
    connection.enqueue(request);
  }

  #askForLife(request: CallbackRequest): void {
    const { beat } = this.#options;
    if (beat === undefined) {
      this.#ask(request);
      return;
    }
    if (this.#swaps !== undefined) {
      this.#ask(new CallbackRequest((bytes, _start, _end, reader) => this.#countSwaps(bytes, reader)));
    }
    writeCommand(this.connection.out, beat.command);
    this.connection.enqueue(request);
  }

  #answered(bytes: Uint8Array, reader: ReplyReader): void {
    const { beat } = this.#options;
    if (beat === undefined) {
      this.#countSwaps(bytes, reader);
      return;
    }
    const wasVouchedFor = this.#isVouchedFor;
    this.#isVouchedFor = beat.vouches(bytes, reader);
    if (wasVouchedFor && !this.#isVouchedFor) this.#events.allInvalidated();
  }

  #countSwaps(bytes: Uint8Array, reader: ReplyReader): void {
    if (this.#swaps === undefined) return;
    const swaps = readSwapCount(bytes, reader);
    if (swaps === undefined || swaps === this.#swaps) return;
    this.#swaps = swaps;
    this.#events.allInvalidated();
  }
}

const TRACKING_ON = ["CLIENT", "TRACKING", "ON"];

/** Returns the number at the end of a reply; undefined if there is none. */
function lastNumber(bytes: Uint8Array, { valueStart, valueEnd }: ReplyReader): number | undefined {
  const text = Buffer.from(bytes.subarray(valueStart, valueEnd)).toString("latin1");
  const digits = /\r\n([0-9]{1,15})\r\n$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
