import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import type { Segment } from "./reply-queue.ts";

/** The connection that a ticket belongs to, as far as a ticket sees it. */
export interface TicketOwner {
  /** The bytes of `segment` are complete. */
  segmentDone(segment: Segment): void;
  /** There are more bytes in `segment`, which may be sent if it is its turn. */
  segmentGrew(segment: Segment): void;
  /** Resolves when so little waits for the client that more may be written, or when it has gone. */
  whenReadable(segment: Segment): Promise<void> | undefined;
}

/** The place of one reply that is written later. `done` must be called exactly once, whatever happens. */
export class Ticket {
  readonly reply: RespWriter | TextWriter;
  readonly #owner: TicketOwner;
  readonly #segment: Segment;
  readonly #isSuppressed: boolean;

  /** @param reply writes to the segment's buffer */
  constructor(owner: TicketOwner, segment: Segment, reply: RespWriter | TextWriter, isSuppressed: boolean) {
    this.#owner = owner;
    this.#segment = segment;
    this.#isSuppressed = isSuppressed;
    this.reply = reply;
  }

  /** The reply is complete. */
  done(): void {
    if (this.#isSuppressed) this.#segment.buffer.clear();
    this.#owner.segmentDone(this.#segment);
  }

  /**
   * For a reply written in pieces: sends what there is if it is this reply's turn.
   * @returns a promise to wait for before writing more, when the client is slow to read
   */
  flush(): Promise<void> | undefined {
    if (this.#isSuppressed) this.#segment.buffer.clear();
    this.#owner.segmentGrew(this.#segment);
    return this.#owner.whenReadable(this.#segment);
  }

  /** The raw bytes of the reply, for replies that are passed on as they were received. */
  get buffer(): ByteBuffer {
    return this.#segment.buffer;
  }
}
