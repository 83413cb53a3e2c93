import type { ReplyMode } from "../commands/client.ts";
import { ForeignProtocolError } from "../protocol/foreign-protocol.ts";
import type { ParserLimits } from "../protocol/protocol.ts";
import { ProtocolError, type Request } from "../protocol/protocol.ts";
import type { RespParser } from "../protocol/resp-parser.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { TextParser } from "../protocol/text-parser.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { failureText } from "./failure-text.ts";
import type { Replies } from "./replies.ts";
import type { RequestInput } from "./request-input.ts";
import type { Session } from "./session.ts";

const STAR = 0x2a;

/** Said of a line whose end has not come. */
export const LINE_FEED_HINT = "nothing was done; end a request with a line feed";

/** The connection whose requests are run, as far as they depend on it, and it on them. */
export interface RunningConnection {
  readonly session: Session;
  readonly authenticated: boolean;
  readonly remoteAddress: string;
  readonly isLocal: boolean;
  replyMode: ReplyMode;
  /** Answers with an error, which the client is to read before the connection ends. */
  refuse(message: string): void;
  stopExecuting(how: "closing" | "refusing"): void;
  terminate(): void;
}

/** Runs the requests of one connection, each by the session, and knows which protocol its client speaks. */
export class RequestRunner {
  /** `undecided` until the first byte has come; a line leaves it so until it is complete. */
  protocol: "undecided" | "resp" | "text" = "undecided";
  readonly #connection: RunningConnection;
  readonly #input: RequestInput;
  readonly #replies: Replies;
  readonly #host: ConnectionHost;

  constructor(connection: RunningConnection, input: RequestInput, replies: Replies, host: ConnectionHost) {
    this.#connection = connection;
    this.#input = input;
    this.#replies = replies;
    this.#host = host;
  }

  /** Requests are run from now on. @returns the parser of them */
  begin(): RespParser | TextParser {
    this.#replies.beginWriting();
    const protocol = this.protocol === "resp" ? "resp" : "text";
    return this.#input.take(protocol, this.#host.codec, this.#parserLimits);
  }

  end(parser: RespParser | TextParser): void {
    this.#replies.endWriting();
    this.#input.leave(parser, this.#host.codec);
  }

