import type { Socket } from "bun";
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { ReplyReader } from "../../src/protocol/reply-reader.ts";
import { PUSH } from "../../src/protocol/reply-types.ts";
import { writeCommand } from "../../src/protocol/request-writer.ts";

/** A client that hands out replies as the bytes they came in: for comparing servers. Push messages are left out. */
export class RawClient {
  readonly #reader = new ReplyReader();
  readonly #inbound = new ByteBuffer(1024);
  readonly #pending: { resolve(reply: Uint8Array): void; reject(error: Error): void }[] = [];
  readonly #out = new ByteBuffer(1024);
  #socket: Socket<undefined> | undefined;

  private constructor() {}

  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient();
    client.#socket = await Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, data) => client.#received(data),
        drain: () => client.#flush(),
        close: () => client.#ended(),
      },
    });
    return client;
  }

  /** Sends one command. @returns the bytes of its reply */
  ask(...args: (string | Uint8Array)[]): Promise<Uint8Array> {
    writeCommand(this.#out, args);
    this.#flush();
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
    });
  }

  close(): void {
    this.#socket?.terminate();
  }

  #flush(): void {
    const sent = this.#socket!.write(this.#out.view());
    if (sent > 0) this.#out.discard(sent);
  }

  #received(data: Uint8Array): void {
    this.#inbound.append(data);
    const { bytes, length } = this.#inbound;
    let start = 0;
    while (start < length) {
      const end = this.#reader.next(bytes, start, length);
      if (end < 0) break;
      if (this.#reader.type !== PUSH)
        this.#pending.shift()?.resolve(new Uint8Array(bytes.subarray(start, end)));
      start = end;
    }
    this.#inbound.discard(start);
  }

  #ended(): void {
    for (const { reject } of this.#pending.splice(0)) reject(new Error("the connection has ended"));
  }
}
