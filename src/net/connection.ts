import type { Socket } from "bun";
import { BufferLimitError, ByteBuffer } from "../lib/byte-buffer.ts";
import { ProtocolError, type ReplyWriter, Request, type RequestParser } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { TextParser } from "../protocol/text-parser.ts";
import { TextWriter } from "../protocol/text-writer.ts";
import type { ConnectionLimits } from "./limits.ts";
import { ReplyQueue, type Segment } from "./reply-queue.ts";
import type { Session } from "./session.ts";

/** What all connections of one service count together. */
export interface ServiceTotals {
  requestCount: number;
  bytesReceived: number;
  bytesSent: number;
  /** A client is cut off because too many reply bytes wait for it. */
  outputLimitReached(connection: Connection): void;
}

/** What a listener shares among its connections. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly registry: ServiceTotals;
  /** Only RESP: what does not begin with `*` is an inline command, not the text protocol. */
  readonly respOnly: boolean;
  readonly clock: { monotonicMs(): number; wallMs(): number };
  /** Replies of the event being handled; emptied before the next event. */
  readonly scratch: ByteBuffer;
}

/** How replies are suppressed (CLIENT REPLY). */
export type ReplyMode = "on" | "off" | "skip-next" | "skip";

/** A client that is to end and takes nothing of its last replies for so long is cut off. */
const LAST_REPLIES_MS = 10_000;
/** How long a client that broke the protocol may go on sending before its connection ends for good. */
const LINGER_MS = 2_000;
/** Requests received ahead of execution before the socket is not read any more. */
const PAUSE_READING_BYTES = 64 * 1024;
const FIRST_BYTE_RESP = 0x2a;

/**
 * One client: its received bytes, the order of its replies, backpressure and limits. Requests are executed one
 * after the other as long as the session allows; what cannot be sent is kept, and while too much is kept the
 * client is not read.
 */
