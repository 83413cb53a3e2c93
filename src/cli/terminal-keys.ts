import { EventEmitter } from "node:events";
import { utf8 } from "../lib/bytes.ts";

/** A character, or the sequence that one key sends: `\x1b[A` is an arrow. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const KEY = /^(?:\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.)?|.)/su;

/** A source of keys; `process.stdin` is one. */
export interface KeySource {
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  off(event: "end", listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
  setRawMode?(isRaw: boolean): unknown;
}

/**
 * The keys of a terminal, as the input of readline. Another receiver can take them for a while (`capture`), and one
 * key can call a function (`hotKey`).
 */
export class TerminalKeys extends EventEmitter {
  readonly isTTY = true;
  readonly #source: KeySource;
  readonly #decoder = new TextDecoder();
  #receiver: ((key: string) => void) | undefined;
  #hotKey: { readonly byte: number; readonly pressed: () => void } | undefined;
  #isRaw = false;
  #isPaused = false;
  #held: Uint8Array[] = [];
  readonly #onData = (bytes: Uint8Array) => this.#take(bytes);
  readonly #onEnd = () => this.emit("end");

  constructor(source: KeySource) {
    super();
    this.#source = source;
    source.on("data", this.#onData);
    source.on("end", this.#onEnd);
  }

  /** Makes a key call `pressed` instead of reaching readline, as long as keys come one by one. */
  hotKey(key: string, pressed: () => void): void {
    this.#hotKey = { byte: key.charCodeAt(0), pressed };
  }

  /**
   * Passes every key to `receiver` instead, one at a time, until the returned function is called. Captures may nest.
   * @returns a function that ends the capture
   */
  capture(receiver: (key: string) => void): () => void {
    const before = this.#receiver;
    this.#receiver = receiver;
    return () => {
      this.#receiver = before;
    };
  }

  /** Handles a key as if it had just been pressed. */
  press(key: string): void {
    this.#take(utf8(key));
  }

  /** Stops reading keys, so that they do not keep the process alive. */
  close(): void {
    this.#source.off("data", this.#onData);
    this.#source.off("end", this.#onEnd);
    this.#source.pause();
  }

  // The methods that readline requires of its input.

  setRawMode(isRaw: boolean): this {
    this.#isRaw = isRaw;
    this.#source.setRawMode?.(isRaw);
    return this;
  }

  /** Lets keys wait; readline does so while it completes. */
  pause(): this {
    this.#isPaused = true;
    return this;
  }

  resume(): this {
    this.#source.resume();
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.#take(bytes);
    return this;
  }

  #take(bytes: Uint8Array): void {
    if (this.#receiver !== undefined) this.#hand(bytes);
    else if (this.#isPaused) this.#held.push(bytes);
    else this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): void {
    const hot = this.#hotKey;
    const at = hot === undefined || !this.#isRaw ? -1 : bytes.indexOf(hot.byte);
    if (at < 0) {
      this.emit("data", Buffer.from(bytes));
      return;
    }
    if (at > 0) this.emit("data", Buffer.from(bytes.subarray(0, at)));
    hot!.pressed();
    if (at + 1 < bytes.length) this.#take(bytes.subarray(at + 1));
  }

  /** Several keys may come at once; the receiver may end the capture at any of them. */
  #hand(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true });
    while (text !== "" && this.#receiver !== undefined) {
      const [key] = KEY.exec(text)!;
      text = text.slice(key.length);
      this.#receiver(key);
    }
    if (text !== "") this.#take(utf8(text));
  }
}
