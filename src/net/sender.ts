import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { ReplyQueue } from "./reply-queue.ts";
import type { Wire } from "./wire.ts";

/** What became of a flush: all that can be done is; there is more that has to wait for others' turn; the rest is lost. */
export type Flushed = "done" | "more" | "lost";

/** Bytes of large values sent to one client before others have their turn. */
const TURN_BYTES = 512 * 1024;

/** The way to one client. What the system does not take at once waits in the queue. */
export class Sender {
  /** Since when the client has taken nothing of what waits for it (monotonic); -1 while nothing waits. */
  blockedSinceMs = -1;
  readonly #wire: Pick<Wire, "write">;
  readonly #queue: ReplyQueue;
  readonly #clock: { monotonicMs(): number };
  readonly #totals: { bytesSent: number };
  readonly #slice: ByteBuffer;

  constructor(
    wire: Pick<Wire, "write">,
    queue: ReplyQueue,
    clock: { monotonicMs(): number },
    totals: { bytesSent: number },
    slice: ByteBuffer,
  ) {
    this.#wire = wire;
    this.#queue = queue;
    this.#clock = clock;
    this.#totals = totals;
    this.#slice = slice;
  }

  /** The system took no more than what was before bytes[start, end), which is to be sent next. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    this.#queue.add(bytes, start, end);
    this.blockedSinceMs = this.#clock.monotonicMs();
  }

  /** Sends what may be sent of the queue. */
  flush(): Flushed {
    return this.#flush(TURN_BYTES);
  }

  /** @param budget how much of large values may be sent */
  #flush(budget: number): Flushed {
    const queue = this.#queue;
    if (queue.readyBytes > 0) {
      const { ready, readyStart, readyBytes } = queue;
      const sent = this.#write(ready, readyStart, readyBytes);
      if (sent > 0) queue.take(sent);
      if (queue.readyBytes === 0) this.blockedSinceMs = -1;
      else if (sent > 0 || this.blockedSinceMs < 0) this.blockedSinceMs = this.#clock.monotonicMs();
    }
    return queue.largeBytes > 0 && queue.readyBytes === 0 ? this.#flushLarge(budget) : "done";
  }

  /**
   * Sends of the large values whose turn it is what the client takes, straight from where they lie: what it does not
   * take is read again later.
   */
  #flushLarge(turnBudget: number): Flushed {
    const queue = this.#queue;
    const slice = this.#slice;
    let budget = turnBudget;
    for (let value = queue.large; value !== undefined; value = queue.large) {
      const at = queue.largeSent;
      if (budget === 0) return "more";
      const available = (value.availableBytes ?? value.lengthBytes) - at;
      const count = Math.min(available, slice.bytes.length, budget);
      slice.clear();
      // Also asked when nothing has come: the value may have been lost.
      if (!value.read(at, count, slice)) return "lost";
      if (count === 0) {
        this.blockedSinceMs = -1;
        return "done";
      }
      const sent = this.#write(slice.bytes, 0, slice.length);
      budget -= sent;
      if (sent > 0) queue.takeLarge(sent);
      if (sent < count) {
        if (sent > 0 || this.blockedSinceMs < 0) this.blockedSinceMs = this.#clock.monotonicMs();
        return "done";
      }
      this.blockedSinceMs = -1;
      if (queue.readyBytes > 0) return this.#flush(budget);
    }
    return "done";
  }

  #write(bytes: Uint8Array, start: number, length: number): number {
    const sent = Math.max(0, this.#wire.write(bytes, start, length));
    this.#totals.bytesSent += sent;
    return sent;
  }
}
