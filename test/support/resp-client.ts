import type { Socket } from "bun";
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { ReplyReader } from "../../src/protocol/reply-reader.ts";
import { PUSH } from "../../src/protocol/reply-types.ts";
import {
  type DecodeOptions,
  decodeReply,
  Push,
  ReplyError,
  type ReplyValue,
} from "../../src/protocol/reply-value.ts";
import { writeCommand } from "../../src/protocol/request-writer.ts";
import { awaited } from "./until.ts";

/** The connection ended before the reply came, or never was: what was asked may have happened or not. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

export interface RespClientOptions {
  readonly port: number;
  readonly host?: string;
  /** Speaks TLS; these authorities vouch for the server. */
  readonly authorities?: string;
  /** Sends HELLO with this version first. Without it the connection speaks RESP2 as it begins. */
  readonly version?: 2 | 3;
  /** How replies become values; byte strings become strings by default. */
  readonly decode?: DecodeOptions;
  readonly onPush?: (push: Push) => void;
}

interface Pending {
  resolve(value: ReplyValue): void;
  reject(error: Error): void;
}

/**
 * A plain RESP client for tests: one connection, no retry, no queue of its own. Requests of one turn of the event
 * loop go out in one write, so calls without `await` between them are pipelined.
 */
export class RespClient {
  readonly closed: Promise<void>;
  /** Push messages, when no `onPush` was given. */
  readonly pushes: Push[] = [];
  readonly #options: RespClientOptions;
  readonly #reader = new ReplyReader();
  readonly #out = new ByteBuffer(1024);
  readonly #pending: Pending[] = [];
  #inbound = new ByteBuffer(1024);
  #socket: Socket<undefined> | undefined;
  #isClosed = false;
  #resolveClosed: () => void = () => {};

  private constructor(options: RespClientOptions) {
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** @throws Error when nobody listens; ReplyError when HELLO is refused */
  static async connect(options: RespClientOptions): Promise<RespClient> {
    const client = new RespClient(options);
    client.#socket = await Bun.connect<undefined>({
      hostname: options.host ?? "127.0.0.1",
      port: options.port,
      ...(options.authorities === undefined ? {} : { tls: { ca: options.authorities } }),
      socket: {
        data: (_socket, data) => client.#received(data),
        drain: () => client.#flush(),
        close: () => client.#ended(),
        error: () => client.#ended(),
      },
    });
    client.#socket.setNoDelay(true);
    if (options.version !== undefined) await client.must("HELLO", String(options.version));
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Requests without a reply so far. */
  get outstandingCount(): number {
    return this.#pending.length;
  }

  /** Sends one command. An error reply is the promise's value. @throws ConnectionLost */
  ask(...args: (string | Uint8Array)[]): Promise<ReplyValue> {
    if (this.#isClosed) return Promise.reject(new ConnectionLost("the connection has ended"));
    if (this.#out.length === 0) queueMicrotask(() => this.#flush());
    writeCommand(this.#out, args);
    return this.#nextReply(() => args.map(String).join(" "));
  }

  /** As `ask`, but an error reply is thrown. @throws ReplyError, ConnectionLost */
  async must(...args: (string | Uint8Array)[]): Promise<ReplyValue> {
    const value = await this.ask(...args);
    if (value instanceof ReplyError) throw value;
    return value;
  }

  /** Sends bytes as they are, for `replies` replies that are awaited one after the other. */
  sendRaw(bytes: string | Uint8Array, replies = 1): Promise<ReplyValue>[] {
    if (this.#out.length === 0) queueMicrotask(() => this.#flush());
    this.#out.append(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return Array.from({ length: replies }, () => this.#nextReply(() => String(bytes)));
  }

  /** Ends the connection at once. Requests without a reply fail. */
  close(): void {
    this.#socket?.terminate();
    this.#ended();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @param request as a hang tells it */
  #nextReply(request: () => string): Promise<ReplyValue> {
    const { promise, resolve, reject } = Promise.withResolvers<ReplyValue>();
    const pending = { resolve, reject };
    this.#pending.push(pending);
    return awaited(promise, () => {
      // Those behind it wait for the same.
      if (this.#pending[0] !== pending) return undefined;
      return `the reply to ${request().slice(0, 200)}, and ${this.#pending.length - 1} more`;
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#socket === undefined || this.#out.length === 0) return;
    const sent = this.#socket.write(this.#out.view());
    if (sent > 0) this.#out.discard(sent);
  }

  #received(data: Uint8Array): void {
    this.#inbound.append(data);
    const { bytes, length } = this.#inbound;
    let start = 0;
    while (start < length) {
      const next = this.#reader.next(bytes, start, length);
      if (next < 0) break;
      const value = decodeReply(bytes, start, next, { text: true, ...this.#options.decode });
      start = next;
      if (this.#reader.type === PUSH && value instanceof Push) this.#pushed(value);
      else this.#pending.shift()?.resolve(value);
    }
    this.#inbound.discard(start);
  }

  #pushed(push: Push): void {
    if (this.#options.onPush === undefined) this.pushes.push(push);
    else this.#options.onPush(push);
  }

  #ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const pending = this.#pending.splice(0);
    for (const { reject } of pending)
      reject(new ConnectionLost("the connection ended before the reply came"));
    this.#inbound = new ByteBuffer(0);
    this.#resolveClosed();
  }
}
