import type { Client } from "../commands/client.ts";
import { FULL_READ_BYTES } from "../lib/large-value.ts";
import { ForeignProtocolError } from "../protocol/foreign-protocol.ts";
import { ProtocolError, type Request } from "../protocol/protocol.ts";
import type { RespParser } from "../protocol/resp-parser.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { LineKind, TextParser } from "../protocol/text-parser.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import { Backpressure } from "./backpressure.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { failureText } from "./failure-text.ts";
import { LAST_REPLIES_MS, LINGER_MS } from "./limits.ts";
import { ReceivedBytes } from "./received-bytes.ts";
import { ReplyingConnection } from "./replying-connection.ts";
import { endingSilenceMs, Silence } from "./silence.ts";
import type { Wire, WireEvents } from "./wire.ts";

const STAR = 0x2a;

/** Said of a line whose end has not come. */
const LINE_FEED_HINT = "nothing was done; end a request with a line feed";

export type { Ticket } from "./ticket.ts";

/**
 * One client: its received bytes, their execution, time-outs and limits; and its replies (`ReplyingConnection`).
 * Requests are executed one after the other as long as the session allows; what cannot be sent is kept, and while too
 * much is kept the client is not read.
 */
export class Connection extends ReplyingConnection implements Client, WireEvents {
  lastActiveMs: number;
  /** When the execution under way began (monotonic): after all its requests came, and before their replies go. */
  executingSinceMs = 0;

  /** What has been received and not executed; undefined while there is none. */
  #received: ReceivedBytes | undefined;
  /** Takes what the client sends, which is no request any longer. */
  #relay: ((bytes: Uint8Array, start: number, end: number) => void) | undefined;
  /** While it executes, and as long as it is in the middle of a request. */
  #parser: RespParser | TextParser | undefined;
  /** -1 while none is in progress. */
  #requestStartedMs = -1;
  #silence: Silence | undefined;
  /** How often the client was read, until it had sent a line feed that ended a request. */
  #reads = 0;
  /** It has sent one: from now on only a line feed ends a request. */
  #hasLineFeed = false;
  /** Since when the password is awaited (monotonic). */
  #strangerSinceMs: number;
  #holds = 0;
  #resumeQueued = false;
  #lingeringSinceMs = -1;
  readonly #backpressure: Backpressure;

  constructor(wire: Wire, id: number, host: ConnectionHost) {
    super(wire, id, host);
    this.#backpressure = new Backpressure(wire);
    this.lastActiveMs = host.clock.monotonicMs();
    this.#strangerSinceMs = this.lastActiveMs;
  }

  get bufferedRequestBytes(): number {
    return this.#received?.length ?? 0;
  }

  /** The password was given: from now on the ordinary limits hold. */
  authenticate(): void {
    this.authenticated = true;
    this.#applyParserLimits();
  }

  /** Back to what a new connection is (RESET). @param authenticated whether clients need no password */
  reset(authenticated: boolean): void {
    this.forget(authenticated);
    this.respVersion = 2;
    this.#strangerSinceMs = this.host.clock.monotonicMs();
    this.#applyParserLimits();
  }

  /** Executes no further request of this client until `release`. Calls nest. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    if (this.#holds === 0) this.#queueResume();
  }

  /** Ends the connection once everything answered so far has been sent. No further request is executed. */
  closeAfterReplies(): void {
    this.closing = true;
    if (!this.executing) this.queueFlush();
  }

  /** From now on what the client sends is handed on as it comes. Only while it is held. The bytes are lent. */
  relay(take: (bytes: Uint8Array, start: number, end: number) => void): void {
    const kept = this.#received;
    if (kept !== undefined && !kept.isEmpty) take(kept.bytes, kept.start, kept.end);
    this.#forgetReceived();
    this.#backpressure.resume();
    this.#relay = take;
  }

  // ---- events of the wire

  received(data: Uint8Array): void {
    this.lastActiveMs = this.host.clock.monotonicMs();
    this.host.registry.bytesReceived += data.length;
    if (this.closing || this.closed) return;
    if (this.#relay !== undefined) {
      this.#relay(data, 0, data.length);
      return;
    }
    this.#reads++;
    if (data.length >= FULL_READ_BYTES) this.#backpressure.rest();
    this.#silence?.clear();
    if (this.#received === undefined && this.#mayExecute()) {
      this.executingSinceMs = this.lastActiveMs;
      const done = this.#execute(data, 0, data.length);
      if (done < data.length && !this.closing) this.#keep(data, done);
      this.#afterExecution();
      return;
    }
    const gathered = this.#received?.isGathering === true ? this.#received.gather(data) : 0;
    if (gathered > 0 && gathered === data.length) return;
    this.#keep(data, gathered);
    if (this.#mayExecute()) {
      this.#executeReceived();
    } else {
      this.stalled = true;
      this.#backpressure.pause(this.bufferedRequestBytes);
    }
  }

