import type { Socket } from "bun";
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { latin1 } from "../../src/lib/bytes.ts";
import { ReplyReader } from "../../src/protocol/reply-reader.ts";
import { writeCommand } from "../../src/protocol/request-writer.ts";
import { awaited } from "./until.ts";

/** A client that keeps everything it receives, replies and push messages, in the order it came: byte for byte. */
export class FrameClient {
  /** Each reply and each push message, one character a byte. */
  readonly frames: string[] = [];
  readonly closed: Promise<void>;
  readonly #reader = new ReplyReader();
  readonly #inbound = new ByteBuffer(1024);
  #waiters: (() => void)[] = [];
  #barriers = 0;
  #socket: Socket<undefined> | undefined;
  #resolveClosed: () => void = () => {};

  private constructor() {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  static async connect(port: number, host = "127.0.0.1"): Promise<FrameClient> {
    const client = new FrameClient();
    client.#socket = await Bun.connect<undefined>({
      hostname: host,
      port,
      socket: {
        data: (_socket, data) => client.#received(data),
        close: () => client.#ended(),
        error: () => client.#ended(),
      },
    });
    return client;
  }

  /** Sends requests in one write. Small ones: what the system does not take at once is lost. */
  send(...requests: (readonly string[])[]): void {
    const out = new ByteBuffer(256);
    for (const request of requests) writeCommand(out, request);
    const sent = this.#socket!.write(out.view());
    if (sent !== out.length) throw new Error("the system did not take all of the requests");
  }

  /** Waits for `count` frames in all. */
  async received(count: number): Promise<string[]> {
    while (this.frames.length < count) await this.#change(`${count} frames in all`);
    return this.frames;
  }

  /** Waits for so many frames that are of some kind. */
  async receivedFrame(isOfKind: (frame: string) => boolean, count = 1): Promise<void> {
    while (this.frames.filter(isOfKind).length < count) {
      await this.#change(`${count} frames for which ${String(isOfKind)}`);
    }
  }

  /** Waits until everything that was on its way has come. Leaves nothing in `frames`. */
  async settled(): Promise<void> {
    const text = `barrier-${++this.#barriers}`;
    const reply = `$${text.length}\r\n${text}\r\n`;
    this.send(["ECHO", text]);
    let at = this.frames.indexOf(reply);
    while (at < 0) {
      await this.#change(`the reply to ECHO ${text}`);
      at = this.frames.indexOf(reply);
    }
    this.frames.splice(at, 1);
  }

  #change(what: string): Promise<void> {
    const all = () => `${what}, behind ${JSON.stringify(this.frames.slice(-20))}`;
    return awaited(new Promise<void>((resolve) => this.#waiters.push(resolve)), all);
  }

  close(): void {
    this.#socket?.terminate();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #received(data: Uint8Array): void {
    this.#inbound.append(data);
    const { bytes, length } = this.#inbound;
    let start = 0;
    while (start < length) {
      const end = this.#reader.next(bytes, start, length);
      if (end < 0) break;
      this.frames.push(latin1(bytes, start, end));
      start = end;
    }
    this.#inbound.discard(start);
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #ended(): void {
    this.#resolveClosed();
  }
}
