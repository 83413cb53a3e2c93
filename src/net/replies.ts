import type { ReplyMode } from "../commands/client.ts";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import type { LargeTaker } from "../protocol/protocol.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { failureText } from "./failure-text.ts";
import { ReplyQueue, type Segment } from "./reply-queue.ts";
import { Sender } from "./sender.ts";
import type { Session } from "./session.ts";
import { Ticket, type TicketOwner } from "./ticket.ts";
import type { Wire } from "./wire.ts";

/** The connection whose replies these are, as far as they depend on it. */
export interface RepliedConnection {
  readonly session: Session;
  readonly protocol: "undecided" | "resp" | "text";
  readonly respVersion: 2 | 3;
  readonly replyMode: ReplyMode;
  readonly isClosed: boolean;
  /** Whether each reply that is done may let it go on, or end. */
  readonly awaitsReplies: boolean;
  /** Replies have been sent. @param all whether none is outstanding and none waits */
  sent(all: boolean): void;
  /** Nothing more is executed: the last reply says why, and the client is to read it. */
  stopExecuting(how: "refusing"): void;
  terminate(): void;
}

/**
 * The replies of one connection on their way to its client: their order, what cannot be sent yet, and what is pushed
 * besides. Replies of one event are gathered in the listener's scratch buffer and go out in one call.
 */
export class Replies implements TicketOwner, LargeTaker {
  /** Requests are being executed: the scratch buffer is this connection's. */
  isWriting = false;
  /** Text replies end without a line feed: the request executed last did, and was the last one. */
  isBare = false;
  /** The number of the request that was last answered with a large value. */
  largeInRequest = -1;
  readonly #connection: RepliedConnection;
  readonly #host: ConnectionHost;
  readonly #wire: Wire;
  readonly #queue = new ReplyQueue(() => this.queueFlush());
  readonly #sender: Sender;
  #isFlushQueued = false;
  /** Pushed while a request of this client is executed: a message must not come in the middle of a reply. */
  #pushed: ByteBuffer | undefined;
  /** Resolved once the client has read so much that more may be written. */
  #drainWaiters: (() => void)[] | undefined;

  constructor(connection: RepliedConnection, wire: Wire, host: ConnectionHost) {
    this.#connection = connection;
    this.#wire = wire;
    this.#host = host;
    this.#sender = new Sender(wire, this.#queue, host.clock, host.registry, host.slice);
  }

  /** Whether every request has been answered; some replies may still be to be sent. */
  get areAnswered(): boolean {
    return this.#queue.isEmpty;
  }

  /** Tickets not done yet. */
  get openCount(): number {
    return this.#queue.openCount;
  }

  /** Reply bytes waiting for the client or for an earlier reply. */
  get waitingBytes(): number {
    return this.#queue.readyBytes + this.#queue.waitingBytes;
  }

  /** The same with large values, wherever they lie. */
  get waitingBytesWithLarge(): number {
    return this.waitingBytes + this.#queue.largeBytes;
  }

  /** Since when the client has taken nothing of what waits for it (monotonic); -1 while nothing waits. */
  get blockedSinceMs(): number {
    return this.#sender.blockedSinceMs;
  }

  // ---- writing

  /** Requests are executed from now on: the shared writers write for this connection. */
  beginWriting(): void {
    const { codec } = this.#host;
    this.isWriting = true;
    codec.text.largeTaker = this;
    codec.resp.largeTaker = this;
    codec.resp.version = this.#connection.respVersion;
  }

  endWriting(): void {
    this.isWriting = false;
  }

  /** Takes the place of the current request's reply in the order; the reply is written later. */
  defer(): Ticket {
    // The scratch buffer is this connection's only while it executes.
    if (this.isWriting) this.enqueue();
    return this.#open(this.#connection.replyMode !== "on");
  }

  /** Whether the reply that is being written may hold large values. */
  get acceptsLarge(): boolean {
    return this.isWriting && this.#connection.replyMode === "on" && !this.#connection.isClosed;
  }

  takeLarge(value: LargeValue, tail: Uint8Array): void {
    this.#enqueueAlways();
    this.#queue.addLarge(value, tail);
    this.largeInRequest = this.#host.registry.requestCount;
  }

