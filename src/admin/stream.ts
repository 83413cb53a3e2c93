import type { Feed } from "./feed.ts";

const HEARTBEAT = new TextEncoder().encode(": alive\n\n");

/**
 * One client's stream. The runtime pulls when it has passed on what it was given before, so at most one event waits
 * here for a slow client. What the client has missed meanwhile is replaced by a new snapshot.
 */
export class Stream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #feed: Feed;
  readonly #isAllowed: () => boolean;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The number of the last event sent. */
  #number = 0;
  /** Resolves the runtime's pull; undefined: it has not come yet. */
  #pulled: (() => void) | undefined;

  /**
   * @param isAllowed whether the client may still listen
   * @param ended is called when the client has gone
   */
  constructor(feed: Feed, isAllowed: () => boolean, ended: (stream: Stream) => void) {
    this.#feed = feed;
    this.#isAllowed = isAllowed;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => {
          this.close();
          ended(this);
        },
      },
      // Nothing is made in advance.
      { highWaterMark: 0 },
    );
  }

  get isAllowed(): boolean {
    return this.#isAllowed();
  }

  /** Sends the new state if the client is ready for it. */
  advanced(): void {
    if (this.#pulled !== undefined) this.#sendState();
  }

  /** Keeps the connection alive, and finds out that a client has gone. */
  heartbeat(): void {
    if (this.#pulled !== undefined) this.#send(HEARTBEAT);
  }

  close(): void {
    const controller = this.#controller;
    this.#controller = undefined;
    try {
      controller?.close();
    } catch {
      // The runtime has closed it already.
    }
    this.#release();
  }

  #pull(): Promise<void> | undefined {
    if (this.#controller === undefined) return undefined;
    if (this.#number < this.#feed.number) {
      this.#sendState();
      return undefined;
    }
    return new Promise((resolve) => {
      this.#pulled = resolve;
    });
  }

  #sendState(): void {
    const { number, delta } = this.#feed;
    const isNext = this.#number > 0 && this.#number === number - 1 && delta !== undefined;
    this.#number = number;
    this.#send(isNext ? delta : this.#feed.snapshot);
  }

  #send(event: Uint8Array): void {
    this.#controller?.enqueue(event);
    this.#release();
  }

  #release(): void {
    const pulled = this.#pulled;
    this.#pulled = undefined;
    pulled?.();
  }
}
