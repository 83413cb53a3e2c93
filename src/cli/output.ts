import { ByteBuffer } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";

/** Bytes that are collected before they are written. */
const BUFFER_BYTES = 64 * 1024;

/** The destination of replies. */
export interface TextOutput {
  readonly isTerminal: boolean;
  /** Whether the user does not want to see more of the present output. */
  readonly isStopped: boolean;
  /**
   * Begins a unit of output, such as one reply.
   * @param isPaged whether to wait when the screen is full
   */
  begin(isPaged: boolean): void;
  write(data: string | Uint8Array): void;
  /** Writes what has been collected. */
  flush(): void;
  /** Waits until there is room for more. */
  ready(): Promise<void>;
}

/** Standard output. Collects the output of one turn of the event loop, and writes no faster than it is read. */
export class Output implements TextOutput {
  readonly isTerminal: boolean;
  readonly isStopped = false;
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

  begin(): void {}

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

  flush(): void {
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    if (!this.#stream.write(gathered.bytes.slice(0, gathered.length))) this.#isFull = true;
    gathered.clear(BUFFER_BYTES);
  }

  async ready(): Promise<void> {
    while (this.#isFull) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
