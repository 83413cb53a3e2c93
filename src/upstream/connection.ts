import type { Socket } from "bun";
import { assert } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { ChunkedBytes, giveBack } from "../lib/chunked-bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { FULL_READ_BYTES, LARGE_BYTES, SLICE_BYTES } from "../lib/large-value.ts";
import { Queue } from "../lib/queue.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import { ProtocolError } from "../protocol/protocol.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { PUSH } from "../protocol/reply-types.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { formatOrigin, type OriginAddress } from "./address.ts";
import { LargeReply, type LargeReplySink } from "./large-reply.ts";
import { UpstreamError } from "./upstream-error.ts";

/** So many request bytes are sent at once, so that the origin begins while more requests are being read. */
const EAGER_BYTES = 16 * 1024;
/** The buffer of requests is given back when it has grown beyond this. */
const KEEP_BYTES = 1024 * 1024;
/** Received bytes from this size on are given back when they are done with, rather than left to the collector. */
const GIVEN_BACK_BYTES = 16 * 1024;
/** Bytes of large arguments sent before others have their turn. */
const TURN_BYTES = 512 * 1024;

/** A request whose bytes have been written and whose reply is awaited. */
export abstract class UpstreamRequest {
  /** Monotonic milliseconds; set by the connection. */
  deadlineMs = Number.POSITIVE_INFINITY;
  sentAtMs = 0;
  /** Replies still to come: more than one for what is several requests to the origin. */
  repliesAwaited = 1;
  /** Answered or failed: a reply that still comes is dropped. */
  settled = false;

  /**
   * The reply, the last one awaited, is a byte string of so many bytes, which are going to come in one after the other.
   * @returns who takes them; `failed` is called then where not all of them come. Undefined: the reply is gathered, and
   *   goes to `reply`
   */
  takeLarge(_lengthBytes: number): LargeReplySink | undefined {
    return undefined;
  }

  /**
   * A reply: bytes[start, end); `reader` tells its type and payload. Valid during the call only. It does not count
   * among those awaited any longer.
   */
  abstract reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void;
  abstract failed(error: UpstreamError): void;

  /**
   * The connection is given up in favour of another one: asks again over `to`, from the beginning.
   * @returns false where that must not be, for the request may have changed something: it fails then
   */
  resend(_to: UpstreamConnection): boolean {
    return false;
  }
}

export interface UpstreamEvents {
  /** Connected; requests written so far are on their way. */
  opened?(): void;
  /** A push message, in its place among the replies. */
  pushed?(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void;
  /** A reply nobody asked for: messages to a RESP2 subscriber, MONITOR. A malformed stream where this is absent. */
  stray?(bytes: Uint8Array, start: number, end: number): void;
  /** The connection has ended; its requests without a reply fail right behind this. Called once. */
  closed(error: UpstreamError): void;
  /** Whether a PING in between would be answered at once and change nothing. True where this is absent. */
  mayBeAsked?(): boolean;
}

export interface UpstreamOptions {
  readonly address: OriginAddress;
  readonly clock: Clock;
  /** The system's by default. */
  readonly timers?: Timers;
  /** For connecting, the handshake included. */
  readonly connectTimeoutMs: number;
  /** For each reply. */
  readonly timeoutMs: number;
  /** Request bytes waiting for the origin to read; beyond this further requests fail at once. */
  readonly pendingBytes: number;
}

/**
 * One connection to an origin, shared by many requests: they are written together once per turn of the event loop,
 * and answered in order. A request without an answer fails after the time-out; when the origin has sent nothing at
 * all for so long, the connection counts as dead.
 */
export class UpstreamConnection {
  /** Requests are written here, each followed by `enqueue`. */
  readonly out = new ByteBuffer(4096);
  /** So many bytes of `out` have been sent. */
  #sent = 0;
  /** What is sent before everything else: the handshake. */
  readonly #prelude = new ByteBuffer(256);
  /** Requests of the handshake without a reply so far. */
  #preludeOutstanding = 0;
  /** Nothing but the handshake is sent. */
  #isGated = false;
  /** What is to be sent before `out`: large arguments, and what was written before them. */
  readonly #backlog = new ChunkedBytes();
  readonly #options: UpstreamOptions;
  /** Whoever uses the connection; may change when it is handed on. */
  events: UpstreamEvents;
  readonly #reader = new ReplyReader();
  readonly #requests = new Queue<UpstreamRequest>();
  #socket: Socket<undefined> | undefined;
  #inbound: ByteBuffer | undefined;
  /** What is coming in to the first of the requests. */
  #large: LargeReply | undefined;
  /** The reply that is coming in is gathered, however large. */
  #gathers = false;
  #rests = false;
  #isPaused = false;
  /** Takes the bytes that come in, which are no replies any longer. */
  #relay: ((bytes: Uint8Array) => void) | undefined;
  #isOpen = false;
  /** Within the call of the runtime that begins to connect. */
  #isConnecting = false;
  #closed = false;
  #flushQueued = false;
  /** The system took less than it was given. */
  #isBlocked = false;
  /** When it was begun, until something has been received. */
  #lastReceivedMs: number;
  #timer: Timer | undefined;
  /** When it runs, by the connection's clock. */
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(options: UpstreamOptions, events: UpstreamEvents) {
    this.#options = options;
    this.events = events;
    this.#lastReceivedMs = options.clock.monotonicMs();
    this.#connect();
  }

