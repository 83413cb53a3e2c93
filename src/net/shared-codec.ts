import { ByteBuffer } from "../lib/byte-buffer.ts";
import { type ParserLimits, Request } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { type IsCommandName, TextParser } from "../protocol/text-parser.ts";
import { TextWriter } from "../protocol/text-writer.ts";

/**
 * Parsers, writers and the reply buffer of a listener. Connections execute one after the other, so they share them: a
 * thousand connections take little memory, and the buffers stay in the processor's cache.
 */
export class SharedCodec {
  /** The request being executed. */
  readonly request = new Request();
  /** Replies of the current event. Empty before the next event. */
  readonly scratch: ByteBuffer;
  /** Both write to `scratch`. */
  readonly resp: RespWriter;
  readonly text: TextWriter;
  readonly #isCommandName: IsCommandName;
  /** Parsers that have read no part of a request. */
  #respParser: RespParser | undefined;
  #textParser: TextParser | undefined;

  /**
   * @param replyBytes limit of the reply bytes of one event
   * @param isCommandName tells inline commands from the text protocol
   * @param scratchBytes initial size of `scratch`
   */
  constructor(replyBytes: number, isCommandName: IsCommandName, scratchBytes = 64 * 1024) {
    this.scratch = new ByteBuffer(scratchBytes, replyBytes);
    this.resp = new RespWriter(this.scratch);
    this.text = new TextWriter(this.scratch);
    this.#isCommandName = isCommandName;
  }

  /** A parser that has read no part of a request. A connection keeps it (`leave`) if it ends within a request. */
  parser(protocol: "resp" | "text", limits: ParserLimits): RespParser | TextParser {
    let parser: RespParser | TextParser;
    if (protocol === "resp") {
      this.#respParser ??= new RespParser(limits);
      parser = this.#respParser;
    } else {
      this.#textParser ??= new TextParser(limits, this.#isCommandName);
      parser = this.#textParser;
    }
    parser.limits = limits;
    return parser;
  }

  /** Gives `parser` to the connection, which has read a part of a request with it. */
  leave(parser: RespParser | TextParser): void {
    if (parser === this.#respParser) this.#respParser = undefined;
    else if (parser === this.#textParser) this.#textParser = undefined;
  }
}
