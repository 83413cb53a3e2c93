import { ByteBuffer } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";

/** So much is gathered before it is written. */
const BUFFER_BYTES = 64 * 1024;

/** Standard output: what is written in one turn of the event loop goes out together, no faster than it is read. */
export class Output {
  readonly isTerminal: boolean;
  readonly #stream: NodeJS.WriteStream;
  readonly #gathered = new ByteBuffer(4096);
  #flushQueued = false;
  #isFull = false;
  #wake: () => void = () => {};

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    stream.on("drain", () => {
      this.#isFull = false;
      this.#wake();
    });
  }

  write(data: string | Uint8Array): void {
    this.#gathered.append(typeof data === "string" ? utf8(data) : data);
    if (this.#gathered.length >= BUFFER_BYTES) this.flush();
    else if (!this.#flushQueued) {
      this.#flushQueued = true;
      setImmediate(() => {
        this.#flushQueued = false;
        this.flush();
      });
    }
  }

  /** Writes now what has been gathered. */
  flush(): void {
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    if (!this.#stream.write(gathered.bytes.slice(0, gathered.length))) this.#isFull = true;
    gathered.clear(BUFFER_BYTES);
  }

  /** Waits until there is room for more. */
  async ready(): Promise<void> {
    while (this.#isFull) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
