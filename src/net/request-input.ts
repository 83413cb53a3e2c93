import type { Timers } from "../lib/timers.ts";
import type { ParserLimits } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import type { LineKind, TextParser } from "../protocol/text-parser.ts";
import { ReceivedBytes } from "./received-bytes.ts";
import type { SharedCodec } from "./shared-codec.ts";
import { endingSilenceMs, Silence } from "./silence.ts";

/** The bytes of a client that have not been executed, and the parser of the request in progress. */
export class RequestInput {
  readonly received = new ReceivedBytes();
  /** Set while requests are executed, and while a request is in progress. */
  parser: RespParser | TextParser | undefined;
  /** When the request in progress began to come (monotonic); -1 if none is in progress. */
  startedMs = -1;
  #hasLineFeed = false;
  /** How many reads there have been. */
  #reads = 0;
  readonly #timers: Timers;
  #silence: Silence | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Call when bytes have come. */
  heard(): void {
    this.#reads++;
    this.#silence?.clear();
  }

  /** Keeps data[from, …) until it is executed. Only while nothing is kept. */
  keep(data: Uint8Array, from: number): void {
    this.received.begin(data, from, this.parser);
  }

  /**
   * Keeps all of `data`, behind the kept bytes.
   * @returns false if all of it belongs to an unfinished large argument, so that there is nothing new to parse
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

  /** Call when a request is complete. @param isLine whether a line feed ended it */
  requestEnded(isLine: boolean): void {
    this.startedMs = -1;
    if (isLine) this.#hasLineFeed = true;
  }

  /** Whether a line feed has ended a request. From then on silence does not end one. */
  get hasLineFeed(): boolean {
    return this.#hasLineFeed;
  }

  /** @returns the parser of the request in progress, or a new one */
  take(protocol: "resp" | "text", codec: SharedCodec, limits: ParserLimits): RespParser | TextParser {
    this.parser ??= codec.parser(protocol, limits);
    return this.parser;
  }

  /** Call after execution. Keeps the parser if a request is in progress. */
  leave(parser: RespParser | TextParser, codec: SharedCodec): void {
    if (parser.isBetweenRequests) this.parser = undefined;
    else codec.leave(parser);
  }

  /** If a large argument is in progress, keeps it in chunks from now on. */
  divertLarge(): void {
    if (this.parser instanceof RespParser) this.received.divert(this.parser);
  }

  /** Drops all kept bytes. */
  clear(): void {
    this.#silence?.clear();
    this.received.clear();
  }

  // ---- a line of the text protocol without its line feed

  /** The kind of the line in progress. */
  get lineKind(): LineKind {
    const { bytes, start, end } = this.received;
    return (this.parser as TextParser).kindOf(bytes, start, end);
  }

  /** How many milliseconds of silence complete the line in progress; undefined: only a line feed does. */
  endingSilenceMs(isLocal: boolean, limits: Parameters<typeof endingSilenceMs>[1]): number | undefined {
    if (this.#hasLineFeed || this.received.isEmpty) return undefined;
    const line = { kind: this.lineKind, bytes: this.received.length, reads: this.#reads, isLocal };
    return endingSilenceMs(line, limits);
  }

  /** Calls `fallen` after `ms`, unless bytes come before. */
  awaitSilence(ms: number, fallen: () => void): void {
    this.#silence ??= new Silence(this.#timers);
    this.#silence.await(ms, fallen);
  }
}
