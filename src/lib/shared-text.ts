import { fromLatin1, latin1 } from "./bytes.ts";

const LOCK = 0;
const VERSION = 1;
const LENGTH = 2;
const HEADER_BYTES = 16;
/** How long to sleep for the lock before looking again whether its holder is still alive. */
const LOCK_TIMEOUT_MS = 1000;

/** A text that the threads of a process share. It has one character a byte. Each change makes a new version. */
export class SharedText {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #textAt: number;

  /** @param at where its memory begins, a multiple of four; `bytes` says how much it takes */
  constructor(buffer: SharedArrayBuffer, at = 0) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, at, HEADER_BYTES / 4);
    this.#textAt = at + HEADER_BYTES;
  }

  /** Memory is taken only for what is written. */
  static create(mostBytes: number): SharedText {
    return new SharedText(new SharedArrayBuffer(SharedText.bytes(mostBytes)));
  }

  /** Returns how much memory it takes, if it ends where its buffer ends. */
  static bytes(mostBytes: number): number {
    return HEADER_BYTES + mostBytes;
  }

  /** 0 until something has been written. */
  get version(): number {
    return Atomics.load(this.#words, VERSION);
  }

  /**
   * Runs `change` while no other thread changes the text. A thread that dies meanwhile would leave it locked, so after
   * a second the lock is taken over: `change` takes microseconds.
   */
  locked<T>(change: () => T): T {
    while (Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0) {
      if (Atomics.wait(this.#words, LOCK, 1, LOCK_TIMEOUT_MS) === "timed-out") break;
    }
    try {
      return change();
    } finally {
      Atomics.store(this.#words, LOCK, 0);
      Atomics.notify(this.#words, LOCK, 1);
    }
  }

  read(): { readonly version: number; readonly text: string } {
    for (;;) {
      const version = this.version;
      const length = Atomics.load(this.#words, LENGTH);
      const bytes = new Uint8Array(this.buffer, this.#textAt, length).slice();
      // A change makes the version odd while it writes.
      if (version % 2 === 0 && this.version === version) return { version, text: latin1(bytes, 0, length) };
    }
  }

  /** Within `locked`. @returns the new version @throws RangeError if the text is longer than the memory */
  write(text: string): number {
    const bytes = fromLatin1(text);
    Atomics.add(this.#words, VERSION, 1);
    new Uint8Array(this.buffer, this.#textAt).set(bytes);
    Atomics.store(this.#words, LENGTH, bytes.length);
    return Atomics.add(this.#words, VERSION, 1) + 1;
  }
}
