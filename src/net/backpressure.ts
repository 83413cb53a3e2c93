import { PAUSE_READING_BYTES } from "./limits.ts";
import type { Wire } from "./wire.ts";

/** Whether a client is being read. One of whom enough is there already is not: its own buffers fill, and it waits. */
export class Backpressure {
  readonly #wire: Pick<Wire, "pause" | "resume">;
  #isPaused = false;
  #rests = false;

  constructor(wire: Pick<Wire, "pause" | "resume">) {
    this.#wire = wire;
  }

  /** Nothing is executed: stops reading when so many bytes wait for it. */
  pause(waitingBytes: number): void {
    if (this.#isPaused || waitingBytes < PAUSE_READING_BYTES) return;
    this.#isPaused = true;
    if (!this.#rests) this.#wire.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#rests) this.#wire.resume();
  }

  /** Others have their turn before this one is read again. */
  rest(): void {
    if (this.#rests) return;
    this.#rests = true;
    if (!this.#isPaused) this.#wire.pause();
    setImmediate(() => {
      this.#rests = false;
      if (!this.#isPaused) this.#wire.resume();
    });
  }
}
