import type { Socket } from "bun";
import { assert } from "../lib/assert.ts";
import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { type ChunkedBytes, giveBack } from "../lib/chunked-bytes.ts";
import { exactReader, monotonicOf } from "../lib/clock.ts";
import { FULL_READ_BYTES } from "../lib/large-value.ts";
import { type ClientTls, clientTlsOptions } from "../lib/tls.ts";
import { ProtocolError } from "../protocol/protocol.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { formatOrigin } from "./address.ts";
import { HostAddresses } from "./host-addresses.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import { OutstandingRequests, type TakeOver } from "./outstanding-requests.ts";
import { ReplyTimeouts, type TimeoutOptions } from "./reply-timeouts.ts";
import { handshakeFailure, tlsAlert } from "./tls-failure.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { Upstream, UpstreamRequest } from "./upstream-request.ts";

export interface UpstreamEvents {
  /** The connection is open; the requests written so far are on their way. */
  opened?(): void;
  /** Delivers a push message, in its place among the replies. */
  pushed?(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void;
  /**
   * Delivers a reply that answers no request: a message to a RESP2 subscriber, or a line of MONITOR. Without this
   * method it is a protocol error.
   */
  stray?(bytes: Uint8Array, start: number, end: number): void;
  /** The connection has ended. Called once, right before its outstanding requests fail. */
  closed(error: UpstreamError): void;
  /** Whether the origin would answer a PING now at once, without changing anything. True by default. */
  mayBeAsked?(): boolean;
}

export interface UpstreamOptions extends TimeoutOptions {
  /** The most request bytes that may wait for the origin to read. Further requests fail at once. */
  readonly pendingBytes: number;
  /** How to speak TLS with an origin whose address wants it; the system's authorities vouch for it by default. */
  readonly tls?: ClientTls | undefined;
  /** The addresses of the host, which all connections to it share; by default each asks for its own. */
  readonly hosts?: HostAddresses;
  /** Decides about errors that say that another node is to be asked; by default requests get them. */
  readonly takeOver?: TakeOver;
}

/** The first byte of a TLS record that holds an alert (RFC 8446, section 5.1). No reply begins with it. */
const TLS_ALERT = 0x15;
const SPEAKS_TLS = "it speaks TLS on this port; give it as rediss://";

/** Where nothing else is said. */
const DEFAULT_TLS: ClientTls = { isInsecure: false };

/**
 * One connection to an origin, shared by many requests. They are written together once per turn of the event loop,
 * and answered in order. A request without an answer fails after the time-out. If the origin has sent nothing at all
 * for that long, the connection counts as dead.
 */
export class UpstreamConnection implements Upstream {
  readonly out: ByteBuffer;
  /** The present user of the connection; replaced when the connection is handed on. */
  events: UpstreamEvents;
  readonly #options: UpstreamOptions;
  readonly #outbound = new Outbound();
  readonly #requests: OutstandingRequests;
  readonly #inbound: Inbound;
  readonly #timeouts: ReplyTimeouts;
  readonly #hosts: HostAddresses;
  readonly #exactMs: () => number;
  readonly #monotonicOf: (exactMs: number) => number;
  #socket: Socket<undefined> | undefined;
  /** When bytes last arrived; at first, when connecting began. */
  #lastReceivedMs: number;
  #isOpen = false;
  #closed = false;
  #triedAddress: string | undefined;
  /** Whether `#connect` is running. */
  #isConnecting = false;
  #flushQueued = false;
  /** Whether reading pauses to let others have their turn. */
  #rests = false;
  #isPaused = false;
  /** Takes the incoming bytes once they are no longer replies. */
  #relay: ((bytes: Uint8Array) => void) | undefined;

  constructor(options: UpstreamOptions, events: UpstreamEvents) {
    this.#options = options;
    this.events = events;
    this.#exactMs = exactReader(options.clock);
    this.#monotonicOf = monotonicOf(options.clock);
    this.#requests = new OutstandingRequests(options.takeOver);
    this.out = this.#outbound.out;
    this.#lastReceivedMs = options.clock.monotonicMs();
    this.#inbound = new Inbound(this.#requests, {
      pushed: (bytes, start, end, reader) => this.events.pushed?.(bytes, start, end, reader),
      stray: (bytes, start, end) => {
        if (this.events.stray === undefined) throw new ProtocolError("a reply without a request");
        this.events.stray(bytes, start, end);
      },
    });
    this.#timeouts = new ReplyTimeouts(options, this, this.#requests);
    this.#hosts = options.hosts ?? new HostAddresses(options.address.host);
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

  /** When the origin last sent bytes, by the connection's clock. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /** Whether a large value is arriving and not complete yet. */
  get isReceivingLarge(): boolean {
    return this.#inbound.isReceivingLarge;
  }

  /** Requests without a reply. */
  get outstandingCount(): number {
    return this.#requests.count;
  }

  /** Whether another request may be written: false once closed, and while too many bytes wait for the origin. */
  get accepts(): boolean {
    return !this.#closed && this.#outbound.waitingBytes < this.#options.pendingBytes;
  }

  // ---- requests

