/** Something with replies to send. */
export interface Flushable {
  flushQueued(): void;
}

/** Connections that have got replies to send: those of one event are flushed together, right behind it. */
export class FlushQueue {
  readonly #waiting: Flushable[] = [];

  add(connection: Flushable): void {
    if (this.#waiting.push(connection) === 1) queueMicrotask(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    let count = 0;
    try {
      // More may be added meanwhile.
      while (count < this.#waiting.length) this.#waiting[count++]!.flushQueued();
    } finally {
      this.#waiting.splice(0, count);
      if (this.#waiting.length > 0) queueMicrotask(this.#flushAll);
    }
  };
}
