import { CR, LF } from "../protocol/encoding.ts";
import { ProtocolError } from "../protocol/protocol.ts";

const LINE_END_BYTES = 2;

/** Takes a large byte string as it arrives. */
export interface LargeReplySink {
  /**
   * Takes the next bytes, bytes[start, end).
   * @returns whether the sink keeps them; they then reach to the end of `bytes`, and the buffer belongs to the sink
   */
  append(bytes: Uint8Array, start: number, end: number): boolean;
  /** The byte string is complete. */
  complete(): void;
}

/** A byte string arriving from the origin, handed on piece by piece. */
export class LargeReply {
  /** Whether the bytes taken last stay in use. */
  keepsBytes = false;
  readonly #sink: LargeReplySink | undefined;
  /** Bytes still to come, including the line end. */
  #missingBytes: number;

  /** @param sink undefined if nobody wants the value any more */
  constructor(lengthBytes: number, sink: LargeReplySink | undefined) {
    this.#missingBytes = lengthBytes + LINE_END_BYTES;
    this.#sink = sink;
  }

  get isComplete(): boolean {
    return this.#missingBytes === 0;
  }

  /**
   * Takes the part of bytes[start, end) that belongs to the byte string.
   * @returns the offset behind that part
   * @throws ProtocolError if no line end follows the string
   */
  take(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(this.#missingBytes - LINE_END_BYTES, end - start);
    let at = start;
    this.keepsBytes = false;
    if (count > 0) {
      at += count;
      this.#missingBytes -= count;
      this.keepsBytes = this.#sink?.append(bytes, start, at) === true;
    }
    while (at < end && this.#missingBytes > 0) {
      if (bytes[at] !== (this.#missingBytes === LINE_END_BYTES ? CR : LF)) {
        throw new ProtocolError("reply with a wrong length");
      }
      at++;
      this.#missingBytes--;
    }
    return at;
  }

  complete(): void {
    this.#sink?.complete();
  }
}