  /** Asks a question before everything written to `out`. Call this before anything has been sent. */
  introduce(command: readonly string[], request: UpstreamRequest): void {
    assert(this.#requests.areIntroductions, "a handshake comes first");
    writeCommand(this.#outbound.handshake, command);
    request.sentAtMs = this.#options.clock.monotonicMs();
    this.#requests.addIntroduction(request);
  }

  /** Holds back everything written to `out` until `openGate`. */
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

  /** Ends the request that is next to be answered, if it is this one: a push message has answered it. */
  answeredByPush(request: UpstreamRequest): void {
    this.#requests.answeredByPush(request);
  }

  /**
   * Sends the bytes of a large argument between the bytes written to `out` so far and later ones. The caller hands
   * them over.
   */
  passOn(bytes: ChunkedBytes): void {
    this.#outbound.passOn(bytes);
  }

  /** Schedules the sending of everything written during this turn of the event loop. */
  queueFlush(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    // Not a microtask: microtasks run after the data of each single client.
    setImmediate(() => {
      this.#flushQueued = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed || this.#socket === undefined) return;
    if (this.#requests.hasUnsent) this.#requests.handedOver(this.#exactMs());
    if (this.#outbound.send(this.#socket)) this.queueFlush();
  }

  // ---- what comes in

  #received(data: Uint8Array): void {
    const receivedMs = this.#exactMs();
    this.#requests.receivedMs = receivedMs;
    this.#lastReceivedMs = this.#monotonicOf(receivedMs);
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
      const reason = data[0] === TLS_ALERT ? SPEAKS_TLS : error.message;
      const message = `origin ${this.#name} sent a malformed reply: ${reason}`;
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

  /**
   * Hands incoming bytes on as they arrive, from now on. No request may be outstanding. The bytes are valid during
   * the call only.
   */
  relay(take: (bytes: Uint8Array) => void): void {
    this.#relay = take;
  }

  /** Stops reading until `readOn`. */
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
    this.#timeouts.expect(this.#options.connectTimeoutMs, this.#lastReceivedMs);
    this.#isConnecting = true;
    this.#hosts.resolve((found) => {
      if (this.#closed) return;
      if (found instanceof Error) queueMicrotask(() => this.#unreachable(found.message));
      else this.#tryAddresses(found);
    });
    this.#isConnecting = false;
  }

  /** Connects to the first of these addresses that accepts the connection. */
  #tryAddresses([host, ...others]: readonly string[]): void {
    const { address, tls = DEFAULT_TLS } = this.#options;
    const { isSecure = false } = address;
    this.#triedAddress = host;
    const failed = (error: Error): void => {
      if (others.length === 0) this.#connectFailed(error);
      else if (!this.#closed) queueMicrotask(() => this.#tryAddresses(others));
    };
    Bun.connect<undefined>({
      hostname: host!,
      port: address.port,
      ...(isSecure && { tls: clientTlsOptions(tls, address.host) }),
      socket: {
        open: (socket) => {
          // With TLS nothing can be sent before the handshake.
          if (!isSecure) this.#opened(socket);
        },
        handshake: (socket, isDone, error) => {
          const failure = isDone ? undefined : handshakeFailure(error, tls);
          if (failure === undefined) return this.#opened(socket);
          // First, for the end of the socket would be told as the reason.
          this.#unreachable(failure);
          socket.terminate();
        },
        data: (_socket, data) => this.#received(data),
        drain: () => this.#flush(),
        close: (_socket, error) => {
          const reason = error?.message ?? "the origin closed the connection";
          if (isSecure && !this.#isOpen)
            this.#unreachable(`${reason}, before the TLS handshake was complete`);
          else this.close(this.#lost(reason));
        },
        error: (_socket, error) => {
          const alert = tlsAlert(error);
          if (alert !== undefined) this.close(this.#lost(alert));
          else if ((error as { syscall?: string }).syscall === undefined) throw error;
        },
        connectError: (_socket, error) => failed(error),
      },
    }).catch((error: Error) => failed(error));
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
    this.#hosts.reached(this.#triedAddress!);
    this.events.opened?.();
    this.#flush();
  }

  /**
   * Handles a failure to connect. Without a route or a descriptor the runtime reports it before `Bun.connect`
   * returns, when nobody has this connection yet. Its end must not precede its beginning, so it is reported later.
   */
  #connectFailed(error: Error): void {
    const reason = this.#isConnecting ? "no route to it, or no file descriptor left" : connectFailure(error);
    queueMicrotask(() => this.#unreachable(reason));
  }

  #unreachable(reason: string): void {
    this.close(new UpstreamError("ORIGINDOWN", `origin ${this.#name} cannot be reached: ${reason}`, false));
  }

  #lost(reason: string): UpstreamError {
    return new UpstreamError("ORIGINDOWN", `connection to origin ${this.#name} was lost: ${reason}`, true);
  }

  get #name(): string {
    return formatOrigin(this.#options.address);
  }

  /**
   * Ends the connection. Requests without a reply fail.
   * @param heir the connection that takes over the requests that can be sent again
   */
  close(error: UpstreamError, heir?: Upstream): void {
    if (this.#closed) return;
    if (!this.#isOpen) this.#hosts.lost(this.#triedAddress);
    this.#closed = true;
    this.#isOpen = false;
    this.#timeouts.stop();
    this.#socket?.terminate();
    this.#inbound.close();
    this.#outbound.clear();
    // Before the requests fail: a question asked in consequence must not go to a closed connection.
    this.events.closed(error);
    this.#requests.end(error, heir);
  }
}

/**
 * Returns the system's reason for the failure; the runtime gives every failure the code of a refusal, and no text.
 */
function connectFailure(error: Error): string {
  return (error as { code?: string }).code === "ECONNREFUSED" ? "connection refused" : error.message;
}
