import type { Socket } from "bun";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { FULL_READ_BYTES } from "../lib/large-value.ts";
import { type LargeTaker, ProtocolError, Request } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";
import type { TextParser } from "../protocol/text-parser.ts";
import { NO_PREFIX, type TextWriter } from "../protocol/text-writer.ts";
import { ClientFacts } from "./client-facts.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { failureText } from "./failure-text.ts";
import { LAST_REPLIES_MS, LINGER_MS } from "./limits.ts";
import { Outlet } from "./outlet.ts";
import { Reading } from "./reading.ts";
import { ReceivedBytes } from "./received-bytes.ts";
import { ReplyQueue, type Segment } from "./reply-queue.ts";
import { ReplyWriters } from "./reply-writers.ts";
import { parserFor } from "./request-parser.ts";
import type { Session } from "./session.ts";
import { Silence } from "./silence.ts";
import { Ticket, type TicketOwner } from "./ticket.ts";

export type { ReplyMode } from "./client-facts.ts";
export type { Ticket } from "./ticket.ts";

/**
 * One client: its received bytes, the order of its replies, backpressure and limits. Requests are executed one
 * after the other as long as the session allows; what cannot be sent is kept, and while too much is kept the
 * client is not read.
 */
export class Connection extends ClientFacts implements TicketOwner, LargeTaker {
  /** `undecided` until the first byte has come. */
  protocol: "undecided" | "resp" | "text" = "undecided";
  session!: Session;
  lastActiveMs: number;
  /** When the execution under way began (monotonic): after all its requests came, and before their replies go. */
  executingSinceMs = 0;

  readonly #socket: Socket<Connection>;
  readonly #host: ConnectionHost;
  readonly #queue = new ReplyQueue(() => this.queueFlush());
  readonly #outlet: Outlet;
  readonly #received = new ReceivedBytes();
  readonly #request = new Request();
  readonly #writers: ReplyWriters;
  #parser: RespParser | TextParser | undefined;
  /** -1 while none is in progress. */
  #requestStartedMs = -1;
  readonly #silence = new Silence();
  #holds = 0;
  #resumeQueued = false;
  #executing = false;
  /** Pushed while a request of this client is executed: a message must not come in the middle of a reply. */
  #pushed: ByteBuffer | undefined;
  #flushQueued = false;
  #inputEnded = false;
  #closing = false;
  /**
   * The client is to read why it is cut off. Closing with bytes unread would reset the connection, and the reason
   * could be lost: so our side is closed, and what comes is thrown away for a while.
   */
  #lingers = false;
  #lingeringSinceMs = -1;
  #closed = false;
  readonly #reading: Reading;
  /** Execution stopped before everything received was executed: the session holds it, or replies pile up. */
  #stalled = false;
  #drainWaiters: (() => void)[] = [];
  /** The number of the request that was last answered with a large value. */
  #largeInRequest = -1;

  constructor(socket: Socket<Connection>, id: number, host: ConnectionHost) {
    super(id, socket, host.clock.wallMs());
    this.#socket = socket;
    this.#reading = new Reading(socket);
    this.#host = host;
    this.#outlet = new Outlet(socket, this.#queue, host.clock, host.registry, host.slice);
    this.lastActiveMs = host.clock.monotonicMs();
    this.#writers = new ReplyWriters(host.scratch, this);
  }

  /** The RESP version replies are written in; 2 until HELLO. */
  get respVersion(): 2 | 3 {
    return this.#writers.resp.version;
  }

  set respVersion(version: 2 | 3) {
    this.#writers.resp.version = version;
  }

