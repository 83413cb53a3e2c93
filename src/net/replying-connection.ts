import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import type { LargeTaker } from "../protocol/protocol.ts";
import { ClientFacts } from "./client-facts.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { failureText } from "./failure-text.ts";
import { ReplyQueue, type Segment } from "./reply-queue.ts";
import { Sender } from "./sender.ts";
import type { Session } from "./session.ts";
import { Ticket, type TicketOwner } from "./ticket.ts";
import type { Wire } from "./wire.ts";

/**
 * The sending half of a connection: replies in their order, what cannot be sent yet, and what is pushed besides.
 * Replies of one event are gathered in the listener's scratch buffer and go out in one call.
 */
export abstract class ReplyingConnection extends ClientFacts implements TicketOwner, LargeTaker {
  /** `undecided` until the first byte has come. */
  protocol: "undecided" | "resp" | "text" = "undecided";
  session!: Session;

  protected readonly wire: Wire;
  protected readonly host: ConnectionHost;
  protected readonly queue = new ReplyQueue(() => this.queueFlush());
  protected readonly sender: Sender;
  /** Requests are being executed: the scratch buffer is this connection's. */
  protected executing = false;
  /** Nothing more is executed for this client: it ends once its replies have been sent. */
  protected closing = false;
  protected closed = false;
  /**
   * The client is to read why it is cut off. Closing with bytes unread would reset the connection, and the reason
   * could be lost: so our side is closed, and what comes is thrown away for a while.
   */
  protected lingers = false;
  /** The client has closed its side. */
  protected inputEnded = false;
  /** Execution stopped before everything received was executed: the session holds it, or replies pile up. */
  protected stalled = false;
  /** The request executed last is answered without a line feed, and was the last one. */
  protected isOneShot = false;
  /** The number of the request that was last answered with a large value. */
  protected largeInRequest = -1;
  #respVersion: 2 | 3 = 2;
  /** Pushed while a request of this client is executed: a message must not come in the middle of a reply. */
  #pushed: ByteBuffer | undefined;
  #flushQueued = false;
  /** Who writes more once the client has read some. */
  #drainWaiters: (() => void)[] | undefined;

  constructor(wire: Wire, id: number, host: ConnectionHost) {
    super(id, wire, host.clock.wallMs());
    this.wire = wire;
    this.host = host;
    this.sender = new Sender(wire, this.queue, host.clock, host.registry, host.slice);
  }

  /** The RESP version replies are written in; 2 until HELLO. */
  get respVersion(): 2 | 3 {
    return this.#respVersion;
  }

  set respVersion(version: 2 | 3) {
    this.#respVersion = version;
    if (this.executing) this.host.codec.resp.version = version;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Nothing more is executed for this client: it ends once its replies have been sent. */
  get isClosing(): boolean {
    return this.closing;
  }

  /** Reply bytes waiting for the client or for an earlier reply. */
  get waitingReplyBytes(): number {
    return this.queue.readyBytes + this.queue.waitingBytes;
  }

  /** Takes the place of the current request's reply in the order; the reply is written later. */
  defer(): Ticket {
    // The scratch buffer is this connection's only while it executes.
    if (this.executing) this.enqueueReplies();
    return this.#open(this.replyMode !== "on");
  }

  /** Whether the reply that is being written may hold large values. */
  get acceptsLarge(): boolean {
    return this.executing && this.replyMode === "on" && !this.closed;
  }

  takeLarge(value: LargeValue, tail: Uint8Array): void {
    this.enqueueReplies(true);
    this.queue.addLarge(value, tail);
    this.largeInRequest = this.host.registry.requestCount;
  }

  /** Sends bytes behind all replies so far: invalidations, messages. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    if (this.closed) return;
    if (this.executing) {
      this.#pushed ??= new ByteBuffer(end - start);
      this.#pushed.append(bytes, start, end);
      return;
    }
    this.queue.add(bytes, start, end);
    this.queueFlush();
  }

  /** The same in front of the replies outstanding; not while a request is executed, nor while a reply is streamed. */
  pushAhead(bytes: Uint8Array, start: number, end: number): void {
    if (this.closed) return;
    this.queue.addAhead(bytes, start, end);
    this.queueFlush();
  }

  /** Ends the connection now; what was given to the system is still delivered. */
  close(): void {
    if (!this.closed) this.wire.end();
  }

  /** Cuts the connection off: what has not reached the client is lost. */
  terminate(): void {
    if (!this.closed) this.wire.terminate();
  }

  drained(): void {
    this.flush();
  }

  // ---- called by tickets

  roomFor(segment: Segment): ByteBuffer {
    return this.closed ? segment.buffer : this.queue.roomFor(segment);
  }

  segmentDone(segment: Segment): void {
    if (this.closed) return;
    if (this.queue.close(segment) || this.stalled || this.inputEnded) this.queueFlush();
  }

  segmentGrew(segment: Segment): void {
    if (!this.closed && this.queue.drainOpen(segment)) this.flush();
  }

  whenReadable(segment: Segment): Promise<void> | undefined {
    return this.#whenBelowLimit(segment.length);
  }

  /** Resolves when less waits for the client than makes requests wait; undefined while it is less. */
  whenDrained(): Promise<void> | undefined {
    return this.#whenBelowLimit(0);
  }

  #whenBelowLimit(moreBytes: number): Promise<void> | undefined {
    if (this.closed || moreBytes + this.queue.readyBytes < this.host.limits.pausedReplyBytes) {
      return undefined;
    }
    return new Promise((resolve) => {
      this.#drainWaiters ??= [];
      this.#drainWaiters.push(resolve);
    });
  }

