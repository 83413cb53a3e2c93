import { type JournalDisk, systemDisk } from "./journal-disk.ts";

/** A disk that synchronizes a file when the test says so. */
export class SlowDisk {
  isSlow = false;
  #asked: PromiseWithResolvers<void> | undefined;
  #listener: (() => void) | undefined;

  readonly files: JournalDisk = {
    ...systemDisk,
    synchronize: () => {
      if (!this.isSlow) return Promise.resolve();
      this.#asked = Promise.withResolvers();
      this.#listener?.();
      return this.#asked.promise;
    },
  };

  async isAsked(): Promise<void> {
    if (this.#asked === undefined) await new Promise<void>((resolve) => (this.#listener = resolve));
  }

  /** Ends the synchronization under way, if there is one. */
  finishAll(): void {
    if (this.#asked !== undefined) this.finish();
  }

  finish(error?: Error): void {
    const asked = this.#asked!;
    this.#asked = undefined;
    if (error === undefined) asked.resolve();
    else asked.reject(error);
  }
}