export class Connection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly connectedAtMs: number;
  /** `undecided` until the first byte has come. */
  protocol: "undecided" | "resp" | "text" = "undecided";
  session!: Session;

  /** Set by AUTH or HELLO; true from the start where no password is asked for. */
  authenticated = true;
  name = "";
  libraryName = "";
  libraryVersion = "";
  replyMode: ReplyMode = "on";
  /** The last command, for CLIENT LIST. */
  lastCommand = "NULL";
  lastActiveMs: number;
  /** Flags of CLIENT LIST that a session adds: `x` in MULTI, `t` tracking, `P` pub/sub, `b` blocked, … */
  flags: () => string = () => "";
  /** Commands waiting for EXEC; -1 outside MULTI. Kept by the session, for CLIENT LIST. */
  queuedCommands = -1;
  /** CLIENT NO-EVICT; nothing evicts clients here, so it is only told. */
  noEvict = false;
  /** A client that may be silent for ever: a subscriber, or one that waits in a blocking command. */
  exemptFromIdleTimeout = false;

  readonly #socket: Socket<Connection>;
  readonly #host: ConnectionHost;
  readonly #queue = new ReplyQueue();
  readonly #request = new Request();
  readonly #respWriter: RespWriter;
  #textWriter: TextWriter | undefined;
  #parser: RequestParser | undefined;
  /** Bytes received and not executed yet; `#inboundStart` of them are done with. */
  #inbound: ByteBuffer | undefined;
  #inboundStart = 0;
  /** -1 while none is in progress. */
  #requestStartedMs = -1;
  /** Since when the client has taken nothing of the replies waiting for it; -1 while none wait. */
  #blockedSinceMs = -1;
  #silence: ReturnType<typeof setTimeout> | undefined;
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
  #readingPaused = false;
  /** Execution stopped before everything received was executed: the session holds it, or replies pile up. */
  #stalled = false;
  #drainWaiters: (() => void)[] = [];

  constructor(socket: Socket<Connection>, id: number, host: ConnectionHost) {
    this.id = id;
    this.#socket = socket;
    this.#host = host;
    this.remoteAddress = formatAddress(socket.remoteAddress, socket.remotePort);
    this.localAddress = formatAddress(socket.localAddress, socket.localPort);
    this.connectedAtMs = host.clock.wallMs();
    this.lastActiveMs = host.clock.monotonicMs();
    this.#respWriter = new RespWriter(host.scratch, 2);
  }

  /** The RESP version replies are written in; 2 until HELLO. */
  get respVersion(): 2 | 3 {
    return this.#respWriter.version;
  }

  set respVersion(version: 2 | 3) {
    this.#respWriter.version = version;
  }

  /** The text protocol's writer, for the source it names before each reply. */
  get textWriter(): TextWriter {
    this.#textWriter ??= new TextWriter(this.#host.scratch);
    return this.#textWriter;
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
    return this.#inbound === undefined ? 0 : this.#inbound.length - this.#inboundStart;
  }

  /** The password was given: from now on the ordinary limits hold. */
  authenticate(): void {
    this.authenticated = true;
    this.#applyParserLimits();
  }

  /** Back to what a new connection is (RESET). @param authenticated whether clients need no password */
  reset(authenticated: boolean): void {
    this.authenticated = authenticated;
    this.respVersion = 2;
    this.replyMode = "on";
    this.name = "";
    this.noEvict = false;
    this.queuedCommands = -1;
    this.#applyParserLimits();
  }

  /** Takes the place of the current request's reply in the order; the reply is written later. */
  defer(): Ticket {
    // The scratch buffer is this connection's only while it executes.
    if (this.#executing) this.#settleScratch();
    const ticket = new Ticket(this, this.#queue.open(), this.replyMode !== "on");
    if (this.protocol === "text") {
      const { reply } = ticket as { reply: TextWriter };
      reply.prefix = this.textWriter.prefix;
      reply.bare = this.textWriter.bare;
    }
    return ticket;
  }

  /** Executes no further request of this client until `release`. Calls nest. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    if (this.#holds === 0) this.#queueResume();
  }

  /** Sends what `write` writes behind all replies so far: invalidations, messages. */
  push(write: (writer: ReplyWriter) => void): void {
    if (this.#closed) return;
    const buffer = new ByteBuffer(64);
    write(new RespWriter(buffer, this.respVersion));
    this.pushBytes(buffer.bytes, 0, buffer.length);
  }

  /** The same for bytes that are written already. */
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
    this.#clearSilence();
    if (this.#inbound === undefined && this.#mayExecute()) {
      const consumed = this.#execute(data, 0, data.length);
      if (consumed < data.length && !this.#closing) this.#keep(data, consumed);
      this.#afterExecution();
      return;
    }
    if (this.#inbound === undefined) this.#keep(data, 0);
    else this.#addInbound(data);
    if (this.#mayExecute()) {
      this.#executeInbound();
    } else {
      this.#stalled = true;
      this.#pauseReading();
    }
  }

  ended(): void {
    this.#inputEnded = true;
    this.#clearSilence();
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
      this.#inbound = undefined;
    } else if (this.#inbound !== undefined) {
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
    this.#clearSilence();
    this.#inbound = undefined;
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
    this.session.closed();
  }

  /** Called now and then by the listener. */
  checkTimeouts(nowMs: number): void {
    const { idleTimeoutMs, requestTimeoutMs } = this.#host.limits;
    if (this.#closed) return;
    if (this.#closing || this.#inputEnded) {
      const lingered = this.#lingeringSinceMs >= 0 && nowMs - this.#lingeringSinceMs > LINGER_MS;
      const blocked = this.#blockedSinceMs >= 0 && nowMs - this.#blockedSinceMs > LAST_REPLIES_MS;
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

  segmentDone(segment: Segment): void {
    if (this.#closed) return;
    if (this.#queue.close(segment) || this.#stalled || this.#inputEnded) this.queueFlush();
  }

  segmentGrew(segment: Segment): void {
    if (!this.#closed && this.#queue.drainOpen(segment)) this.#flush();
  }

  /** Resolves when so little waits for the client that more may be written, or when it has gone. */
  whenReadable(segment: Segment): Promise<void> | undefined {
    if (this.#closed || segment.buffer.length + this.#queue.readyBytes < this.#host.limits.pausedReplyBytes) {
      return undefined;
    }
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Sends soon: once for all replies that become ready in this turn of the event loop. */
  queueFlush(): void {
    if (this.#flushQueued || this.#closed) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.#flush();
    });
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
    if (this.protocol === "text") this.#prepareTextReply(request);
    try {
      if (request.problem === "") this.session.request(request, writer);
      else writer.error(`ERR ${request.problem}`);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.#host.scratch.length = Math.min(mark, this.#host.scratch.length);
      writer.error(`ERR ${this.#explain(error)}`);
    }
    if (suppressed && this.replyMode !== "on") {
      // Deferred replies look at the mode themselves, when they are done.
      this.#host.scratch.length = Math.min(mark, this.#host.scratch.length);
      if (this.replyMode === "skip") this.replyMode = "on";
    }
    if (this.replyMode === "skip-next") this.replyMode = "skip";
    if (this.#pushed !== undefined) this.#appendPushed();
  }

  /** What was pushed to this client while its own request ran goes behind that request's reply. */
  #appendPushed(): void {
    const pushed = this.#pushed!;
    this.#pushed = undefined;
    this.#host.scratch.append(pushed.bytes, 0, pushed.length);
  }

  #explain(error: unknown): string {
    return error instanceof BufferLimitError
      ? `reply too large: more than ${this.#host.limits.replyBytes} bytes (see --max-pending-replies)`
      : messageOf(error);
  }

  #prepareTextReply(request: Request): void {
    const writer = this.textWriter;
    writer.prefix = "";
    writer.bare = request.oneShot;
    if (request.oneShot) this.#closing = true;
  }

  #executeInbound(): void {
    const inbound = this.#inbound!;
    const consumed = this.#execute(inbound.bytes, this.#inboundStart, inbound.length);
    if (this.#inbound === inbound) {
      this.#inboundStart = consumed;
      if (consumed === inbound.length || this.#closing) {
        this.#inbound = undefined;
        this.#inboundStart = 0;
      }
    }
    this.#afterExecution();
  }

  #afterExecution(): void {
    if (this.#inbound === undefined) {
      this.#requestStartedMs = -1;
    } else if (!this.#stalled && !this.#closing) {
      if (this.#requestStartedMs < 0) this.#requestStartedMs = this.lastActiveMs;
      if (this.#inputEnded) {
        this.#finishText();
        // The client has closed its side: what is left will never be a whole request.
        this.#inbound = undefined;
      } else if (this.protocol === "text") {
        this.#awaitSilence();
      }
    }
    this.#sendScratch();
  }

  #choose(firstByte: number): void {
    const { respOnly } = this.#host;
    this.protocol = respOnly || firstByte === FIRST_BYTE_RESP ? "resp" : "text";
    const limits = this.#parserLimits();
    this.#parser =
      this.protocol === "resp" ? new RespParser(limits, { inline: respOnly }) : new TextParser(limits);
  }

  #parserLimits() {
    return this.authenticated ? this.#host.limits.parser : this.#host.limits.unauthenticatedParser;
  }

  #applyParserLimits(): void {
    if (this.#parser !== undefined) (this.#parser as RespParser | TextParser).limits = this.#parserLimits();
  }

  #writer(): RespWriter | TextWriter {
    return this.protocol === "text" ? this.textWriter : this.#respWriter;
  }

  // ---- received bytes

  #keep(data: Uint8Array, start: number): void {
    const needed = this.#parser === undefined ? 0 : this.#parser.neededBytes;
    this.#inbound = new ByteBuffer(Math.max(needed, data.length - start, 64));
    this.#inbound.append(data, start);
    this.#inboundStart = 0;
  }

  /** Drops what has been executed, and makes room at once for all that the current request is certain to need. */
  #addInbound(data: Uint8Array): void {
    let inbound = this.#inbound!;
    if (this.#inboundStart > 0) {
      inbound.discard(this.#inboundStart);
      this.#inboundStart = 0;
    }
    const needed = this.#parser?.neededBytes ?? 0;
    if (needed > inbound.bytes.length && needed > inbound.length + data.length) {
      const roomy = new ByteBuffer(needed);
      roomy.append(inbound.bytes, 0, inbound.length);
      inbound = roomy;
      this.#inbound = roomy;
    }
    inbound.append(data);
  }

  #awaitSilence(): void {
    this.#clearSilence();
    this.#silence = setTimeout(() => {
      this.#silence = undefined;
      if (this.#closed) return;
      if (this.#mayExecute()) this.#finishText();
      else this.#stalled = true;
      this.queueFlush();
    }, this.#host.limits.textSilenceMs);
  }

  #clearSilence(): void {
    if (this.#silence === undefined) return;
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  /** A text request without a line feed is complete: the client fell silent or closed its side. */
  #finishText(): void {
    const inbound = this.#inbound;
    if (inbound === undefined || this.protocol !== "text" || this.#closing) return;
    const parser = this.#parser as TextParser;
    if (!parser.finish(inbound.bytes, this.#inboundStart, inbound.length, this.#request)) return;
    this.#inbound = undefined;
    this.#requestStartedMs = -1;
    this.#settleScratch();
    this.#executing = true;
    try {
      this.#run(this.#request);
    } finally {
      this.#executing = false;
    }
    this.#settleScratch();
  }

  #mayExecute(): boolean {
    return this.#holds === 0 && !this.#isCongested();
  }

  #isCongested(): boolean {
    return (
      this.waitingReplyBytes > this.#host.limits.pausedReplyBytes ||
      this.#queue.openCount >= this.#host.limits.pipelineDepth
    );
  }

  #queueResume(): void {
    if (this.#resumeQueued || this.#closed) return;
    this.#resumeQueued = true;
    queueMicrotask(() => {
      this.#resumeQueued = false;
      if (this.#closed || !this.#mayExecute()) return;
      this.#stalled = false;
      this.#resumeReading();
      if (this.#inbound !== undefined) this.#executeInbound();
      else if (this.#inputEnded) this.#flush();
    });
  }

  // ---- sending

  /** Puts the replies written so far in order, held back until the session has settled. */
  #settleScratch(): void {
    const { scratch } = this.#host;
    if (scratch.length === 0) return;
    const promise = this.session.settle();
    if (promise === undefined) this.#queue.add(scratch.bytes, 0, scratch.length);
    else this.#holdBack(promise);
    scratch.length = 0;
  }

  #holdBack(promise: Promise<void>): void {
    const { scratch } = this.#host;
    const segment = this.#queue.open();
    segment.buffer.append(scratch.bytes, 0, scratch.length);
    promise.then(
      () => this.segmentDone(segment),
      (error: unknown) => {
        // What was to be confirmed is not known to have happened: the client must not see it confirmed. The one
        // error stands for several replies, so nothing may come behind it that could be taken for one of them.
        segment.buffer.clear();
        this.#queue.cutBehind(segment);
        writerFor(this.protocol, segment.buffer, 2).error(`MISCONF ${messageOf(error)}`);
        this.#closing = true;
        this.segmentDone(segment);
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
        const sent = Math.max(0, this.#socket.write(scratch.view()));
        this.#host.registry.bytesSent += sent;
        if (sent < scratch.length) {
          this.#queue.add(scratch.bytes, sent, scratch.length);
          this.#blockedSinceMs = this.#host.clock.monotonicMs();
        }
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
    const queue = this.#queue;
    if (queue.readyBytes > 0) {
      const sent = Math.max(0, this.#socket.write(queue.ready()));
      if (sent > 0) {
        this.#host.registry.bytesSent += sent;
        queue.take(sent);
      }
      if (queue.readyBytes === 0) this.#blockedSinceMs = -1;
      else if (sent > 0 || this.#blockedSinceMs < 0) this.#blockedSinceMs = this.#host.clock.monotonicMs();
    }
    this.#afterSending();
  }

  #afterSending(): void {
    if (this.#closed) return;
    const { readyBytes } = this.#queue;
    const { replyBytes, pausedReplyBytes } = this.#host.limits;
    if (this.waitingReplyBytes > replyBytes) {
      this.#host.registry.outputLimitReached(this);
      this.terminate();
      return;
    }
    if (this.#drainWaiters.length > 0 && readyBytes < pausedReplyBytes) {
      for (const resolve of this.#drainWaiters.splice(0)) resolve();
    }
    if (readyBytes === 0 && this.#queue.isEmpty) {
      const inputDone = this.#inputEnded && this.#inbound === undefined && this.#holds === 0;
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
      else this.#pauseReading();
    }
  }

  #linger(): void {
    if (this.#lingeringSinceMs >= 0) return;
    this.#lingeringSinceMs = this.#host.clock.monotonicMs();
    this.#socket.shutdown();
    this.#resumeReading();
  }

  /** Nothing is executed, so nothing more is read: the client's own buffers fill, and it waits. */
  #pauseReading(): void {
    if (this.#readingPaused || this.bufferedRequestBytes < PAUSE_READING_BYTES) return;
    this.#readingPaused = true;
    this.#socket.pause();
  }

  #resumeReading(): void {
    if (!this.#readingPaused) return;
    this.#readingPaused = false;
    this.#socket.resume();
  }
}

/** The place of one reply that is written later. `done` must be called exactly once, whatever happens. */
export class Ticket {
  readonly reply: RespWriter | TextWriter;
  readonly #connection: Connection;
  readonly #segment: Segment;
  readonly #suppressed: boolean;

  constructor(connection: Connection, segment: Segment, suppressed: boolean) {
    this.#connection = connection;
    this.#segment = segment;
    this.#suppressed = suppressed;
    this.reply = writerFor(connection.protocol, segment.buffer, connection.respVersion);
  }

  /** The reply is complete. */
  done(): void {
    if (this.#suppressed) this.#segment.buffer.clear();
    this.#connection.segmentDone(this.#segment);
  }

  /**
   * For a reply written in pieces: sends what there is if it is this reply's turn.
   * @returns a promise to wait for before writing more, when the client is slow to read
   */
  flush(): Promise<void> | undefined {
    if (this.#suppressed) this.#segment.buffer.clear();
    this.#connection.segmentGrew(this.#segment);
    return this.#connection.whenReadable(this.#segment);
  }

  /** The raw bytes of the reply, for replies that are passed on as they were received. */
  get buffer(): ByteBuffer {
    return this.#segment.buffer;
  }
}

function writerFor(
  protocol: Connection["protocol"],
  buffer: ByteBuffer,
  version: 2 | 3,
): RespWriter | TextWriter {
  return protocol === "text" ? new TextWriter(buffer) : new RespWriter(buffer, version);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `?:0`, as Redis says, for a peer that had gone before it was accepted: its socket has no addresses. */
function formatAddress(address: string | undefined, port: number): string {
  if (address === undefined) return "?:0";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
