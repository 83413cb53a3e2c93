import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { LargeTaker } from "../protocol/protocol.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { TextWriter } from "../protocol/text-writer.ts";

/** One client's reply writers, for the protocol it speaks. */
export class ReplyWriters {
  readonly resp: RespWriter;
  readonly #scratch: ByteBuffer;
  readonly #taker: LargeTaker;
  #text: TextWriter | undefined;

  /** @param taker who sends large values that are written to the scratch buffer */
  constructor(scratch: ByteBuffer, taker: LargeTaker) {
    this.#scratch = scratch;
    this.#taker = taker;
    this.resp = new RespWriter(scratch, 2);
    this.resp.largeTaker = taker;
  }

  get text(): TextWriter {
    if (this.#text === undefined) {
      this.#text = new TextWriter(this.#scratch);
      this.#text.largeTaker = this.#taker;
    }
    return this.#text;
  }
}
