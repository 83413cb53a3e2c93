import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Clock } from "../lib/clock.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { PUSH } from "../protocol/reply-types.ts";
import { Attributed, decodeReply, Push, ReplyError, type ReplyValue } from "../protocol/reply-value.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { type Call, CallList, describeSource, type Reply } from "./call.ts";
import { ConnectError } from "./errors.ts";
import { formatAddress, type TlsOptions } from "./options.ts";

/** Bytes written at once; the rest follows when the socket has taken them. */
const WRITE_BYTES = 256 * 1024;
/** A batch up to this size is copied, so that its buffer can be reused; the buffer of a larger one is handed over. */
const COPY_BYTES = 16 * 1024;
const KEEP_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 30_000;

export interface LinkAddress {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsOptions | undefined;
}

export interface LinkEvents {
  /** There is room for further requests. */
  drained(): void;
  pushed(push: Push): void;
  /** A reply without a request, such as a line of MONITOR. The last one says why a connection ends. */
  unasked?(value: ReplyValue): void;
  /** Whether byte strings in pushes are bytes; otherwise they are decoded as UTF-8. */
  readonly pushesAsBytes?: boolean;
  /** The link has ended. `unanswered` are the calls without a reply, in order. Called once. */
  ended(error: Error, unanswered: Call[]): void;
}

/** One connection: writes requests in order, and matches replies to them in order. */
export class Link {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #reader = new ReplyReader();
  readonly #sent = new CallList();
  #events: LinkEvents;
  #out = new ByteBuffer(4096);
  #inbound: ByteBuffer | undefined;
  #blocked = false;
  #ended = false;
  /** The server's last error without a request, such as why it closes the connection. */
  #lastWords: ReplyError | undefined;
  lastReceivedMs: number;