  /** How long a reply may take. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** When the origin has sent something last, by the connection's clock. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /** Requests without a reply so far. */
  get outstandingCount(): number {
    return this.#requests.length;
  }

  /** Whether another request may be written: false once closed, and while too many bytes wait for the origin. */
  get accepts(): boolean {
    return !this.#closed && this.#waitingBytes < this.#options.pendingBytes;
  }

  /** Asks something that is sent before all that is written to `out`. Only before anything has been. */
  introduce(command: readonly string[], request: UpstreamRequest): void {
    assert(this.#requests.length === this.#preludeOutstanding, "a handshake comes first");
    writeCommand(this.#prelude, command);
    request.sentAtMs = this.#options.clock.monotonicMs();
    this.#preludeOutstanding++;
    this.#requests.push(request);
  }

  /** What is written to `out` is not sent before `openGate`. */
  closeGate(): void {
    this.#isGated = true;
  }

  openGate(): void {
    if (!this.#isGated) return;
    this.#isGated = false;
    this.queueFlush();
  }

  /**
   * Awaits the reply to the request just written to `out`.
   * @param timeoutMs Infinity for requests that may block
   * @param nowMs by the connection's clock; may be a moment ago
   */
  enqueue(
    request: UpstreamRequest,
    timeoutMs: number = this.timeoutMs,
    nowMs: number = this.#options.clock.monotonicMs(),
  ): void {
    request.sentAtMs = nowMs;
    request.deadlineMs = nowMs + timeoutMs;
    this.#requests.push(request);
    if (request.deadlineMs < this.#timerAtMs) this.#setTimer(timeoutMs, nowMs);
    const isEager = this.#waitingBytes >= EAGER_BYTES && this.#backlog.lengthBytes === 0;
    if (isEager && !this.#isBlocked) this.#flush();
    else this.queueFlush();
  }

  /** Writes the bytes of a large argument, between what has been written to `out` and what will be. They change hands. */
  passOn(bytes: ChunkedBytes): void {
    const { out } = this;
    this.#backlog.append(out.bytes, this.#sent, out.length);
    out.clear(KEEP_BYTES);
    this.#sent = 0;
    this.#backlog.moveFrom(bytes);
  }

  /** Sends what has been written, once for all that is written in this turn of the event loop. */
  queueFlush(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    // Not a microtask: those run after the data of each single client.
    setImmediate(() => {
      this.#flushQueued = false;
      this.#flush();
    });
  }

  /**
   * Ends the connection; requests without a reply fail.
   * @param heir the connection over which those are asked again that may be
   */
  close(error: UpstreamError, heir?: UpstreamConnection): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#isOpen = false;
    this.#timer?.stop();
    this.#socket?.terminate();
    this.#inbound = undefined;
    this.#large = undefined;
    this.#backlog.clear();
    // Before the requests: what is asked when they fail must not come to a connection that has ended.
    this.events.closed(error);
    for (let request = this.#requests.shift(); request !== undefined; request = this.#requests.shift()) {
      const isAskedAgain = heir !== undefined && !request.settled && request.resend(heir);
      if (!isAskedAgain) fail(request, error);
    }
  }

  #connect(): void {
    const { host, port } = this.#options.address;
    this.#setTimer(this.#options.connectTimeoutMs, this.#lastReceivedMs);
    this.#isConnecting = true;
    Bun.connect<undefined>({
      hostname: host,
      port,
      socket: {
        open: (socket) => {
          if (this.#closed) {
            socket.terminate();
            return;
          }
          this.#socket = socket;
          socket.setNoDelay(true);
          socket.setKeepAlive(true, 10_000);
          this.#isOpen = true;
          this.events.opened?.();
          this.#flush();
        },
        data: (_socket, data) => this.#received(data),
        drain: () => this.#flush(),
        close: (_socket, error) =>
          this.close(this.#lost(error?.message ?? "the origin closed the connection")),
        error: (_socket, error) => {
          if ((error as { syscall?: string }).syscall === undefined) throw error;
        },
        connectError: (_socket, error) => this.#connectFailed(error),
      },
    }).catch((error: Error) => this.#connectFailed(error));
    this.#isConnecting = false;
  }

  /**
   * Where there is no route and no descriptor, the runtime tells so before `Bun.connect` has returned, and so before
   * anybody has this connection: its end must not come before its beginning.
   */
  #connectFailed(error: Error): void {
    const name = formatOrigin(this.#options.address);
    const reason = this.#isConnecting ? "no route to it, or no file descriptor left" : connectFailure(error);
    queueMicrotask(() =>
      this.close(new UpstreamError("ORIGINDOWN", `origin ${name} cannot be reached: ${reason}`, false)),
    );
  }

  #lost(reason: string): UpstreamError {
    const name = formatOrigin(this.#options.address);
    return new UpstreamError("ORIGINDOWN", `connection to origin ${name} was lost: ${reason}`, true);
  }

  #flush(): void {
    const socket = this.#socket;
    const { out } = this;
    if (this.#closed || socket === undefined) return;
    if (this.#prelude.length > 0 && !this.#flushPrelude(socket)) return;
    if (this.#isGated || this.#waitingBytes === 0) return;
    if (this.#backlog.lengthBytes > 0 && !this.#flushBacklog(socket)) return;
    this.#sent += Math.max(0, socket.write(out.bytes.subarray(this.#sent, out.length)));
    this.#isBlocked = this.#sent < out.length;
    if (!this.#isBlocked) {
      out.clear(KEEP_BYTES);
      this.#sent = 0;
    } else if (this.#sent >= out.length / 2) {
      // Not at each call: an origin that reads slowly would have a large backlog moved a hundred times.
      out.discard(this.#sent);
      this.#sent = 0;
    }
  }

  /** @returns whether the handshake has been sent */
  #flushPrelude(socket: Socket<undefined>): boolean {
    // In one packet with what may follow.
    if (!this.#isGated && this.#backlog.lengthBytes === 0 && this.#sent === 0) {
      this.#prelude.append(this.out.bytes, 0, this.out.length);
      this.out.clear(KEEP_BYTES);
    }
    this.#prelude.discard(Math.max(0, socket.write(this.#prelude.view())));
    this.#isBlocked = this.#prelude.length > 0;
    return !this.#isBlocked;
  }

  /** Sends a part of the backlog, so that others have their turn in between. @returns whether nothing of it is left */
  #flushBacklog(socket: Socket<undefined>): boolean {
    const backlog = this.#backlog;
    for (let budget = TURN_BYTES; backlog.lengthBytes > 0; ) {
      if (budget === 0) {
        this.queueFlush();
        return false;
      }
      const run = backlog.front(Math.min(SLICE_BYTES, budget));
      const { length } = run;
      const sent = Math.max(0, socket.write(run));
      backlog.drop(sent);
      budget -= sent;
      this.#isBlocked = sent < length;
      if (this.#isBlocked) return false;
    }
    return true;
  }

  get #waitingBytes(): number {
    return this.out.length - this.#sent + this.#backlog.lengthBytes;
  }

  #received(data: Uint8Array): void {
    this.#lastReceivedMs = this.#options.clock.monotonicMs();
    if (data.length >= FULL_READ_BYTES) this.#rest();
    if (this.#relay !== undefined) {
      this.#relay(data);
      giveBack(data);
      return;
    }
    try {
      if (this.#inbound !== undefined) this.#readWith(this.#inbound, data);
      else if (!this.#readAt(data)) giveBack(data);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const name = formatOrigin(this.#options.address);
      this.close(
        new UpstreamError("ORIGINPROTOCOL", `origin ${name} sent a malformed reply: ${error.message}`, true),
      );
    }
  }

  /** Others have their turn before more is read. */
  #rest(): void {
    if (this.#rests) return;
    this.#rests = true;
    this.#socket?.pause();
    setImmediate(() => {
      this.#rests = false;
      if (!this.#closed && !this.#isPaused) this.#socket?.resume();
    });
  }

  /** From now on what comes in is handed on as it comes; no request may be outstanding. The bytes are lent. */
  relay(take: (bytes: Uint8Array) => void): void {
    this.#relay = take;
  }

  /** Reads no more until `readOn`. */
  pauseReading(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  readOn(): void {
    this.#isPaused = false;
    if (!this.#closed && !this.#rests) this.#socket?.resume();
  }

  /** Reads what nothing waits before. @returns whether `data` stays in use */
  #readAt(data: Uint8Array): boolean {
    const consumed = this.#read(data, 0, data.length);
    if (consumed < data.length && !this.#closed) {
      const inbound = new ByteBuffer(Math.max(this.#reader.neededBytes, data.length - consumed));
      inbound.append(data, consumed);
      this.#inbound = inbound;
    }
    return this.#large?.keepsBytes === true || data.length < GIVEN_BACK_BYTES;
  }

  /** Reads what has come behind `before`. */
  #readWith(before: ByteBuffer, data: Uint8Array): void {
    let inbound = before;
    if (this.#reader.neededBytes > inbound.bytes.length) {
      const roomy = new ByteBuffer(this.#reader.neededBytes);
      roomy.append(inbound.bytes, 0, inbound.length);
      inbound = roomy;
      this.#inbound = inbound;
    }
    inbound.append(data);
    const consumed = this.#read(inbound.bytes, 0, inbound.length);
    if (consumed === inbound.length) this.#inbound = undefined;
    else if (consumed > 0) inbound.discard(consumed);
  }

  /** Hands out all complete replies of bytes[start, end), and what has come of a large one. @returns the offset behind them */
  #read(bytes: Uint8Array, from: number, end: number): number {
    const reader = this.#reader;
    let start = from;
    while (start < end && !this.#closed) {
      if (this.#large !== undefined) {
        start = this.#readLarge(this.#large, bytes, start, end);
        continue;
      }
      const next = reader.next(bytes, start, end);
      if (next < 0) {
        if (reader.awaitedBytes < LARGE_BYTES || !this.#beginLarge(reader.awaitedBytes)) break;
        start += reader.awaitedAt;
        reader.divert();
        continue;
      }
      this.#gathers = false;
      if (reader.type === PUSH) {
        this.events.pushed?.(bytes, start, next, reader);
      } else {
        const request = this.#requests.peek();
        if (request === undefined) {
          if (this.events.stray === undefined) throw new ProtocolError("a reply nobody asked for");
          this.events.stray(bytes, start, next);
        } else {
          this.#answer(request, bytes, start, next);
        }
      }
      start = next;
    }
    return start;
  }

  /** @returns whether the large byte string that is coming in is handed on as it comes; it is gathered otherwise */
  #beginLarge(lengthBytes: number): boolean {
    const request = this.#requests.peek();
    if (this.#gathers || request === undefined || request.repliesAwaited > 1) return false;
    const sink = request.settled ? undefined : request.takeLarge(lengthBytes);
    this.#gathers = sink === undefined && !request.settled;
    if (this.#gathers) return false;
    // As long as it is coming in, the reply is not late.
    request.deadlineMs = Number.POSITIVE_INFINITY;
    this.#large = new LargeReply(lengthBytes, sink);
    return true;
  }

  #readLarge(large: LargeReply, bytes: Uint8Array, start: number, end: number): number {
    const behind = large.take(bytes, start, end);
    if (!large.isComplete) return behind;
    this.#large = undefined;
    const request = this.#requests.shift()!;
    request.repliesAwaited = 0;
    request.settled = true;
    large.complete();
    return behind;
  }

  #answer(request: UpstreamRequest, bytes: Uint8Array, start: number, end: number): void {
    const isLast = --request.repliesAwaited === 0;
    if (isLast) {
      this.#requests.shift();
      if (this.#preludeOutstanding > 0) this.#preludeOutstanding--;
    }
    if (request.settled) return;
    request.settled = isLast;
    request.reply(bytes, start, end, this.#reader);
  }

  #setTimer(delayMs: number, nowMs: number): void {
    const { timers = systemTimers } = this.#options;
    this.#timer?.stop();
    this.#timerAtMs = nowMs + delayMs;
    this.#timer = timers.after(Math.max(1, delayMs), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#expire();
    });
  }

  /** Fails requests past their deadline. All have the same time-out, so the oldest come first. */
  #expire(): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.monotonicMs();
    const name = formatOrigin(this.#options.address);
    const isSetUp = this.#isOpen && this.#preludeOutstanding === 0;
    const timeoutMs = isSetUp ? this.#options.timeoutMs : this.#options.connectTimeoutMs;
    const isAwaited = !isSetUp || this.#large !== undefined || this.#hasOverdue(nowMs);
    if (nowMs - this.#lastReceivedMs >= timeoutMs && isAwaited) {
      const message = `origin ${name} sent nothing for ${timeoutMs} ms`;
      this.close(new UpstreamError("ORIGINTIMEOUT", message, this.#isOpen));
      return;
    }
    // A timer may be early by a moment.
    const isIdleBounded = !isSetUp || this.#large !== undefined;
    let nextDeadlineMs = isIdleBounded ? this.#lastReceivedMs + timeoutMs : Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#requests.length; index++) {
      const request = this.#requests.at(index)!;
      if (request.settled || request.deadlineMs === Number.POSITIVE_INFINITY) continue;
      if (request.deadlineMs > nowMs) {
        nextDeadlineMs = Math.min(nextDeadlineMs, request.deadlineMs);
        break;
      }
      fail(
        request,
        new UpstreamError("ORIGINTIMEOUT", `origin ${name} did not answer within ${timeoutMs} ms`, true),
      );
    }
    if (nextDeadlineMs < this.#timerAtMs) this.#setTimer(nextDeadlineMs - nowMs, nowMs);
  }

  #hasOverdue(nowMs: number): boolean {
    for (let index = 0; index < this.#requests.length; index++) {
      const { deadlineMs } = this.#requests.at(index)!;
      if (deadlineMs <= nowMs) return true;
      if (deadlineMs !== Number.POSITIVE_INFINITY) return false;
    }
    return false;
  }
}

/** The runtime gives every failure the code of a refusal, and no text of the system's. */
function connectFailure(error: Error): string {
  return (error as { code?: string }).code === "ECONNREFUSED" ? "connection refused" : error.message;
}

function fail(request: UpstreamRequest, error: UpstreamError): void {
  if (request.settled) return;
  request.settled = true;
  request.failed(error);
}
