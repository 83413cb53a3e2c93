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

/** The end of an error about a line without a line feed. */
export const LINE_FEED_HINT = "nothing was done; end a request with a line feed";

/** What the runner asks of its connection. */
export interface RunningConnection {
  readonly session: Session;
  readonly authenticated: boolean;
  readonly remoteAddress: string;
  readonly isLocal: boolean;
  replyMode: ReplyMode;
  /** Answers with an error and closes, but gives the client time to read the error. */
  refuse(message: string): void;
  stopExecuting(how: "closing" | "refusing"): void;
  terminate(): void;
}

/** Has the session run each request of a connection, and decides which protocol the client speaks. */
export class RequestRunner {
  /** `undecided` until the first byte has come. If that begins a line, until the line is complete. */
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

  /** Call before running requests. @returns their parser */
  begin(): RespParser | TextParser {
    this.#replies.beginWriting();
    const protocol = this.protocol === "resp" ? "resp" : "text";
    return this.#input.take(protocol, this.#host.codec, this.#parserLimits);
  }

  end(parser: RespParser | TextParser): void {
    this.#replies.endWriting();
    this.#input.leave(parser, this.#host.codec);
  }

  /** `*` means RESP. If the first byte begins a line, the line's first word decides, once the line is complete. */
  choose(firstByte: number): void {
    if (this.#host.respOnly || firstByte === STAR) this.protocol = "resp";
  }

  /**
   * The parser of what begins with `firstByte`, unless the client speaks RESP already: after a `*` it does, for good.
   * @param parser of the request before
   */
  parserFor(firstByte: number, parser: RespParser | TextParser): RespParser | TextParser {
    return firstByte === STAR && parser.isBetweenRequests ? this.#turnToResp() : parser;
  }

  /** Whether bytes[start, end), parsed into `request`, ask for a reply. An empty line does not. */
  asks(
    request: Request,
    parser: RespParser | TextParser,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    // White space does not either, while the protocol is undecided.
    if (this.protocol === "undecided" && (parser as TextParser).kindOf(bytes, start, end) === "blank") {
      return false;
    }
    return request.count > 0 || request.problem !== "";
  }

  /**
   * Runs an inline command. The client speaks RESP for good after it; only AUTH leaves the protocol as it was.
   * @returns the parser of the next request
   */
  runInline(request: Request, parser: RespParser | TextParser): RespParser | TextParser {
    const spoken = this.protocol;
    const isAuth = request.length(0) === 4 && request.text(0).toLowerCase() === "auth";
    this.protocol = "resp";
    this.run(request);
    if (!isAuth) return this.#turnToResp();
    this.protocol = spoken;
    return parser;
  }

  /** Runs a parsed request. */
  run(request: Request): void {
    const { codec, registry, limits } = this.#host;
    const { scratch } = codec;
    const connection = this.#connection;
    const replies = this.#replies;
    registry.requestCount++;
    if (this.#input.received.hasLarge) request.large = this.#input.received.takeLarge();
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
      else {
        connection.session.refused?.();
        writer.error(`ERR ${request.problem}`);
      }
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      // If the reply has a large value, a part of it may have been sent.
      if (replies.largeInRequest === registry.requestCount) connection.terminate();
      scratch.length = Math.min(mark, scratch.length);
      writer.error(`ERR ${failureText(error, limits.replyBytes)}`);
    }
    if (suppressed && connection.replyMode !== "on") {
      // A ticket suppresses its own reply.
      scratch.length = Math.min(mark, scratch.length);
      if (connection.replyMode === "skip") connection.replyMode = "on";
    }
    if (connection.replyMode === "skip-next") connection.replyMode = "skip";
    replies.appendPushed();
  }

  /** Ends the connection after a ProtocolError. @throws any other error again */
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
    // If the client speaks the text protocol, this was a malformed inline command.
    this.protocol = "resp";
    codec.resp.error(`ERR Protocol error: ${error.message}`);
    this.#connection.stopExecuting("refusing");
  }

  /** Call when the client has authenticated, or has to again: other limits apply. */
  applyLimits(): void {
    if (this.#input.parser !== undefined) this.#input.parser.limits = this.#parserLimits;
  }

  get #parserLimits(): ParserLimits {
    const { parser, unauthenticatedParser } = this.#host.limits;
    return this.#connection.authenticated ? parser : unauthenticatedParser;
  }

  /** The client speaks RESP from now on. @returns the parser of the next request */
  #turnToResp(): RespParser | TextParser {
    this.protocol = "resp";
    this.#input.parser = undefined;
    return this.begin();
  }

  // ---- a line without its line feed

  /**
   * Call when the client has fallen silent, or closed its side, within a line. Runs the line if `endingSilenceMs` takes
   * it for a whole request, and refuses it otherwise.
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
        this.run(codec.request);
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
   * Decides the protocol before an error about the line in progress: text, unless the line is an inline command.
   * @returns whether there is a line in progress
   */
  decideByLine(): boolean {
    const input = this.#input;
    if (this.protocol === "resp" || input.received.isEmpty || input.parser === undefined) return false;
    if (this.protocol === "undecided" && input.lineKind !== "inline") this.protocol = "text";
    return true;
  }
}
