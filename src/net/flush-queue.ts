/** Has replies to send. */
export interface Flushable {
  flushQueued(): void;
}

/**
 * Connections with replies to send. All that one event adds are flushed right after the event. Where the replies to one
 * client come in several events, they are flushed after all events of the turn, so that they are sent in one call.
 */
export class FlushQueue {
  readonly #spansEvents: () => boolean;
  readonly #waiting: Flushable[] = [];

  /** @param spansEvents whether replies to one client come in several events; asked each time */
  constructor(spansEvents: () => boolean = () => false) {
    this.#spansEvents = spansEvents;
  }

  add(connection: Flushable): void {
    if (this.#waiting.push(connection) > 1) return;
    if (this.#spansEvents()) setImmediate(this.#flushAll);
    else queueMicrotask(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    let count = 0;
    try {
      // A flush may add more.
      while (count < this.#waiting.length) this.#waiting[count++]!.flushQueued();
    } finally {
      this.#waiting.splice(0, count);
      if (this.#waiting.length > 0) queueMicrotask(this.#flushAll);
    }
  };
}
