import { ByteBuffer } from "../lib/byte-buffer.ts";
import { type ParserLimits, Request } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { type IsCommandName, TextParser } from "../protocol/text-parser.ts";
import { TextWriter } from "../protocol/text-writer.ts";

/**
 * What the connections of one listener execute with, one after the other. None of it is kept for each of them: so a
 * thousand take little memory, and whose turn it is finds it in the processor's cache.
 */
export class SharedCodec {
  /** The request being executed. */
  readonly request = new Request();
  /** Replies of the event being handled; emptied before the next event. */
  readonly scratch: ByteBuffer;
  /** These write to `scratch`. */
  readonly resp: RespWriter;
  readonly text: TextWriter;
  readonly #isCommandName: IsCommandName;
  /** Parsers that are between two requests. */
  #respParser: RespParser | undefined;
  #textParser: TextParser | undefined;

  /**
   * @param replyBytes most reply bytes of one event
   * @param isCommandName which lines that do not begin as RESP are inline commands
   * @param scratchBytes room for replies at first
   */
  constructor(replyBytes: number, isCommandName: IsCommandName, scratchBytes = 64 * 1024) {
    this.scratch = new ByteBuffer(scratchBytes, replyBytes);
    this.resp = new RespWriter(this.scratch);
    this.text = new TextWriter(this.scratch);
    this.#isCommandName = isCommandName;
  }

  /** A parser that is between two requests. Whoever has read a part of one with it keeps it (`leave`). */
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

  /** `parser` stays with the connection that has read a part of a request with it. */
  leave(parser: RespParser | TextParser): void {
    if (parser === this.#respParser) this.#respParser = undefined;
    else if (parser === this.#textParser) this.#textParser = undefined;
  }
}