  /** The first byte decides for RESP. A line leaves it open: its first word decides, once the line has come. */
  choose(firstByte: number): void {
    if (this.#host.respOnly || firstByte === STAR) this.protocol = "resp";
  }

  /**
   * The parser of a request that begins with a byte: a `*` makes the client Redis's, for good.
   * @param parser that of the request before
   */
  parserFor(firstByte: number, parser: RespParser | TextParser): RespParser | TextParser {
    const turns = this.protocol !== "resp" && firstByte === STAR && parser.isBetweenRequests;
    return turns ? this.#turnToResp() : parser;
  }

  /** Whether bytes[start, end), which a parser has read to `request`, ask for anything: an empty line does not. */
  asks(
    request: Request,
    parser: RespParser | TextParser,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    // Nor does white space, before it is known that the client speaks the text protocol.
    if (this.protocol === "undecided" && (parser as TextParser).kindOf(bytes, start, end) === "blank") {
      return false;
    }
    return request.count > 0 || request.problem !== "";
  }

  /** Runs the request that a parser has read. @returns the parser of the next one */
  run(request: Request, parser: RespParser | TextParser): RespParser | TextParser {
    if (this.#input.received.hasLarge) request.large = this.#input.received.takeLarge();
    if (!request.isInline) {
      this.#run(request);
      return parser;
    }
    // An inline command makes a client Redis's; only AUTH may come from clients of either kind.
    const spoken = this.protocol;
    const isAuth = request.length(0) === 4 && request.text(0).toLowerCase() === "auth";
    this.protocol = "resp";
    this.#run(request);
    if (!isAuth) return this.#turnToResp();
    this.protocol = spoken;
    return parser;
  }

  #run(request: Request): void {
    const { codec, registry, limits } = this.#host;
    const { scratch } = codec;
    const connection = this.#connection;
    const replies = this.#replies;
    registry.requestCount++;
    if (this.protocol === "undecided") this.protocol = "text";
    const mark = scratch.length;
    const suppressed = connection.replyMode !== "on";
    const writer: RespWriter | TextWriter = this.protocol === "text" ? codec.text : codec.resp;
    if (this.protocol === "text") {
      codec.text.restart(request.oneShot);
      replies.isBare = request.oneShot;
      if (request.oneShot) connection.stopExecuting("closing");
    }
    try {
      if (request.large !== undefined && connection.session.takesLarge?.(request) !== true) request.flatten();
      if (request.problem === "") connection.session.request(request, writer);
      else writer.error(`ERR ${request.problem}`);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      // A part of the reply may be on its way.
      if (replies.largeInRequest === registry.requestCount) connection.terminate();
      scratch.length = Math.min(mark, scratch.length);
      writer.error(`ERR ${failureText(error, limits.replyBytes)}`);
    }
    if (suppressed && connection.replyMode !== "on") {
      // Deferred replies look at the mode themselves, when they are done.
      scratch.length = Math.min(mark, scratch.length);
      if (connection.replyMode === "skip") connection.replyMode = "on";
    }
    if (connection.replyMode === "skip-next") connection.replyMode = "skip";
    replies.appendPushed();
  }

  /** What the client sent leaves no place to go on. @throws what is no ProtocolError */
  fail(error: unknown): void {
    const { codec, foreignClients } = this.#host;
    if (!(error instanceof ProtocolError)) {
      codec.scratch.length = 0;
      throw error;
    }
    if (error instanceof ForeignProtocolError) {
      this.#connection.stopExecuting("closing");
      foreignClients.closed(error.protocol, this.#connection.remoteAddress);
      return;
    }
    // In the text protocol nothing but an inline command can be malformed.
    this.protocol = "resp";
    codec.resp.error(`ERR Protocol error: ${error.message}`);
    this.#connection.stopExecuting("refusing");
  }

  /** The password has been given, or is needed again. */
  applyLimits(): void {
    if (this.#input.parser !== undefined) this.#input.parser.limits = this.#parserLimits;
  }

  get #parserLimits(): ParserLimits {
    const { parser, unauthenticatedParser } = this.#host.limits;
    return this.#connection.authenticated ? parser : unauthenticatedParser;
  }

  /** From now on the client is Redis's, for good. @returns the parser of what comes next */
  #turnToResp(): RespParser | TextParser {
    this.protocol = "resp";
    this.#input.parser = undefined;
    return this.begin();
  }

  // ---- a line without its line feed

  /**
   * The client fell silent, or closed its side, in the middle of a line. The line is run if it is a whole request by the
   * rules of `endingSilenceMs`, and refused otherwise.
   */
  finishLine(): void {
    const { codec, limits } = this.#host;
    const input = this.#input;
    const { received } = input;
    if (received.isEmpty || this.protocol === "resp") return;
    const isWhole = input.endingSilenceMs(this.#connection.isLocal, limits) !== undefined;
    this.#replies.enqueue();
    const parser = this.begin() as TextParser;
    try {
      const isBlankRest = input.hasLineFeed && input.lineKind === "blank";
      const isRequest =
        parser.finish(received.bytes, received.start, received.end, codec.request) && !isBlankRest;
      if (isRequest && isWhole) {
        this.#run(codec.request);
      } else if (isRequest) {
        this.decideByLine();
        this.#connection.refuse(`request without a line feed at its end: ${LINE_FEED_HINT}`);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.end(parser);
    }
    input.startedMs = -1;
    input.clear();
    this.#replies.enqueue();
  }

  /**
   * An error about the line in progress is told as text, unless the line is an inline command.
   * @returns whether the client is in the middle of a line
   */
  decideByLine(): boolean {
    const input = this.#input;
    if (this.protocol === "resp" || input.received.isEmpty || input.parser === undefined) return false;
    if (this.protocol === "undecided" && input.lineKind !== "inline") this.protocol = "text";
    return true;
  }
}
