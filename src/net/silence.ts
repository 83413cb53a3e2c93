/** Waits for a client to fall silent: one timer, started anew each time. */
export class Silence {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls `fallen` unless `clear` or `await` comes first. */
  await(ms: number, fallen: () => void): void {
    this.clear();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      fallen();
    }, ms);
  }

  clear(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
