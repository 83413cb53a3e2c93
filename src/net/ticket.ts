import type { ByteBuffer, LargeValue } from "../lib/byte-buffer.ts";
import type { LargeTaker } from "../protocol/protocol.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { TextWriter } from "../protocol/text-writer.ts";
import { type ReplyQueue, Segment } from "./reply-queue.ts";

/** The replies that a ticket belongs to. */
export interface TicketOwner {
  /** Where to write a reply that is complete right after. */
  roomFor(segment: Segment): ByteBuffer;
  /** The bytes of `segment` are complete. */
  segmentDone(segment: Segment): void;
  /** `segment` has more bytes. They may be sent if it is its turn. */
  segmentGrew(segment: Segment): void;
  /** Resolves when the client has read enough for more to be written, or has gone. */
  whenReadable(segment: Segment): Promise<void> | undefined;
}

/** Keeps the place of a reply that is written later. `done` must be called exactly once, also after an error. */
export class Ticket extends Segment implements LargeTaker {
  readonly #owner: TicketOwner;
  readonly #queue: ReplyQueue;
  /** 0: the text protocol. */
  readonly #version: 0 | 2 | 3;
  readonly #isSuppressed: boolean;
  readonly #isBare: boolean;
  #writer: RespWriter | TextWriter | undefined = undefined;
  /** For each large value of the reply, the segment of the bytes that follow it. */
  #parts: Segment[] | undefined = undefined;

  /** @param isBare the reply, of the text protocol, gets no line feed */
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

  /** Writes to the segment's buffer. A reply that is passed on as received is appended to the buffer directly. */
  get reply(): RespWriter | TextWriter {
    return this.#writerTo(this.#parts === undefined ? this.buffer : this.#parts.at(-1)!.buffer);
  }

  /** For a reply that is written, and `done`, at once: it needs no buffer of its own. */
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

  /** The value may be incomplete when the reply is `done`. It is sent as it comes. */
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
   * For a reply that is written in pieces: sends the bytes written so far if it is this reply's turn.
   * @returns a promise to await before writing more, if the client is slow to read
   */
  flush(): Promise<void> | undefined {
    if (this.#isSuppressed) this.buffer.clear();
    this.#owner.segmentGrew(this);
    return this.#owner.whenReadable(this);
  }
}