  /** The text protocol's writer, for the source it names before each reply. */
  get textWriter(): TextWriter {
    return this.#writers.text;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Nothing more is executed for this client: it ends once its replies have been sent. */
  get isClosing(): boolean {
    return this.#closing;
  }

  /** Reply bytes waiting for the client or for an earlier reply. */
  get waitingReplyBytes(): number {
    return this.#queue.readyBytes + this.#queue.waitingBytes;
  }

  get bufferedRequestBytes(): number {
    return this.#received.length;
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
    this.#applyParserLimits();
  }

  /** Takes the place of the current request's reply in the order; the reply is written later. */
  defer(): Ticket {
    // The scratch buffer is this connection's only while it executes.
    if (this.#executing) this.#settleScratch();
    return this.#open(this.replyMode !== "on");
  }

  /** Whether the reply that is being written may hold large values. */
  get acceptsLarge(): boolean {
    return this.#executing && this.replyMode === "on" && !this.#closed;
  }

  takeLarge(value: LargeValue, tail: Uint8Array): void {
    this.#settleScratch(true);
    this.#queue.addLarge(value, tail);
    this.#largeInRequest = this.#host.registry.requestCount;
  }

  /** Executes no further request of this client until `release`. Calls nest. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    if (this.#holds === 0) this.#queueResume();
  }

  /** Sends bytes behind all replies so far: invalidations, messages. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    if (this.#closed) return;
    if (this.#executing) {
      this.#pushed ??= new ByteBuffer(end - start);
      this.#pushed.append(bytes, start, end);
      return;
    }
    this.#queue.add(bytes, start, end);
    this.queueFlush();
  }

  /** The same in front of the replies outstanding; not while a request is executed, nor while a reply is streamed. */
  pushAhead(bytes: Uint8Array, start: number, end: number): void {
    if (this.#closed) return;
    this.#queue.addAhead(bytes, start, end);
    this.queueFlush();
  }

  /** Ends the connection once everything answered so far has been sent. No further request is executed. */
  closeAfterReplies(): void {
    this.#closing = true;
    if (!this.#executing) this.queueFlush();
  }

  /** Ends the connection now; what was given to the system is still delivered. */
  close(): void {
    if (!this.#closed) this.#socket.end();
  }

  /** Cuts the connection off: what has not reached the client is lost. */
  terminate(): void {
    if (!this.#closed) this.#socket.terminate();
  }

  // ---- events of the socket, called by the listener

  received(data: Uint8Array): void {
    this.lastActiveMs = this.#host.clock.monotonicMs();
    this.#host.registry.bytesReceived += data.length;
    if (this.#closing || this.#closed) return;
    if (data.length >= FULL_READ_BYTES) this.#reading.rest();
    this.#silence.clear();
    const kept = this.#received;
    if (kept.isEmpty && this.#mayExecute()) {
      this.executingSinceMs = this.lastActiveMs;
      const done = this.#execute(data, 0, data.length);
      if (done < data.length && !this.#closing) kept.begin(data, done, this.#parser!);
      this.#afterExecution();
      return;
    }
    const gathered = kept.isGathering ? kept.gather(data) : 0;
    if (gathered > 0 && gathered === data.length) return;
    kept.add(data, gathered, this.#parser?.neededBytes ?? 0);
    if (this.#mayExecute()) {
      this.#executeReceived();
    } else {
      this.#stalled = true;
      this.#reading.pause(this.bufferedRequestBytes);
    }
  }

  ended(): void {
    this.#inputEnded = true;
    this.#silence.clear();
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
    if (this.#mayExecute() && !this.#stalled) {
      this.#finishText();
      this.#received.clear();
    } else if (!this.#received.isEmpty) {
      this.#stalled = true;
    }
    this.queueFlush();
  }

  drained(): void {
    this.#flush();
  }

  wasClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#silence.clear();
    this.#received.clear();
    this.#queue.discard();
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
    this.session.closed();
  }

  /** Called now and then by the listener. */
  checkTimeouts(nowMs: number): void {
    const { idleTimeoutMs, requestTimeoutMs } = this.#host.limits;
    if (this.#closed) return;
    if (this.#closing || this.#inputEnded) {
      const lingered = this.#lingeringSinceMs >= 0 && nowMs - this.#lingeringSinceMs > LINGER_MS;
      const { blockedSinceMs } = this.#outlet;
      const blocked = blockedSinceMs >= 0 && nowMs - blockedSinceMs > LAST_REPLIES_MS;
      if (lingered || blocked) this.terminate();
    } else if (
      requestTimeoutMs > 0 &&
      this.#requestStartedMs >= 0 &&
      !this.#stalled &&
      nowMs - this.#requestStartedMs > requestTimeoutMs
    ) {
      this.refuse(`request was not complete within ${requestTimeoutMs} ms (see --request-timeout)`);
    } else if (
      idleTimeoutMs > 0 &&
      !this.exemptFromIdleTimeout &&
      this.#queue.isEmpty &&
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
    this.#lingers = true;
    this.closeAfterReplies();
  }

  // ---- called by tickets

  roomFor(segment: Segment): ByteBuffer {
    return this.#closed ? segment.buffer : this.#queue.roomFor(segment);
  }

  segmentDone(segment: Segment): void {
    if (this.#closed) return;
    if (this.#queue.close(segment) || this.#stalled || this.#inputEnded) this.queueFlush();
  }

  segmentGrew(segment: Segment): void {
    if (!this.#closed && this.#queue.drainOpen(segment)) this.#flush();
  }

  whenReadable(segment: Segment): Promise<void> | undefined {
    if (this.#closed || segment.length + this.#queue.readyBytes < this.#host.limits.pausedReplyBytes) {
      return undefined;
    }
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Sends soon: once for all replies that become ready in this turn of the event loop. */
  queueFlush(): void {
    if (this.#flushQueued || this.#closed) return;
    this.#flushQueued = true;
    this.#host.flushes.add(this);
  }

  flushQueued(): void {
    this.#flushQueued = false;
    this.#flush();
  }

  // ---- execution

  #execute(bytes: Uint8Array, from: number, end: number): number {
    const { scratch, limits } = this.#host;
    const request = this.#request;
    let start = from;
    this.#stalled = false;
    if (this.#parser === undefined && start < end) this.#choose(bytes[start]!);
    const parser = this.#parser!;
    this.#executing = true;
    scratch.clear(limits.pausedReplyBytes);
    try {
      while (start < end && !this.#closing && !this.#closed) {
        if (!this.#mayExecute()) {
          this.#stalled = true;
          break;
        }
        const next = parser.parse(bytes, start, end, request);
        if (next < 0) break;
        start = next;
        this.#requestStartedMs = -1;
        // Bytes that asked for nothing, such as an empty line, are not answered.
        if (request.count === 0 && request.problem === "") continue;
        if (this.#received.hasLarge) request.large = this.#received.takeLarge();
        this.#run(request);
        if (scratch.length > limits.pausedReplyBytes) {
          this.#settleScratch();
          this.#flush();
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        scratch.length = 0;
        throw error;
      }
      this.#writer().error(`ERR Protocol error: ${error.message}`);
      this.#lingers = true;
      this.#closing = true;
    } finally {
      this.#executing = false;
    }
    return start;
  }

  #run(request: Request): void {
    this.#host.registry.requestCount++;
    const mark = this.#host.scratch.length;
    const suppressed = this.replyMode !== "on";
    const writer = this.#writer();
    if (this.protocol === "text") {
      this.textWriter.prefix = NO_PREFIX;
      this.textWriter.bare = request.oneShot;
      if (request.oneShot) this.#closing = true;
    }
    try {
      if (request.large !== undefined && this.session.takesLarge?.(request) !== true) request.flatten();
      if (request.problem === "") this.session.request(request, writer);
      else writer.error(`ERR ${request.problem}`);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      // A part of the reply may be on its way.
      if (this.#largeInRequest === this.#host.registry.requestCount) this.terminate();
      this.#host.scratch.length = Math.min(mark, this.#host.scratch.length);
      writer.error(`ERR ${failureText(error, this.#host.limits.replyBytes)}`);
    }
    if (suppressed && this.replyMode !== "on") {
      // Deferred replies look at the mode themselves, when they are done.
      this.#host.scratch.length = Math.min(mark, this.#host.scratch.length);
      if (this.replyMode === "skip") this.replyMode = "on";
    }
    if (this.replyMode === "skip-next") this.replyMode = "skip";
    if (this.#pushed !== undefined) this.#appendPushed(this.#pushed);
  }

  /** What was pushed to this client while its own request ran goes behind that request's reply. */
  #appendPushed(pushed: ByteBuffer): void {
    this.#pushed = undefined;
    // Not to the scratch buffer: the reply may have filled it up to its limit.
    this.#settleScratch();
    this.#queue.add(pushed.bytes, 0, pushed.length);
  }

  #executeReceived(): void {
    const kept = this.#received;
    this.executingSinceMs = this.#host.clock.monotonicMs();
    kept.doneTo(this.#execute(kept.bytes, kept.start, kept.end));
    if (this.#closing) kept.clear();
    this.#afterExecution();
  }

  #afterExecution(): void {
    if (this.#received.isEmpty) {
      this.#requestStartedMs = -1;
    } else if (!this.#stalled && !this.#closing) {
      if (this.#requestStartedMs < 0) this.#requestStartedMs = this.lastActiveMs;
      if (this.#inputEnded) {
        this.#finishText();
        // The client has closed its side: what is left will never be a whole request.
        this.#received.clear();
      } else if (this.#parser instanceof RespParser) {
        this.#received.divert(this.#parser);
      } else if (this.protocol === "text") {
        this.#awaitSilence();
      }
    }
    this.#sendScratch();
  }

  #choose(firstByte: number): void {
    this.#parser = parserFor(firstByte, this.#host.respOnly, this.#parserLimits());
    this.protocol = this.#parser instanceof RespParser ? "resp" : "text";
  }

  #parserLimits() {
    return this.authenticated ? this.#host.limits.parser : this.#host.limits.unauthenticatedParser;
  }

  #applyParserLimits(): void {
    if (this.#parser !== undefined) this.#parser.limits = this.#parserLimits();
  }

  #writer(): RespWriter | TextWriter {
    return this.protocol === "text" ? this.#writers.text : this.#writers.resp;
  }

  /** A place in the order for a reply that is to be written as the current one. */
  #open(isSuppressed: boolean): Ticket {
    const text = this.protocol === "text" ? this.textWriter : undefined;
    const ticket = new Ticket(this, this.#queue, text === undefined ? this.respVersion : 0, isSuppressed);
    if (text !== undefined) (ticket.reply as TextWriter).writeAs(text);
    this.#queue.open(ticket);
    return ticket;
  }

  // ---- received bytes

  #awaitSilence(): void {
    this.#silence.await(this.#host.limits.textSilenceMs, () => {
      if (this.#closed) return;
      if (this.#mayExecute()) this.#finishText();
      else this.#stalled = true;
      this.queueFlush();
    });
  }

  /** A text request without a line feed is complete: the client fell silent or closed its side. */
  #finishText(): void {
    const kept = this.#received;
    if (kept.isEmpty || this.protocol !== "text" || this.#closing) return;
    const isRequest = (this.#parser as TextParser).finish(kept.bytes, kept.start, kept.end, this.#request);
    kept.clear();
    this.#requestStartedMs = -1;
    if (!isRequest) return;
    this.#settleScratch();
    this.#executing = true;
    this.executingSinceMs = this.#host.clock.monotonicMs();
    try {
      this.#run(this.#request);
    } finally {
      this.#executing = false;
    }
    this.#settleScratch();
  }

  #mayExecute(): boolean {
    const { pausedReplyBytes, pipelineDepth } = this.#host.limits;
    if (this.#holds > 0 || this.#queue.openCount >= pipelineDepth) return false;
    return this.waitingReplyBytes + this.#queue.largeBytes <= pausedReplyBytes;
  }

  #queueResume(): void {
    if (this.#resumeQueued || this.#closed) return;
    this.#resumeQueued = true;
    queueMicrotask(() => {
      this.#resumeQueued = false;
      if (this.#closed || !this.#mayExecute()) return;
      this.#stalled = false;
      this.#reading.resume();
      if (!this.#received.isEmpty) this.#executeReceived();
      else if (this.#inputEnded) this.#flush();
    });
  }

  // ---- sending

  /**
   * Puts the replies written so far in order, held back until the session has settled.
   * @param always also when none have been written: what comes behind may depend on it
   */
  #settleScratch(always = false): void {
    const { scratch } = this.#host;
    if (scratch.length === 0 && !always) return;
    const promise = this.session.settle();
    if (promise === undefined) this.#queue.add(scratch.bytes, 0, scratch.length);
    else this.#holdBack(promise);
    scratch.length = 0;
  }

  #holdBack(promise: Promise<void>): void {
    const { scratch } = this.#host;
    const ticket = this.#open(false);
    ticket.buffer.append(scratch.bytes, 0, scratch.length);
    promise.then(
      () => this.segmentDone(ticket),
      (error: unknown) => {
        // What was to be confirmed is not known to have happened: the client must not see it confirmed. The one
        // error stands for several replies, so nothing may come behind it that could be taken for one of them.
        ticket.buffer.clear();
        this.#queue.cutBehind(ticket);
        ticket.reply.error(`MISCONF ${failureText(error, this.#host.limits.replyBytes)}`);
        this.#closing = true;
        this.segmentDone(ticket);
      },
    );
  }

  /** The end of an event. The usual case writes the replies straight from the scratch buffer to the socket. */
  #sendScratch(): void {
    const { scratch } = this.#host;
    if (scratch.length > 0 && !this.#closed && this.#queue.isEmpty && this.#queue.readyBytes === 0) {
      const promise = this.session.settle();
      if (promise !== undefined) {
        this.#holdBack(promise);
      } else {
        this.#outlet.send(scratch.bytes, scratch.length);
      }
      scratch.length = 0;
      this.#afterSending();
      return;
    }
    this.#settleScratch();
    this.#flush();
  }

  #flush(): void {
    if (this.#closed) return;
    const flushed = this.#outlet.flush();
    if (flushed === "more") setImmediate(() => this.#flush());
    // A large value cannot be had any more, and its beginning may have been sent.
    if (flushed === "lost") this.terminate();
    else this.#afterSending();
  }

  #afterSending(): void {
    if (this.#closed) return;
    const { readyBytes } = this.#queue;
    const { replyBytes, pausedReplyBytes } = this.#host.limits;
    if (this.waitingReplyBytes + this.#queue.heldBytes > replyBytes) {
      this.#host.registry.outputLimitCount++;
      this.terminate();
      return;
    }
    if (this.#drainWaiters.length > 0 && readyBytes < pausedReplyBytes) {
      for (const resolve of this.#drainWaiters.splice(0)) resolve();
    }
    if (readyBytes === 0 && this.#queue.isEmpty) {
      const inputDone = this.#inputEnded && this.#received.isEmpty && this.#holds === 0;
      if (this.#lingers && !this.#inputEnded) {
        this.#linger();
        return;
      }
      if (this.#closing || inputDone) {
        this.#socket.end();
        return;
      }
    }
    if (this.#stalled) {
      if (this.#mayExecute()) this.#queueResume();
      else this.#reading.pause(this.bufferedRequestBytes);
    }
  }

  #linger(): void {
    if (this.#lingeringSinceMs >= 0) return;
    this.#lingeringSinceMs = this.#host.clock.monotonicMs();
    this.#socket.shutdown();
    this.#reading.resume();
  }
}
