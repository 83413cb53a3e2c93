import type { ReplyMode } from "../commands/client.ts";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { formatSize } from "../lib/quantity.ts";
import type { LargeTaker } from "../protocol/protocol.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { failureText } from "./failure-text.ts";
import { ReplyQueue, type Segment } from "./reply-queue.ts";
import { Sender } from "./sender.ts";
import type { Session } from "./session.ts";
import { Ticket, type TicketOwner } from "./ticket.ts";
import type { Wire } from "./wire.ts";

/** What the replies ask of their connection. */
export interface RepliedConnection {
  /** Of the client, for messages. */
  readonly remoteAddress: string;
  readonly session: Session;
  readonly protocol: "undecided" | "resp" | "text";
  readonly respVersion: 2 | 3;
  readonly replyMode: ReplyMode;
  readonly isClosed: boolean;
  /** Whether the connection may go on, or end, when a reply is done. */
  readonly awaitsReplies: boolean;
  /** Called when replies have been sent. @param all whether every request has been answered and every byte sent */
  sent(all: boolean): void;
  /** Executes no more requests. The last reply is an error; the client gets time to read it. */
  stopExecuting(how: "refusing"): void;
  terminate(): void;
}

/**
 * The replies and pushes of one connection, from the writer to the wire. The replies of one event are gathered in the
 * listener's scratch buffer and sent in one call. Replies that cannot be sent yet wait in a queue.
 */
export class Replies implements TicketOwner, LargeTaker {
  /** Requests of this connection are being executed: the scratch buffer is its own meanwhile. */
  isWriting = false;
  /** The last request, of the text protocol, had no line feed; its reply gets none either. */
  isBare = false;
  /** The number of the last request whose reply had a large value. */
  largeInRequest = -1;
  readonly #connection: RepliedConnection;
  readonly #host: ConnectionHost;
  readonly #wire: Wire;
  readonly #queue = new ReplyQueue(() => this.queueFlush());
  readonly #sender: Sender;
  #isFlushQueued = false;
  /** Pushes during the execution of this client's own request. They must not come within its reply. */
  #pushed: ByteBuffer | undefined;
  /** Resolved when the client has read enough for more to be written. */
  #drainWaiters: (() => void)[] | undefined;

  constructor(connection: RepliedConnection, wire: Wire, host: ConnectionHost) {
    this.#connection = connection;
    this.#wire = wire;
    this.#host = host;
    this.#sender = new Sender(wire, this.#queue, host.clock, host.registry, host.slice);
  }

  /** Whether every request has been answered. Bytes may still wait to be sent. */
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

  /** The same, including large values. */
  get waitingBytesWithLarge(): number {
    return this.waitingBytes + this.#queue.largeBytes;
  }

  /** Since when bytes wait and the client takes none (monotonic); -1 while none wait. */
  get blockedSinceMs(): number {
    return this.#sender.blockedSinceMs;
  }

  // ---- writing

  /** Call before executing requests: the shared writers write for this connection from now on. */
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

  /** Keeps the place of the current request's reply, which is written later. */
  defer(): Ticket {
    // Outside execution the scratch buffer is another connection's.
    if (this.isWriting) this.enqueue();
    return this.#open(this.#connection.replyMode !== "on");
  }

  /** Whether the reply being written may hold large values. */
  get acceptsLarge(): boolean {
    return this.isWriting && this.#connection.replyMode === "on" && !this.#connection.isClosed;
  }

  takeLarge(value: LargeValue, tail: Uint8Array): void {
    this.#enqueueAlways();
    this.#queue.addLarge(value, tail);
    this.largeInRequest = this.#host.registry.requestCount;
  }

  /** Sends bytes, such as an invalidation or a message, behind all replies so far. */
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

  /** Sends bytes before the outstanding replies. Not while a request is executed or a reply is streamed. */
  pushAhead(bytes: Uint8Array, start: number, end: number): void {
    if (this.#connection.isClosed) return;
    this.#queue.addAhead(bytes, start, end);
    this.queueFlush();
  }

  /** Puts pushes during a request of this client behind that request's reply. */
  appendPushed(): void {
    const pushed = this.#pushed;
    if (pushed === undefined) return;
    this.#pushed = undefined;
    // Not into the scratch buffer: the reply may have filled it.
    this.enqueue();
    this.#queue.add(pushed.bytes, 0, pushed.length);
  }

  /** Adds a ticket for a reply in the client's current protocol. */
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

  /** Resolves when the client has read enough for more to be written; undefined if more may be written now. */
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

  /** Moves the replies written so far to the queue. They wait there until the session has settled. */
  enqueue(): void {
    if (this.#host.codec.scratch.length > 0) this.#enqueueAlways();
  }

  /** The same if none have been written: a value that follows may depend on a write that has to settle first. */
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
        // The writes may not be durable, so the client must not get their replies. One error replaces several
        // replies, so no reply may follow that the client could take for one of them.
        ticket.buffer.clear();
        this.#queue.cutBehind(ticket);
        ticket.reply.error(`MISCONF ${failureText(error, this.#host.limits.replyBytes)}`);
        this.#connection.stopExecuting("refusing");
        this.segmentDone(ticket);
      },
    );
  }

  // ---- sending

  /** Call at the end of an event. Usually writes the replies straight from the scratch buffer to the wire. */
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

  /** Flushes at the end of this turn of the event loop, once for all replies that become ready in it. */
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
    // The beginning of the lost value may have been sent, so no other reply can take its place.
    if (flushed === "lost") this.#connection.terminate();
    else this.#afterSending();
  }

  #afterSending(): void {
    if (this.#connection.isClosed) return;
    const { readyBytes } = this.#queue;
    const { replyBytes, pausedReplyBytes } = this.#host.limits;
    if (this.waitingBytes + this.#queue.heldBytes > replyBytes) {
      this.#host.registry.outputLimitCount++;
      this.#host.unreadReplies.warn(
        `closed the connection of ${this.#connection.remoteAddress}: it leaves more than ${formatSize(replyBytes)} of ` +
          "replies unread (--max-pending-replies)",
      );
      this.#connection.terminate();
      return;
    }
    if (this.#drainWaiters !== undefined && readyBytes < pausedReplyBytes) this.#wakeWriters();
    this.#connection.sent(readyBytes === 0 && this.#queue.isEmpty);
  }

  /** Drops everything. Nothing is sent any more. */
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
