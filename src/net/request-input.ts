import type { Timers } from "../lib/timers.ts";
import type { ParserLimits } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import type { LineKind, TextParser } from "../protocol/text-parser.ts";
import { ReceivedBytes } from "./received-bytes.ts";
import type { SharedCodec } from "./shared-codec.ts";
import { endingSilenceMs, Silence } from "./silence.ts";

/** What a client has sent and not been answered for: bytes, and how far they have been parsed. */
export class RequestInput {
  readonly received = new ReceivedBytes();
  /** While requests are executed, and as long as the client is in the middle of one. */
  parser: RespParser | TextParser | undefined;
  /** When the request came whose end has not come (monotonic); -1 while none is in progress. */
  startedMs = -1;
  #hasLineFeed = false;
  /** How often the client was read. */
  #reads = 0;
  readonly #timers: Timers;
  #silence: Silence | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Bytes have come. */
  heard(): void {
    this.#reads++;
    this.#silence?.clear();
  }

  /** Keeps data[from, …) until it is executed. Only while nothing is kept. */
  keep(data: Uint8Array, from: number): void {
    this.received.begin(data, from, this.parser);
  }

  /**
   * Keeps all of `data`, behind what is kept already.
   * @returns false when it is a piece of a large argument that is still coming in: there is nothing new to parse
   */
  add(data: Uint8Array): boolean {
    const { received, parser } = this;
    if (received.isEmpty) {
      received.begin(data, 0, parser);
      return true;
    }
    const gathered = received.isGathering ? received.gather(data) : 0;
    if (gathered > 0 && gathered === data.length) return false;
    received.add(data, gathered, parser?.neededBytes ?? 0);
    return true;
  }

  /** The request in progress is complete. @param isLine by a line feed: from now on only a line feed ends one */
  requestEnded(isLine: boolean): void {
    this.startedMs = -1;
    if (isLine) this.#hasLineFeed = true;
  }

  /** A line feed has ended a request: from now on only a line feed does. */
  get hasLineFeed(): boolean {
    return this.#hasLineFeed;
  }

  /** The parser of the requests that come now. */
  take(protocol: "resp" | "text", codec: SharedCodec, limits: ParserLimits): RespParser | TextParser {
    this.parser ??= codec.parser(protocol, limits);
    return this.parser;
  }

  /** Execution has come to the end of what can be executed: a parser between two requests is given back. */
  leave(parser: RespParser | TextParser, codec: SharedCodec): void {
    if (parser.isBetweenRequests) this.parser = undefined;
    else codec.leave(parser);
  }

  /** Where the end of what came lies in a large argument: that one is kept in chunks from now on. */
  divertLarge(): void {
    if (this.parser instanceof RespParser) this.received.divert(this.parser);
  }

  /** Nothing of what is there is executed any more. */
  clear(): void {
    this.#silence?.clear();
    this.received.clear();
  }

  // ---- a line of the text protocol without its line feed

  /** What kind of request the line in progress is, as far as it has come. */
  get lineKind(): LineKind {
    const { bytes, start, end } = this.received;
    return (this.parser as TextParser).kindOf(bytes, start, end);
  }

  /** How long a silence ends the line in progress; undefined: only a line feed does. */
  endingSilenceMs(isLocal: boolean, limits: Parameters<typeof endingSilenceMs>[1]): number | undefined {
    if (this.#hasLineFeed || this.received.isEmpty) return undefined;
    const line = { kind: this.lineKind, bytes: this.received.length, reads: this.#reads, isLocal };
    return endingSilenceMs(line, limits);
  }

  /** Calls `fallen` unless more bytes come before. */
  awaitSilence(ms: number, fallen: () => void): void {
    this.#silence ??= new Silence(this.#timers);
    this.#silence.await(ms, fallen);
  }

  endSilence(): void {
    this.#silence?.clear();
  }
}
