/** Has replies to send. */
export interface Flushable {
  flushQueued(): void;
}

/** Connections with replies to send. All that one event adds are flushed right after the event. */
export class FlushQueue {
  readonly #waiting: Flushable[] = [];

  add(connection: Flushable): void {
    if (this.#waiting.push(connection) === 1) queueMicrotask(this.#flushAll);
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