  /** Sends soon: once for all replies that become ready in this turn of the event loop. */
  queueFlush(): void {
    if (this.#flushQueued || this.closed) return;
    this.#flushQueued = true;
    this.host.flushes.add(this);
  }

  flushQueued(): void {
    this.#flushQueued = false;
    this.flush();
  }

  // ---- used by the receiving half

  /** What was pushed to this client while its own request ran goes behind that request's reply. */
  protected appendPushed(): void {
    const pushed = this.#pushed;
    if (pushed === undefined) return;
    this.#pushed = undefined;
    // Not to the scratch buffer: the reply may have filled it up to its limit.
    this.enqueueReplies();
    this.queue.add(pushed.bytes, 0, pushed.length);
  }

  /** A place in the order for a reply that is to be written as the current one. */
  #open(isSuppressed: boolean): Ticket {
    const version = this.protocol === "text" ? 0 : this.#respVersion;
    const ticket = new Ticket(this, this.queue, version, isSuppressed, this.isOneShot);
    this.queue.open(ticket);
    return ticket;
  }

  // ---- sending

  /**
   * Puts the replies written so far in order, held back until the session has settled.
   * @param always also when none have been written: what comes behind may depend on it
   */
  protected enqueueReplies(always = false): void {
    const { scratch } = this.host.codec;
    if (scratch.length === 0 && !always) return;
    const promise = this.session.settle();
    if (promise === undefined) this.queue.add(scratch.bytes, 0, scratch.length);
    else this.#holdBack(promise);
    scratch.length = 0;
  }

  #holdBack(promise: Promise<void>): void {
    const { scratch } = this.host.codec;
    const ticket = this.#open(false);
    ticket.buffer.append(scratch.bytes, 0, scratch.length);
    promise.then(
      () => this.segmentDone(ticket),
      (error: unknown) => {
        // What was to be confirmed is not known to have happened: the client must not see it confirmed. The one
        // error stands for several replies, so nothing may come behind it that could be taken for one of them.
        ticket.buffer.clear();
        this.queue.cutBehind(ticket);
        ticket.reply.error(`MISCONF ${failureText(error, this.host.limits.replyBytes)}`);
        this.closing = true;
        this.lingers = true;
        this.segmentDone(ticket);
      },
    );
  }

  /** The end of an event. The usual case writes the replies straight from the scratch buffer to the socket. */
  protected sendReplies(): void {
    const { codec, registry } = this.host;
    const { scratch } = codec;
    if (scratch.length > 0 && !this.closed && this.queue.isEmpty && this.queue.readyBytes === 0) {
      const promise = this.session.settle();
      if (promise !== undefined) {
        this.#holdBack(promise);
      } else {
        const sent = Math.max(0, this.wire.write(scratch.bytes, 0, scratch.length));
        registry.bytesSent += sent;
        if (sent < scratch.length) this.sender.keep(scratch.bytes, sent, scratch.length);
      }
      scratch.length = 0;
      this.#afterSending();
      return;
    }
    this.enqueueReplies();
    this.flush();
  }

  protected flush(): void {
    if (this.closed) return;
    const flushed = this.sender.flush();
    if (flushed === "more") setImmediate(() => this.flush());
    // A large value cannot be had any more, and its beginning may have been sent.
    if (flushed === "lost") this.terminate();
    else this.#afterSending();
  }

  #afterSending(): void {
    if (this.closed) return;
    const { readyBytes } = this.queue;
    const { replyBytes, pausedReplyBytes } = this.host.limits;
    if (this.waitingReplyBytes + this.queue.heldBytes > replyBytes) {
      this.host.registry.outputLimitCount++;
      this.terminate();
      return;
    }
    if (this.#drainWaiters !== undefined && readyBytes < pausedReplyBytes) this.#wakeWriters();
    this.sent(readyBytes === 0 && this.queue.isEmpty);
  }

  /** Replies have been sent. @param all whether none is outstanding and none waits */
  protected abstract sent(all: boolean): void;

  protected discardReplies(): void {
    this.queue.discard();
    this.#wakeWriters();
  }

  #wakeWriters(): void {
    const waiters = this.#drainWaiters ?? [];
    this.#drainWaiters = undefined;
    for (const resolve of waiters) resolve();
  }
}
