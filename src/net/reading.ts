import { PAUSE_READING_BYTES } from "./limits.ts";

/** Whether a client is being read. One of whom enough is there already is not: its own buffers fill, and it waits. */
export class Reading {
  readonly #socket: { pause(): void; resume(): void };
  #isPaused = false;
  #rests = false;

  constructor(socket: { pause(): void; resume(): void }) {
    this.#socket = socket;
  }

  /** Nothing is executed: stops reading when so many bytes wait for it. */
  pause(waitingBytes: number): void {
    if (this.#isPaused || waitingBytes < PAUSE_READING_BYTES) return;
    this.#isPaused = true;
    if (!this.#rests) this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#rests) this.#socket.resume();
  }

  /** Others have their turn before this one is read again. */
  rest(): void {
    if (this.#rests) return;
    this.#rests = true;
    if (!this.#isPaused) this.#socket.pause();
    setImmediate(() => {
      this.#rests = false;
      if (!this.#isPaused) this.#socket.resume();
    });
  }
}
