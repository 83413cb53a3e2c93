import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { STATUS } from "../protocol/reply-types.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { formatOrigin } from "./address.ts";
import { CallbackRequest } from "./callback-request.ts";
import { UpstreamConnection } from "./connection.ts";
import { type Answer, helloCommand, introduce, logIn, Question } from "./handshake.ts";
import { Heartbeat, type HeartbeatOptions, stalenessBoundMs } from "./heartbeat.ts";
import { readInvalidation } from "./invalidation.ts";
import { type Greeting, putsInvalidationsBetweenReplies, readGreeting } from "./server-version.ts";
import { COUNT_SWAPS, readSwapCount } from "./swap-count.ts";
import { UpstreamError } from "./upstream-error.ts";

export interface TrackedOptions extends HeartbeatOptions {
  /** How often an origin that sends no invalidations is asked to. */
  readonly trackingRetryMs: number;
}

export interface TrackedEvents {
  /** The origin says that bytes[start, end) changed. */
  invalidated(bytes: Uint8Array, start: number, end: number): void;
  /** Anything may have changed. */
  allInvalidated(): void;
  /** Monotonic time up to which no invalidation is missing, as `provenUntilMs`; the channel works. */
  proven(untilMs: number): void;
  /** Whether the origin sends invalidations; told once it is known, and again when it begins to. */
  tracks(tracking: boolean): void;
  /** No sign of life for so long. */
  silent(silentMs: number): void;
  /** The origin answers, after it has been silent. */
  answers(): void;
  /** The origin answers other connections, but not this one. */
  wireLost(error: UpstreamError): void;
  closed(error: UpstreamError): void;
}

/**
 * A connection for data and invalidations: what the origin says about a change stands in the stream before every reply
 * that has seen it. Proves from time to time that no invalidation is missing. Where the heartbeat gets no answer, time
 * passes the moment up to which that is proven, so nothing is served from the cache.
 */
export class TrackedConnection {
  readonly connection: UpstreamConnection;
  /** Whether the origin sends invalidations; undefined until it has said so. */
  tracking: boolean | undefined;
  /**
   * Monotonic time up to which cached entries are known not to have missed an invalidation. Infinity while there are none
   * that one could concern.
   */
  provenUntilMs = Number.POSITIVE_INFINITY;
  /** What the origin said of itself. */
  greeting: Greeting = { server: "", version: "", mode: "", role: "" };
  /** How many keys the origin remembers for all its clients; 0: as many as there are. Undefined: it did not say. */
  trackedKeysLimit: number | undefined;
  /** Why the origin sends no invalidations. */
  refusal = "";
  readonly #options: TrackedOptions;
  readonly #events: TrackedEvents;
  #speaksResp3 = false;
  /** How often databases were swapped; undefined where the origin does not count that. */
  #swaps: number | undefined;
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
      ask: (question) => this.#ask(question),
      answered: (sentAtMs, bytes, reader) => this.#beaten(sentAtMs, bytes, reader),
      silent: (silentMs) => events.silent(silentMs),
      answers: () => events.answers(),
      wireLost: (error) => events.wireLost(error),
    });
    this.#shakeHands();
  }

  get #name(): string {
    return formatOrigin(this.#options.address);
  }

  /** Runs `then` once every invalidation that the origin has caused so far has been received. */
  fence(then: () => void): void {
    this.#ask(
      new CallbackRequest(
        (bytes, _start, _end, reader) => {
          this.#countSwaps(bytes, reader);
          then();
        },
        // Without an answer nobody knows what has changed: everything fetched goes with the channel, and nothing holds.
        (error) => {
          this.connection.close(error);
          then();
        },
        // Over another channel what this one has brought is gone, and the question is the same.
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
    // Ignored by an origin that does not know them.
    introduce(connection, ["CLIENT", "SETNAME", "glasscache-proxy"], () => {});
    // Many clients share the connection: none of them is the one that uses too much memory.
    introduce(connection, ["CLIENT", "NO-EVICT", "ON"], () => {});
    introduce(connection, ["CONFIG", "GET", "tracking-table-max-keys"], ({ bytes, reader }) => {
      this.trackedKeysLimit = lastNumber(bytes, reader);
    });
    introduce(connection, COUNT_SWAPS, ({ bytes, reader }) => {
      this.#swaps = readSwapCount(bytes, reader);
    });
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
      if (this.#speaksResp3) this.refusal = error?.text ?? "not the answer that is due to CLIENT TRACKING";
      this.#settle(false, sentAtMs);
    } else if (putsInvalidationsBetweenReplies(this.greeting)) {
      this.#settle(true, sentAtMs);
    } else {
      writeCommand(connection.out, [...TRACKING_ON, "NOLOOP"]);
      connection.enqueue(
        new Question(connection, (second) => this.#settle(second.error === undefined, second.sentAtMs)),
      );
    }
  }

  /** It is known whether the origin sends invalidations. */
  #settle(tracking: boolean, sentAtMs: number): void {
    const isFirst = this.tracking === undefined;
    if (!tracking) this.#askAgainLater();
    if (!isFirst && !tracking) return;
    // What was fetched before could have changed without a word.
    if (!isFirst) this.#events.allInvalidated();
    this.tracking = tracking;
    this.#prove(tracking ? sentAtMs + stalenessBoundMs(this.#options) : Number.POSITIVE_INFINITY);
    this.#events.tracks(tracking);
    if (isFirst) this.#heartbeat.start();
  }

  /** An origin that refuses may do so for now only. */
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

  /** Asks for a sign of life that tells, where it can, how often databases were swapped: no invalidation does. */
  #ask(request: CallbackRequest): void {
    const { connection } = this;
    writeCommand(connection.out, this.#swaps === undefined ? ["PING"] : COUNT_SWAPS);
    connection.enqueue(request);
  }

  #countSwaps(bytes: Uint8Array, reader: ReplyReader): void {
    if (this.#swaps === undefined) return;
    const swaps = readSwapCount(bytes, reader);
    if (swaps === undefined || swaps === this.#swaps) return;
    this.#swaps = swaps;
    this.#events.allInvalidated();
  }

  #beaten(sentAtMs: number, bytes: Uint8Array, reader: ReplyReader): void {
    this.#countSwaps(bytes, reader);
    if (this.tracking === true) this.#prove(sentAtMs + stalenessBoundMs(this.#options));
  }
}

const TRACKING_ON = ["CLIENT", "TRACKING", "ON"];

/** The number that a reply ends with; undefined where it does not. */
function lastNumber(bytes: Uint8Array, { valueStart, valueEnd }: ReplyReader): number | undefined {
  const text = Buffer.from(bytes.subarray(valueStart, valueEnd)).toString("latin1");
  const digits = /\r\n([0-9]{1,15})\r\n$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