  ended(): void {
    this.inputEnded = true;
    this.#silence?.clear();
    if (this.exemptFromIdleTimeout) {
      // A subscriber or a blocked client that will ask for nothing more has gone.
      this.terminate();
      return;
    }
    if (this.#lingeringSinceMs >= 0) {
      this.close();
      return;
    }
    // What is stalled is finished once it has been executed.
    if (this.#mayExecute() && !this.stalled) {
      this.#finishLine();
      this.#forgetReceived();
    } else if (this.#received !== undefined) {
      this.stalled = true;
    }
    this.queueFlush();
  }

  wasClosed(): void {
    if (this.closed) return;
    this.closed = true;
    this.#silence?.clear();
    this.#forgetReceived();
    this.discardReplies();
    this.session.closed();
  }

  /** Called now and then by the listener. */
  checkTimeouts(nowMs: number): void {
    const { idleTimeoutMs, requestTimeoutMs, authTimeoutMs } = this.host.limits;
    if (this.closed) return;
    if (this.closing || this.inputEnded) {
      const lingered = this.#lingeringSinceMs >= 0 && nowMs - this.#lingeringSinceMs > LINGER_MS;
      const { blockedSinceMs } = this.sender;
      const blocked = blockedSinceMs >= 0 && nowMs - blockedSinceMs > LAST_REPLIES_MS;
      if (lingered || blocked) this.terminate();
    } else if (
      requestTimeoutMs > 0 &&
      this.#requestStartedMs >= 0 &&
      !this.stalled &&
      nowMs - this.#requestStartedMs > requestTimeoutMs
    ) {
      const hint = this.#isInLine() ? `; ${LINE_FEED_HINT}` : "";
      this.refuse(`request was not complete within ${requestTimeoutMs} ms (see --request-timeout)${hint}`);
    } else if (authTimeoutMs > 0 && !this.authenticated && nowMs - this.#strangerSinceMs > authTimeoutMs) {
      this.#isInLine();
      this.refuse(`the password was not given within ${authTimeoutMs} ms (see --auth-timeout)`);
    } else if (
      idleTimeoutMs > 0 &&
      !this.exemptFromIdleTimeout &&
      this.queue.isEmpty &&
      nowMs - this.lastActiveMs > idleTimeoutMs
    ) {
      this.close();
    }
  }

  /** Answers with an error and closes. */
  refuse(message: string): void {
    const ticket = this.defer();
    ticket.reply.error(`ERR ${message}`);
    ticket.done();
    this.lingers = true;
    this.closeAfterReplies();
  }

  // ---- execution

  #execute(bytes: Uint8Array, from: number, end: number): number {
    const { codec, limits } = this.host;
    const { scratch, request } = codec;
    let start = from;
    this.stalled = false;
    if (this.protocol === "undecided") this.#choose(bytes[start]!);
    let parser = this.#beginExecution();
    scratch.clear(limits.pausedReplyBytes);
    try {
      while (start < end && !this.closing && !this.closed) {
        if (!this.#mayExecute()) {
          this.stalled = true;
          break;
        }
        if (this.protocol !== "resp" && bytes[start] === STAR && parser.isBetweenRequests) {
          parser = this.#turnToResp();
        }
        const next = parser.parse(bytes, start, end, request);
        if (next < 0) break;
        const begun = start;
        start = next;
        this.#requestStartedMs = -1;
        if (this.protocol !== "resp") {
          this.#hasLineFeed = true;
          if (this.protocol === "undecided" && isBlank(parser, bytes, begun, next)) continue;
        }
        // Bytes that asked for nothing, such as an empty line, are not answered.
        if (request.count === 0 && request.problem === "") continue;
        if (this.#received?.hasLarge === true) request.large = this.#received.takeLarge();
        if (request.isInline) parser = this.#runInline(request, parser);
        else this.#run(request);
        if (scratch.length > limits.pausedReplyBytes) {
          this.enqueueReplies();
          this.flush();
        }
      }
    } catch (error) {
      this.#endByError(error);
    } finally {
      this.#endExecution(parser);
    }
    return start;
  }

