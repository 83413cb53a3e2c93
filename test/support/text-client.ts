import type { Socket } from "bun";
import { ConnectionLost } from "./resp-client.ts";
import { awaited } from "./until.ts";

/** A plain client of the text protocol for tests: a request is a line, its reply is the next line. */
export class TextClient {
  readonly #pending: { resolve(line: string): void; reject(error: Error): void }[] = [];
  #socket: Socket<undefined> | undefined;
  #received: Buffer[] = [];
  #unsent: Uint8Array = new Uint8Array(0);
  #isClosed = false;

  private constructor() {}

  static async connect(port: number, host = "127.0.0.1"): Promise<TextClient> {
    const client = new TextClient();
    client.#socket = await Bun.connect<undefined>({
      hostname: host,
      port,
      socket: {
        data: (_socket, data) => client.#data(data),
        drain: () => client.#send(),
        close: () => client.#ended(),
        error: () => client.#ended(),
      },
    });
    client.#socket.setNoDelay(true);
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends one line. @returns the reply without its line feed. @throws ConnectionLost */
  ask(line: string): Promise<string> {
    if (this.#isClosed) return Promise.reject(new ConnectionLost("the connection has ended"));
    const reply = new Promise<string>((resolve, reject) => {
      this.#pending.push({ resolve, reject });
    });
    this.#unsent = Buffer.concat([this.#unsent, Buffer.from(`${line}\n`)]);
    this.#send();
    return awaited(reply, () => `the reply to ${line.slice(0, 200)}`);
  }

  close(): void {
    this.#socket?.terminate();
    this.#ended();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(): void {
    if (this.#unsent.length === 0 || this.#socket === undefined || this.#isClosed) return;
    this.#unsent = this.#unsent.subarray(Math.max(0, this.#socket.write(this.#unsent)));
  }

  #data(data: Buffer): void {
    let start = 0;
    for (let at = data.indexOf(10); at !== -1; at = data.indexOf(10, start)) {
      const line = Buffer.concat([...this.#received, data.subarray(start, at)]).toString();
      this.#received = [];
      start = at + 1;
      this.#pending.shift()?.resolve(line);
    }
    // The socket reuses its buffer: what is kept must be a copy.
    if (start < data.length) this.#received.push(Buffer.from(data.subarray(start)));
  }

  #ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const pending = this.#pending.splice(0);
    for (const { reject } of pending)
      reject(new ConnectionLost("the connection ended before the reply came"));
  }
}
