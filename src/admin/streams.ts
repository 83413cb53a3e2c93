import type { Timer, Timers } from "../lib/timers.ts";
import type { Feed } from "./feed.ts";
import { Problem } from "./problem.ts";
import { Stream } from "./stream.ts";

/** How often counters are told. */
const FAST_MS = 250;
/** The other sections are told every this many times. */
const SLOW_EVERY = 4;
/** Less than the runtime's time-out for idle connections. */
const HEARTBEAT_EVERY = 20;

/** All open streams. While there are none, the instruments are not asked. */
export class Streams {
  readonly #feed: Feed;
  readonly #timers: Timers;
  readonly #limit: number;
  readonly #open = new Set<Stream>();
  #timer: Timer | undefined;
  #ticks = 0;

  constructor(feed: Feed, timers: Timers, limit: number) {
    this.#feed = feed;
    this.#timers = timers;
    this.#limit = limit;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a stream, which begins with a snapshot.
   * @param isAllowed whether the client may still listen; asked once a second
   * @param signal aborts when the client has gone
   * @throws Problem with status 503 if there are too many
   */
  open(isAllowed: () => boolean, signal: AbortSignal): ReadableStream<Uint8Array> {
    if (this.#open.size >= this.#limit) {
      throw new Problem(
        503,
        `${this.#limit} streams are open, which is the limit; close a page or try later`,
        {
          "retry-after": "10",
        },
      );
    }
    if (this.#open.size === 0) this.#start();
    const stream = new Stream(this.#feed, isAllowed, (ended) => this.#remove(ended));
    this.#open.add(stream);
    signal.addEventListener("abort", () => this.#end(stream), { once: true });
    if (signal.aborted) this.#end(stream);
    return stream.body;
  }

  close(): void {
    for (const stream of this.#open) this.#end(stream);
  }

  #start(): void {
    this.#ticks = 0;
    // What was told to earlier clients is old.
    this.#feed.advance(false);
    this.#timer = this.#timers.every(FAST_MS, () => this.#tick());
  }

  #tick(): void {
    this.#ticks++;
    const isSlow = this.#ticks % SLOW_EVERY === 0;
    if (isSlow) for (const stream of this.#open) if (!stream.isAllowed) this.#end(stream);
    if (this.#open.size === 0) return;
    if (this.#feed.advance(!isSlow)) for (const stream of this.#open) stream.advanced();
    if (this.#ticks % HEARTBEAT_EVERY === 0) for (const stream of this.#open) stream.heartbeat();
  }

  #end(stream: Stream): void {
    stream.close();
    this.#remove(stream);
  }

  #remove(stream: Stream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    this.#timer?.stop();
    this.#timer = undefined;
  }
}
