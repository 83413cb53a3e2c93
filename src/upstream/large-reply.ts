import { CR, LF } from "../protocol/encoding.ts";
import { ProtocolError } from "../protocol/protocol.ts";

const LINE_END_BYTES = 2;

/** Who takes a large byte string as it comes. */
export interface LargeReplySink {
  /**
   * bytes[start, end) have come.
   * @returns whether they are kept, in which case they reach to the end of `bytes`, and that is the sink's from now on
   */
  append(bytes: Uint8Array, start: number, end: number): boolean;
  /** All of it has come. */
  complete(): void;
}

/** A byte string on its way from the origin, handed on in the pieces it comes in. */
export class LargeReply {
  /** Whether the bytes that were taken last are in use further on. */
  keepsBytes = false;
  readonly #sink: LargeReplySink | undefined;
  /** Still to come, the line's end included. */
  #missingBytes: number;

  /** @param sink undefined where nobody wants it any more */
  constructor(lengthBytes: number, sink: LargeReplySink | undefined) {
    this.#missingBytes = lengthBytes + LINE_END_BYTES;
    this.#sink = sink;
  }

  get isComplete(): boolean {
    return this.#missingBytes === 0;
  }

  /**
   * Takes of bytes[start, end) what belongs to it.
   * @returns the offset behind that
   * @throws ProtocolError where no line's end comes behind the string
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