  private constructor(socket: Socket, clock: Clock, events: LinkEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.lastReceivedMs = clock.monotonicMs();
    socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    socket.on("drain", () => {
      this.#blocked = false;
      this.#events.drained();
    });
    socket.on("error", (error: Error) => this.#end(error));
    socket.on("close", () => this.#end(this.#lastWords ?? new Error("the other side closed the connection")));
  }

  /**
   * Connects.
   * @throws ConnectError, or the signal's reason
   */
  static open(address: LinkAddress, clock: Clock, signal: AbortSignal, events: LinkEvents): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = socketTo(address);
      const settle = () => {
        signal.removeEventListener("abort", aborted);
        socket.removeAllListeners();
      };
      const aborted = () => {
        settle();
        // Ignore late errors: the promise has been rejected already.
        socket.on("error", () => {});
        socket.destroy();
        reject(signal.reason);
      };
      socket.on(address.tls === undefined ? "connect" : "secureConnect", () => {
        settle();
        socket.setNoDelay(true);
        socket.setKeepAlive(true, KEEP_ALIVE_MS);
        resolve(new Link(socket, clock, events));
      });
      socket.on("error", (error: Error) => {
        settle();
        const code = errorCode(error);
        const message = `cannot connect to ${formatAddress(address)}: ${connectFailure(code, error)}`;
        reject(new ConnectError(message, code, error));
      });
      socket.on("close", () => {
        settle();
        const message = `cannot connect to ${formatAddress(address)}: it closed the connection`;
        reject(new ConnectError(message, "ECONNRESET"));
      });
      signal.addEventListener("abort", aborted);
      if (signal.aborted) aborted();
    });
  }

  /** Calls whose reply is due, including settled ones. */
  get sentCount(): number {
    return this.#sent.size;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** False while the socket has enough to write. */
  get isWritable(): boolean {
    return !this.#blocked && !this.#ended;
  }

  set events(events: LinkEvents) {
    this.#events = events;
  }

  /** Appends a request; `flush` sends it. */
  write(call: Call): void {
    writeCommand(this.#out, call.args);
    call.sent = true;
    call.sentAtMs = this.#clock.monotonicMs();
    this.#sent.push(call);
    if (this.#out.length >= WRITE_BYTES) this.flush();
  }

  flush(): void {
    const out = this.#out;
    if (out.length === 0 || this.#ended) return;
    let batch: Uint8Array;
    if (out.length <= COPY_BYTES) {
      batch = out.bytes.slice(0, out.length);
      out.clear();
    } else {
      batch = out.view();
      this.#out = new ByteBuffer(4096);
    }
    if (!this.#socket.write(batch)) this.#blocked = true;
  }

  /** Stops reading until `resume`, so that the server waits. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Shuts down: sends what has been written, and reads nothing more. */
  close(): void {
    this.#ended = true;
    this.#socket.removeAllListeners("close");
    this.#socket.end();
    // The process does not wait for the other side to close.
    this.#socket.unref();
  }

  /** Ends at once. */
  destroy(error: Error): void {
    this.#end(error);
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    const unanswered: Call[] = [];
    for (let call = this.#sent.shift(); call !== undefined; call = this.#sent.shift()) unanswered.push(call);
    this.#inbound = undefined;
    this.#events.ended(error, unanswered);
  }

  #received(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.lastReceivedMs = this.#clock.monotonicMs();
    const inbound = this.#inbound;
    try {
      if (inbound === undefined || inbound.length === 0) {
        const read = this.#readReplies(chunk, chunk.length);
        if (read < chunk.length) this.#keep(chunk, read);
      } else {
        inbound.append(chunk);
        const read = this.#readReplies(inbound.bytes, inbound.length);
        if (read === inbound.length) inbound.clear(KEEP_BYTES);
        else inbound.discard(read);
      }
    } catch (error) {
      // A ProtocolError: nothing that follows can be understood.
      this.#end(error as Error);
    }
  }

  /** Keeps the beginning of a reply, with room for the bytes that are known to follow. */
  #keep(chunk: Uint8Array, from: number): void {
    this.#inbound ??= new ByteBuffer(4096);
    this.#inbound.reserve(Math.max(this.#reader.neededBytes, chunk.length - from));
    this.#inbound.append(chunk, from, chunk.length);
  }

  /** @returns the number of bytes that were processed */
  #readReplies(bytes: Uint8Array, end: number): number {
    const reader = this.#reader;
    let start = 0;
    while (!this.#ended) {
      const behind = reader.next(bytes, start, end);
      if (behind < 0) break;
      if (reader.type === PUSH) this.#push(bytes, start, behind);
      else this.#reply(bytes, start, behind, reader.replyStart > start);
      start = behind;
    }
    return start;
  }

  #push(bytes: Uint8Array, start: number, end: number): void {
    const push = decodeReply(bytes, start, end, { text: this.#events.pushesAsBytes !== true });
    if (push instanceof Push) this.#events.pushed(push);
  }

  #reply(bytes: Uint8Array, start: number, end: number, hasAttributes: boolean): void {
    const call = this.#sent.shift();
    if (call === undefined) {
      const words = decodeReply(bytes, start, end, { text: true });
      this.#lastWords = words instanceof ReplyError ? words : undefined;
      this.#events.unasked?.(words);
      return;
    }
    // The call was cancelled.
    if (call.settled) return;
    const value = decodeReply(bytes, start, end, {
      text: call.asText,
      attributes: hasAttributes ? "attach" : "skip",
    });
    const reply = withoutAttributes(value);
    if (reply instanceof ReplyError) call.fail(reply);
    else call.answer(describeSource(reply, value instanceof Attributed ? value.attributes : undefined));
  }
}

function socketTo({ host, port, tls }: LinkAddress): Socket {
  if (tls === undefined) return connect({ host, port });
  // Names are not sent for addresses (RFC 6066, section 3).
  const name = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    host,
    port,
    ...tls,
    ...(name === undefined ? {} : { servername: name }),
  } as ConnectionOptions);
}

/** Removes attributes at any depth. Only a reply that has attributes itself can contain others at this point. */
function withoutAttributes(value: ReplyValue): Reply {
  if (!(value instanceof Attributed)) return value as Reply;
  return strip(value.value);
}

function strip(value: ReplyValue): Reply {
  if (value instanceof Attributed) return strip(value.value);
  if (Array.isArray(value)) return value.map(strip);
  if (value instanceof Set) return new Set([...value].map(strip));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [strip(key), strip(item)]));
  return value as Reply;
}

function errorCode(error: Error): string {
  const { code, errors } = error as Error & { code?: string; errors?: { code?: string }[] };
  return code ?? errors?.[0]?.code ?? "";
}

function connectFailure(code: string, error: Error): string {
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused; nothing listens there";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "there is no host with that name";
    case "ETIMEDOUT":
      return "no answer";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "host or network unreachable";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for other names; tls.servername says which one to expect (${error.message})`;
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return `nobody known vouches for its certificate; tls.ca names who does (${error.message})`;
    default:
      return /wrong.version.number/i.test(error.message)
        ? "it does not speak TLS on this port"
        : error.message;
  }
}