  /** Sends bytes behind all replies so far: invalidations, messages. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#connection.isClosed) return;
    if (this.isWriting) {
      this.#pushed ??= new ByteBuffer(end - start);
      this.#pushed.append(bytes, start, end);
      return;
    }
    this.#queue.add(bytes, start, end);
    this.queueFlush();
  }

  /** The same in front of the replies outstanding; not while a request is executed, nor while a reply is streamed. */
  pushAhead(bytes: Uint8Array, start: number, end: number): void {
    if (this.#connection.isClosed) return;
    this.#queue.addAhead(bytes, start, end);
    this.queueFlush();
  }

  /** What was pushed to this client while its own request ran goes behind that request's reply. */
  appendPushed(): void {
    const pushed = this.#pushed;
    if (pushed === undefined) return;
    this.#pushed = undefined;
    // Not to the scratch buffer: the reply may have filled it up to its limit.
    this.enqueue();
    this.#queue.add(pushed.bytes, 0, pushed.length);
  }

  /** A place in the order for a reply that is to be written as the current one. */
  #open(isSuppressed: boolean): Ticket {
    const { protocol, respVersion } = this.#connection;
    const version = protocol === "text" ? 0 : respVersion;
    const ticket = new Ticket(this, this.#queue, version, isSuppressed, this.isBare);
    this.#queue.open(ticket);
    return ticket;
  }

  // ---- called by tickets

  roomFor(segment: Segment): ByteBuffer {
    return this.#connection.isClosed ? segment.buffer : this.#queue.roomFor(segment);
  }

  segmentDone(segment: Segment): void {
    if (this.#connection.isClosed) return;
    if (this.#queue.close(segment) || this.#connection.awaitsReplies) this.queueFlush();
  }

  segmentGrew(segment: Segment): void {
    if (!this.#connection.isClosed && this.#queue.drainOpen(segment)) this.flush();
  }

  whenReadable(segment: Segment): Promise<void> | undefined {
    return this.#whenBelowLimit(segment.length);
  }

  /** Resolves when less waits for the client than makes requests wait; undefined while it is less. */
  whenDrained(): Promise<void> | undefined {
    return this.#whenBelowLimit(0);
  }

  #whenBelowLimit(moreBytes: number): Promise<void> | undefined {
    const isBelow = moreBytes + this.#queue.readyBytes < this.#host.limits.pausedReplyBytes;
    if (this.#connection.isClosed || isBelow) return undefined;
    return new Promise((resolve) => {
      this.#drainWaiters ??= [];
      this.#drainWaiters.push(resolve);
    });
  }

  // ---- putting in order

  /** Puts the replies written so far in order, held back until the session has settled. */
  enqueue(): void {
    if (this.#host.codec.scratch.length > 0) this.#enqueueAlways();
  }

  /** The same also when none have been written: what comes behind may depend on what has to be settled. */
  #enqueueAlways(): void {
    const { scratch } = this.#host.codec;
    const promise = this.#connection.session.settle();
    if (promise === undefined) this.#queue.add(scratch.bytes, 0, scratch.length);
    else this.#holdBack(promise);
    scratch.length = 0;
  }

  #holdBack(promise: Promise<void>): void {
    const { scratch } = this.#host.codec;
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
        this.#connection.stopExecuting("refusing");
        this.segmentDone(ticket);
      },
    );
  }

  // ---- sending

  /** The end of an event. The usual case writes the replies straight from the scratch buffer to the wire. */
  send(): void {
    const { codec, registry } = this.#host;
    const { scratch } = codec;
    const queue = this.#queue;
    if (scratch.length > 0 && !this.#connection.isClosed && queue.isEmpty && queue.readyBytes === 0) {
      const promise = this.#connection.session.settle();
      if (promise !== undefined) {
        this.#holdBack(promise);
      } else {
        const sent = Math.max(0, this.#wire.write(scratch.bytes, 0, scratch.length));
        registry.bytesSent += sent;
        if (sent < scratch.length) this.#sender.keep(scratch.bytes, sent, scratch.length);
      }
      scratch.length = 0;
      this.#afterSending();
      return;
    }
    this.enqueue();
    this.flush();
  }

  /** Sends soon: once for all replies that become ready in this turn of the event loop. */
  queueFlush(): void {
    if (this.#isFlushQueued || this.#connection.isClosed) return;
    this.#isFlushQueued = true;
    this.#host.flushes.add(this);
  }

  flushQueued(): void {
    this.#isFlushQueued = false;
    this.flush();
  }

  flush(): void {
    if (this.#connection.isClosed) return;
    const flushed = this.#sender.flush();
    if (flushed === "more") setImmediate(() => this.flush());
    // A large value cannot be had any more, and its beginning may have been sent.
    if (flushed === "lost") this.#connection.terminate();
    else this.#afterSending();
  }

  #afterSending(): void {
    if (this.#connection.isClosed) return;
    const { readyBytes } = this.#queue;
    const { replyBytes, pausedReplyBytes } = this.#host.limits;
    if (this.waitingBytes + this.#queue.heldBytes > replyBytes) {
      this.#host.registry.outputLimitCount++;
      this.#connection.terminate();
      return;
    }
    if (this.#drainWaiters !== undefined && readyBytes < pausedReplyBytes) this.#wakeWriters();
    this.#connection.sent(readyBytes === 0 && this.#queue.isEmpty);
  }

  /** Lets go of everything: nothing will be sent any more. */
  discard(): void {
    this.#queue.discard();
    this.#wakeWriters();
  }

  #wakeWriters(): void {
    const waiters = this.#drainWaiters ?? [];
    this.#drainWaiters = undefined;
    for (const resolve of waiters) resolve();
  }
}
