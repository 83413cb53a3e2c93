import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { ReplyQueue } from "./reply-queue.ts";
import type { Wire } from "./wire.ts";

/**
 * The result of a flush. `done`: the client or the queue has no more now. `more`: there is more to send, after other
 * clients have had their turn. `lost`: a large value is lost, so the rest of a reply cannot be sent.
 */
export type Flushed = "done" | "more" | "lost";

/** Bytes of large values to send before other clients have their turn. */
const TURN_BYTES = 512 * 1024;

/** Sends the reply queue of one client. Bytes that the system does not take at once wait in the queue. */
export class Sender {
  /** Since when bytes wait and the client takes none (monotonic); -1 while none wait. */
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

  /** Queues bytes[start, end): the system has taken all bytes before them and no more. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    this.#queue.add(bytes, start, end);
    this.blockedSinceMs = this.#clock.monotonicMs();
  }

  /** Sends the bytes and large values that may be sent. */
  flush(): Flushed {
    return this.#flush(TURN_BYTES);
  }

  /** @param budget how many bytes of large values may be sent */
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
   * Sends large values, straight from the cache, until the client takes no more. Reads again later the bytes that the
   * client did not take.
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
      // Reads even 0 bytes, to find out whether the value has been lost.
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
