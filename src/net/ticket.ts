import type { ByteBuffer, LargeValue } from "../lib/byte-buffer.ts";
import type { LargeTaker } from "../protocol/protocol.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { TextWriter } from "../protocol/text-writer.ts";
import { type ReplyQueue, Segment } from "./reply-queue.ts";

/** The connection that a ticket belongs to, as far as a ticket sees it. */
export interface TicketOwner {
  /** Where a reply that is done at once is written. */
  roomFor(segment: Segment): ByteBuffer;
  /** The bytes of `segment` are complete. */
  segmentDone(segment: Segment): void;
  /** There are more bytes in `segment`, which may be sent if it is its turn. */
  segmentGrew(segment: Segment): void;
  /** Resolves when so little waits for the client that more may be written, or when it has gone. */
  whenReadable(segment: Segment): Promise<void> | undefined;
}

/** The place of one reply that is written later. `done` must be called exactly once, whatever happens. */
export class Ticket extends Segment implements LargeTaker {
  readonly #owner: TicketOwner;
  readonly #queue: ReplyQueue;
  /** 0: the text protocol. */
  readonly #version: 0 | 2 | 3;
  readonly #isSuppressed: boolean;
  readonly #isBare: boolean;
  #writer: RespWriter | TextWriter | undefined = undefined;
  /** Behind each large value of the reply, what comes behind it. */
  #parts: Segment[] | undefined = undefined;

  /** @param isBare of the text protocol: without a line feed at its end */
  constructor(
    owner: TicketOwner,
    queue: ReplyQueue,
    version: 0 | 2 | 3,
    isSuppressed: boolean,
    isBare: boolean,
  ) {
    super(true);
    this.#owner = owner;
    this.#queue = queue;
    this.#version = version;
    this.#isSuppressed = isSuppressed;
    this.#isBare = isBare;
  }

  /** Writes to the segment's buffer, which also holds the raw bytes of replies passed on as they were received. */
  get reply(): RespWriter | TextWriter {
    return this.#writerTo(this.#parts === undefined ? this.buffer : this.#parts.at(-1)!.buffer);
  }

  /** For a reply that is written, and `done`, before anything else happens: it needs no buffer of its own then. */
  begin(): RespWriter | TextWriter {
    return this.#writerTo(this.#isSuppressed ? this.buffer : this.#owner.roomFor(this));
  }

  #writerTo(out: ByteBuffer): RespWriter | TextWriter {
    if (this.#writer !== undefined) {
      this.#writer.out = out;
      return this.#writer;
    }
    if (this.#version !== 0) {
      this.#writer = new RespWriter(out, this.#version);
    } else {
      this.#writer = new TextWriter(out);
      this.#writer.bare = this.#isBare;
    }
    this.#writer.largeTaker = this;
    return this.#writer;
  }

  get acceptsLarge(): boolean {
    return true;
  }

  /** The value may still be coming in when the reply is `done`: it is sent as it comes. */
  takeLarge(value: LargeValue, tail: Uint8Array): void {
    if (this.#isSuppressed) {
      value.release();
      return;
    }
    const part = this.#queue.continueLarge(this.#parts?.at(-1) ?? this, value);
    if (part === undefined) return;
    part.buffer.append(tail);
    this.#parts ??= [];
    this.#parts.push(part);
    this.#writer!.out = part.buffer;
  }

  /** The reply is complete. */
  done(): void {
    if (this.#isSuppressed && this.length > 0) this.buffer.clear();
    this.#owner.segmentDone(this);
    if (this.#parts !== undefined) for (const part of this.#parts) this.#owner.segmentDone(part);
  }

  /**
   * For a reply written in pieces: sends what there is if it is this reply's turn.
   * @returns a promise to wait for before writing more, when the client is slow to read
   */
  flush(): Promise<void> | undefined {
    if (this.#isSuppressed) this.buffer.clear();
    this.#owner.segmentGrew(this);
    return this.#owner.whenReadable(this);
  }
}
