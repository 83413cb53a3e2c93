/** Tells those who depend on it that hash slots may have other owners, whichever thread has learned of it. */
export class OwnerChanges {
  readonly #listeners = new Set<() => void>();
  #version = 0;
  #isQueued = false;

  /** @returns ends this */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Compares with the last time. @param version changes whenever an owner does (`Origin.orderVersion`) */
  look(version: number): void {
    if (version === this.#version) return;
    this.#version = version;
    this.noted();
  }

  /** Slots have other owners now, as this thread has learned. */
  noted(): void {
    if (this.#isQueued || this.#listeners.size === 0) return;
    this.#isQueued = true;
    // The origin is in the middle of the change.
    queueMicrotask(() => {
      this.#isQueued = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
