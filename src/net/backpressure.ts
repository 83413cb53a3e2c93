import { PAUSE_READING_BYTES } from "./limits.ts";
import type { Wire } from "./wire.ts";

/** Pauses reading from a client whose received bytes have piled up; TCP makes it wait. */
export class Backpressure {
  readonly #wire: Pick<Wire, "pause" | "resume">;
  #isPaused = false;
  #yields = false;

  constructor(wire: Pick<Wire, "pause" | "resume">) {
    this.#wire = wire;
  }

  /** Stops reading if at least PAUSE_READING_BYTES wait to be executed. */
  pause(waitingBytes: number): void {
    if (this.#isPaused || waitingBytes < PAUSE_READING_BYTES) return;
    this.#isPaused = true;
    if (!this.#yields) this.#wire.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#yields) this.#wire.resume();
  }

  /** Stops reading until other connections have had their turn. */
  yieldTurn(): void {
    if (this.#yields) return;
    this.#yields = true;
    if (!this.#isPaused) this.#wire.pause();
    setImmediate(() => {
      this.#yields = false;
      if (!this.#isPaused) this.#wire.resume();
    });
  }
}