  /** What the client sent leaves no place to go on. @throws what is no ProtocolError */
  #endByError(error: unknown): void {
    const { codec, foreignClients } = this.host;
    if (!(error instanceof ProtocolError)) {
      codec.scratch.length = 0;
      throw error;
    }
    this.closing = true;
    if (error instanceof ForeignProtocolError) {
      foreignClients.closed(error.protocol, this.remoteAddress);
      return;
    }
    // In the text protocol nothing but an inline command can be malformed.
    this.protocol = "resp";
    codec.resp.error(`ERR Protocol error: ${error.message}`);
    this.lingers = true;
  }

  /** @returns the parser of this connection's requests */
  #beginExecution(): RespParser | TextParser {
    const { codec } = this.host;
    this.executing = true;
    codec.text.largeTaker = this;
    codec.resp.largeTaker = this;
    codec.resp.version = this.respVersion;
    const protocol = this.protocol === "resp" ? "resp" : "text";
    this.#parser ??= codec.parser(protocol, this.#parserLimits());
    return this.#parser;
  }

  /** From now on the client is Redis's, for good. @returns the parser of what comes next */
  #turnToResp(): RespParser | TextParser {
    this.protocol = "resp";
    this.#parser = undefined;
    return this.#beginExecution();
  }

  /** An inline command makes a client Redis's; only AUTH may come from clients of either kind. */
  #runInline(request: Request, parser: RespParser | TextParser): RespParser | TextParser {
    const spoken = this.protocol;
    const isAuth = request.length(0) === 4 && request.text(0).toLowerCase() === "auth";
    this.protocol = "resp";
    this.#run(request);
    if (!isAuth) return this.#turnToResp();
    this.protocol = spoken;
    return parser;
  }

  #endExecution(parser: RespParser | TextParser): void {
    this.executing = false;
    if (parser.isBetweenRequests) this.#parser = undefined;
    else this.host.codec.leave(parser);
  }

  #run(request: Request): void {
    const { codec, registry } = this.host;
    const { scratch } = codec;
    registry.requestCount++;
    if (this.protocol === "undecided") this.protocol = "text";
    const mark = scratch.length;
    const suppressed = this.replyMode !== "on";
    const writer = this.#writer();
    if (this.protocol === "text") {
      codec.text.restart(request.oneShot);
      if (request.oneShot) this.closing = true;
      this.isOneShot = request.oneShot;
    }
    try {
      if (request.large !== undefined && this.session.takesLarge?.(request) !== true) request.flatten();
      if (request.problem === "") this.session.request(request, writer);
      else writer.error(`ERR ${request.problem}`);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      // A part of the reply may be on its way.
      if (this.largeInRequest === registry.requestCount) this.terminate();
      scratch.length = Math.min(mark, scratch.length);
      writer.error(`ERR ${failureText(error, this.host.limits.replyBytes)}`);
    }
    if (suppressed && this.replyMode !== "on") {
      // Deferred replies look at the mode themselves, when they are done.
      scratch.length = Math.min(mark, scratch.length);
      if (this.replyMode === "skip") this.replyMode = "on";
    }
    if (this.replyMode === "skip-next") this.replyMode = "skip";
    this.appendPushed();
  }

  #executeReceived(): void {
    const kept = this.#received!;
    this.executingSinceMs = this.host.clock.monotonicMs();
    kept.doneTo(this.#execute(kept.bytes, kept.start, kept.end));
    if (this.closing) kept.clear();
    if (kept.isEmpty) this.#received = undefined;
    this.#afterExecution();
  }

  #afterExecution(): void {
    if (this.#received === undefined) {
      this.#requestStartedMs = -1;
    } else if (!this.stalled && !this.closing) {
      if (this.#requestStartedMs < 0) this.#requestStartedMs = this.lastActiveMs;
      if (this.inputEnded) {
        this.#finishLine();
        // The client has closed its side: what is left will never be a whole request.
        this.#forgetReceived();
      } else if (this.protocol !== "resp") {
        this.#awaitSilence();
      } else if (this.#parser !== undefined) {
        this.#received.divert(this.#parser as RespParser);
      }
    }
    this.sendReplies();
  }

  /** A line leaves it open: its first word decides, once the line has come. */
  #choose(firstByte: number): void {
    if (this.host.respOnly || firstByte === STAR) this.protocol = "resp";
  }

  #parserLimits() {
    return this.authenticated ? this.host.limits.parser : this.host.limits.unauthenticatedParser;
  }

  #applyParserLimits(): void {
    if (this.#parser !== undefined) this.#parser.limits = this.#parserLimits();
  }

  #writer(): RespWriter | TextWriter {
    const { text, resp } = this.host.codec;
    return this.protocol === "text" ? text : resp;
  }

  // ---- received bytes

  /** Keeps data[from, …) until it is executed. */
  #keep(data: Uint8Array, from: number): void {
    if (this.#received === undefined) {
      this.#received = new ReceivedBytes();
      this.#received.begin(data, from, this.#parser);
    } else {
      this.#received.add(data, from, this.#parser?.neededBytes ?? 0);
    }
  }

  #forgetReceived(): void {
    this.#received?.clear();
    this.#received = undefined;
  }

  #awaitSilence(): void {
    const silenceMs = this.#endingSilenceMs();
    if (silenceMs === undefined) return;
    this.#silence ??= new Silence(this.host.timers);
    this.#silence.await(silenceMs, () => {
      if (this.closed) return;
      if (this.#mayExecute()) this.#finishLine();
      else this.stalled = true;
      this.queueFlush();
    });
  }

  /** How long a silence ends the line in progress; undefined: only a line feed does. */
  #endingSilenceMs(): number | undefined {
    const kept = this.#received;
    if (this.#hasLineFeed || kept === undefined) return undefined;
    const kind = this.#lineKind();
    const line = { kind, bytes: kept.length, reads: this.#reads, isLocal: this.isLocal };
    return endingSilenceMs(line, this.host.limits);
  }

  #lineKind(): LineKind {
    const kept = this.#received!;
    return (this.#parser as TextParser).kindOf(kept.bytes, kept.start, kept.end);
  }

  /**
   * Whether the client is in the middle of a line of which it is not known, or known, that it is one of the text
   * protocol. An error about it is then text, unless the line is an inline command.
   */
  #isInLine(): boolean {
    if (this.protocol === "resp" || this.#received === undefined || this.#parser === undefined) return false;
    if (this.protocol === "undecided" && this.#lineKind() !== "inline") this.protocol = "text";
    return true;
  }

  /**
   * The client fell silent, or closed its side, in the middle of a line. It is executed if it is a whole request by
   * the rules of `endingSilenceMs`, and refused otherwise.
   */
  #finishLine(): void {
    const kept = this.#received;
    if (kept === undefined || this.protocol === "resp" || this.closing) return;
    const isWhole = this.#endingSilenceMs() !== undefined;
    this.enqueueReplies();
    const parser = this.#beginExecution() as TextParser;
    this.executingSinceMs = this.host.clock.monotonicMs();
    try {
      const isBlankRest = this.#hasLineFeed && this.#lineKind() === "blank";
      const { request } = this.host.codec;
      const isRequest = parser.finish(kept.bytes, kept.start, kept.end, request) && !isBlankRest;
      if (isWhole && isRequest) this.#run(request);
      else if (isRequest) this.#isInLine();
      this.#forgetReceived();
      this.#requestStartedMs = -1;
      if (!isWhole && isRequest) this.refuse(`request without a line feed at its end: ${LINE_FEED_HINT}`);
    } catch (error) {
      this.#endByError(error);
    } finally {
      this.#endExecution(parser);
    }
    this.enqueueReplies();
  }

  #mayExecute(): boolean {
    const { pausedReplyBytes, pipelineDepth } = this.host.limits;
    if (this.#holds > 0 || this.queue.openCount >= pipelineDepth) return false;
    return this.waitingReplyBytes + this.queue.largeBytes <= pausedReplyBytes;
  }

  #queueResume(): void {
    if (this.#resumeQueued || this.closed) return;
    this.#resumeQueued = true;
    queueMicrotask(() => {
      this.#resumeQueued = false;
      if (this.closed || !this.#mayExecute()) return;
      this.stalled = false;
      this.#backpressure.resume();
      if (this.#received !== undefined) this.#executeReceived();
      else if (this.inputEnded) this.flush();
    });
  }

  protected sent(all: boolean): void {
    if (all) {
      const inputDone = this.inputEnded && this.#received === undefined && this.#holds === 0;
      if (this.lingers && !this.inputEnded) {
        this.#linger();
        return;
      }
      if (this.closing || inputDone) {
        this.wire.end();
        return;
      }
    }
    if (this.stalled) {
      if (this.#mayExecute()) this.#queueResume();
      else this.#backpressure.pause(this.bufferedRequestBytes);
    }
  }

  #linger(): void {
    if (this.#lingeringSinceMs >= 0) return;
    this.#lingeringSinceMs = this.host.clock.monotonicMs();
    this.wire.shutdown();
    this.#backpressure.resume();
  }
}

/** Whether bytes[start, end), a line that a text parser has read, are white space. */
function isBlank(parser: RespParser | TextParser, bytes: Uint8Array, start: number, end: number): boolean {
  return (parser as TextParser).kindOf(bytes, start, end) === "blank";
}
