import { createServer, type Server, type Socket } from "node:net";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromUtf8, latin1 } from "../lib/bytes.ts";
import { Request } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";

/** One client's connection as the fake server sees it. */
export interface Peer {
  readonly number: number;
  /** Sends bytes; text is sent as one byte per character. */
  write(bytes: string | Uint8Array): void;
  /** Closes the connection abruptly. */
  cut(): void;
}

/**
 * A fake server's reaction to a request: the reply's bytes, or undefined for no reply (yet).
 * @param args the words, decoded as UTF-8
 */
export type Script = (args: readonly string[], peer: Peer) => string | Uint8Array | undefined;

const LIMITS = { requestBytes: 1024 ** 3, argumentCount: 1024 ** 2, argumentBytes: 1024 ** 3 };
const HELLO_REPLY =
  "%3\r\n$6\r\nserver\r\n$4\r\nfake\r\n$7\r\nversion\r\n$1\r\n1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n";

export interface FakeServerOptions {
  readonly port?: number;
  /** Replies to HELLO and GLASS.SOURCE; the usual replies are sent if it returns undefined. */
  readonly greet?: Script;
}

/** A server that replies to everything except HELLO and GLASS.SOURCE by a script. */
export class FakeServer implements AsyncDisposable {
  /** Every request except those two, in order of arrival. */
  readonly requests: string[][] = [];
  /** Every request, those two included. */
  readonly allRequests: string[][] = [];
  readonly peers: Peer[] = [];
  /** Number of pieces in which the requests arrived. */
  chunkCount = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #script: Script;
  readonly #greet: Script;
  #waiters: (() => void)[] = [];

  private constructor(script: Script, greet: Script) {
    this.#script = script;
    this.#greet = greet;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(
    script: Script = () => "+OK\r\n",
    { port = 0, greet = () => undefined }: FakeServerOptions = {},
  ): Promise<FakeServer> {
    const server = new FakeServer(script, greet);
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject);
      server.#server.listen(port, "127.0.0.1", resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Resolves when this many requests (besides HELLO and GLASS.SOURCE) have arrived. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }

  /** The latest connection. */
  get peer(): Peer {
    return this.peers.at(-1)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const parser = new RespParser(LIMITS);
    const inbound = new ByteBuffer();
    const request = new Request();
    const peer: Peer = {
      number: this.peers.length,
      write: (bytes) => void socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
      cut: () => void socket.destroy(),
    };
    this.peers.push(peer);
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk: Uint8Array) => {
      this.chunkCount++;
      inbound.append(chunk);
      let start = 0;
      while (start < inbound.length) {
        request.reset(inbound.bytes);
        const behind = parser.parse(inbound.bytes, start, inbound.length, request);
        if (behind < 0) break;
        start = behind;
        const args = Array.from({ length: request.count }, (_, index) => fromUtf8(request.view(index)));
        this.#execute(args, peer);
      }
      inbound.discard(start);
    });
  }

  #execute(args: string[], peer: Peer): void {
    this.allRequests.push(args);
    if (args[0] === "HELLO" || args[0] === "GLASS.SOURCE") {
      const usual = args[0] === "HELLO" ? HELLO_REPLY : "-ERR unknown command 'GLASS.SOURCE'\r\n";
      peer.write(this.#greet(args, peer) ?? usual);
      return;
    }
    const reply = this.#script(args, peer);
    this.requests.push(args);
    if (reply !== undefined) peer.write(reply);
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** Frames a byte string in RESP. */
export function bulk(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return `$${bytes.length}\r\n${latin1(bytes)}\r\n`;
}
