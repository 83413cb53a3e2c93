import type { Socket } from "bun";
import { assert } from "../lib/assert.ts";
import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { type ChunkedBytes, giveBack } from "../lib/chunked-bytes.ts";
import { FULL_READ_BYTES } from "../lib/large-value.ts";
import { ProtocolError } from "../protocol/protocol.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { formatOrigin } from "./address.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import { OutstandingRequests } from "./outstanding-requests.ts";
import { ReplyTimeouts, type TimeoutOptions } from "./reply-timeouts.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { Upstream, UpstreamRequest } from "./upstream-request.ts";

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

export interface UpstreamOptions extends TimeoutOptions {
  /** Request bytes waiting for the origin to read; beyond this further requests fail at once. */
  readonly pendingBytes: number;
}

/**
 * One connection to an origin, shared by many requests: they are written together once per turn of the event loop,
 * and answered in order. A request without an answer fails after the time-out; when the origin has sent nothing at
 * all for so long, the connection counts as dead.
 */
export class UpstreamConnection implements Upstream {
  readonly out: ByteBuffer;
  /** Whoever uses the connection; may change when it is handed on. */
  events: UpstreamEvents;
  readonly #options: UpstreamOptions;
  readonly #outbound = new Outbound();
  readonly #requests = new OutstandingRequests();
  readonly #inbound: Inbound;
  readonly #timeouts: ReplyTimeouts;
  #socket: Socket<undefined> | undefined;
  /** When it was begun, until something has been received. */
  #lastReceivedMs: number;
  #isOpen = false;
  #closed = false;
  /** Within the call of the runtime that begins to connect. */
  #isConnecting = false;
  #flushQueued = false;
  /** Others have their turn before more is read. */
  #rests = false;
  #isPaused = false;
  /** Takes the bytes that come in, which are no replies any longer. */
  #relay: ((bytes: Uint8Array) => void) | undefined;

  constructor(options: UpstreamOptions, events: UpstreamEvents) {
    this.#options = options;
    this.events = events;
    this.out = this.#outbound.out;
    this.#lastReceivedMs = options.clock.monotonicMs();
    this.#inbound = new Inbound(this.#requests, {
      pushed: (bytes, start, end, reader) => this.events.pushed?.(bytes, start, end, reader),
      stray: (bytes, start, end) => {
        if (this.events.stray === undefined) throw new ProtocolError("a reply nobody asked for");
        this.events.stray(bytes, start, end);
      },
    });
    this.#timeouts = new ReplyTimeouts(options, this, this.#requests);
    this.#connect();
  }

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

  /** Whether a large value is coming in, and more of it is still to come. */
  get isReceivingLarge(): boolean {
    return this.#inbound.isReceivingLarge;
  }

  /** Requests without a reply so far. */
  get outstandingCount(): number {
    return this.#requests.count;
  }

  /** Whether another request may be written: false once closed, and while too many bytes wait for the origin. */
  get accepts(): boolean {
    return !this.#closed && this.#outbound.waitingBytes < this.#options.pendingBytes;
  }

  // ---- requests

  /** Asks something that is sent before all that is written to `out`. Only before anything has been. */
  introduce(command: readonly string[], request: UpstreamRequest): void {
    assert(this.#requests.areIntroductions, "a handshake comes first");
    writeCommand(this.#outbound.handshake, command);
    request.sentAtMs = this.#options.clock.monotonicMs();
    this.#requests.addIntroduction(request);
  }

  /** What is written to `out` is not sent before `openGate`. */
  closeGate(): void {
    this.#outbound.isGated = true;
  }

  openGate(): void {
    if (!this.#outbound.isGated) return;
    this.#outbound.isGated = false;
    this.queueFlush();
  }

  enqueue(
    request: UpstreamRequest,
    timeoutMs: number = this.timeoutMs,
    nowMs: number = this.#options.clock.monotonicMs(),
  ): void {
    request.sentAtMs = nowMs;
    request.deadlineMs = nowMs + timeoutMs;
    this.#requests.add(request);
    this.#timeouts.expect(timeoutMs, nowMs);
    if (this.#outbound.isEager) this.#flush();
    else this.queueFlush();
  }

  /** Writes the bytes of a large argument, between what has been written to `out` and what will be. They change hands. */
  passOn(bytes: ChunkedBytes): void {
    this.#outbound.passOn(bytes);
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

  #flush(): void {
    if (this.#closed || this.#socket === undefined) return;
    if (this.#outbound.send(this.#socket)) this.queueFlush();
  }

  // ---- what comes in

  #received(data: Uint8Array): void {
    this.#lastReceivedMs = this.#options.clock.monotonicMs();
    if (data.length >= FULL_READ_BYTES) this.#rest();
    if (this.#relay !== undefined) {
      this.#relay(data);
      giveBack(data);
      return;
    }
    try {
      this.#inbound.receive(data);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const message = `origin ${this.#name} sent a malformed reply: ${error.message}`;
      this.close(new UpstreamError("ORIGINPROTOCOL", message, true));
    }
  }

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

  // ---- beginning and end

  #connect(): void {
    const { address, connectTimeoutMs } = this.#options;
    this.#timeouts.expect(connectTimeoutMs, this.#lastReceivedMs);
    this.#isConnecting = true;
    Bun.connect<undefined>({
      hostname: address.host,
      port: address.port,
      socket: {
        open: (socket) => this.#opened(socket),
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

  #opened(socket: Socket<undefined>): void {
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
  }

  /**
   * Where there is no route and no descriptor, the runtime tells so before `Bun.connect` has returned, and so before
   * anybody has this connection: its end must not come before its beginning.
   */
  #connectFailed(error: Error): void {
    const reason = this.#isConnecting ? "no route to it, or no file descriptor left" : connectFailure(error);
    const message = `origin ${this.#name} cannot be reached: ${reason}`;
    queueMicrotask(() => this.close(new UpstreamError("ORIGINDOWN", message, false)));
  }

  #lost(reason: string): UpstreamError {
    return new UpstreamError("ORIGINDOWN", `connection to origin ${this.#name} was lost: ${reason}`, true);
  }

  get #name(): string {
    return formatOrigin(this.#options.address);
  }

  /**
   * Ends the connection; requests without a reply fail.
   * @param heir the connection over which those are asked again that may be
   */
  close(error: UpstreamError, heir?: Upstream): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#isOpen = false;
    this.#timeouts.stop();
    this.#socket?.terminate();
    this.#inbound.close();
    this.#outbound.clear();
    // Before the requests: what is asked when they fail must not come to a connection that has ended.
    this.events.closed(error);
    this.#requests.end(error, heir);
  }
}

/** The runtime gives every failure the code of a refusal, and no text of the system's. */
function connectFailure(error: Error): string {
  return (error as { code?: string }).code === "ECONNREFUSED" ? "connection refused" : error.message;
}
