import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { awaited } from "./until.ts";

/** A client that sends and receives bytes as they are, and can half-close or stop reading. */
export class ByteClient implements Disposable {
  /** The other side has ended its half of the connection. */
  hasEnded = false;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #waiters: (() => void)[] = [];
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data: Buffer) => {
      this.#chunks.push(data);
      this.#receivedBytes += data.length;
      this.#wake();
    });
    socket.on("end", () => {
      this.hasEnded = true;
      this.#wake();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  static connect(port: number, host = "127.0.0.1"): Promise<ByteClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, allowHalfOpen: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new ByteClient(socket));
      });
    });
  }

  /** Resolves when the handshake is complete. */
  static connectTls(port: number, options: ConnectionOptions): Promise<ByteClient> {
    return new Promise((resolve, reject) => {
      const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", servername: "localhost", ...options });
      socket.once("error", reject);
      socket.once("secureConnect", () => {
        socket.off("error", reject);
        resolve(new ByteClient(socket));
      });
    });
  }

  /** All received, one character a byte. */
  get text(): string {
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!.toString("latin1");
  }

  get localPort(): number {
    return this.#socket.localPort!;
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  /** Closes this side; the other may go on sending. */
  end(): void {
    this.#socket.end();
  }

  /** Reads no more until `resume`: the system's buffers fill. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Ends as a client that dies: the other side gets a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits until so many bytes have come, or no more will. @returns all received, one character a byte */
  async bytes(count: number): Promise<string> {
    const what = () =>
      `${count} bytes, of which ${this.#receivedBytes} have come, from port ${this.#socket.remotePort}`;
    while (this.#receivedBytes < count && !this.#isOver) await awaited(this.#change(), what);
    return this.text;
  }

  /** Waits for the other side's end. @returns all received, one character a byte */
  async rest(): Promise<string> {
    const what = () =>
      `the end of what comes from port ${this.#socket.remotePort}, behind ${this.#receivedBytes} bytes`;
    while (!this.#isOver) await awaited(this.#change(), what);
    return this.text;
  }

  get #isOver(): boolean {
    return this.hasEnded || this.#isClosed;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
