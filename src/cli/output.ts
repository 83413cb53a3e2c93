/** Nobody reads standard output any more (`… | head -1`): there is nothing left to do. */
export class OutputClosed extends Error {
  override name = "OutputClosed";
}

/** Standard output, written no faster than it is read. */
export class Output {
  readonly isTerminal: boolean;
  readonly #stream: NodeJS.WriteStream;
  #error: Error | undefined;
  #isFull = false;
  #wake: () => void = () => {};

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#error = error.code === "EPIPE" ? new OutputClosed() : error;
      this.#wake();
    });
    stream.on("drain", () => {
      this.#isFull = false;
      this.#wake();
    });
  }

  /** Columns of the terminal. */
  get columns(): number {
    return this.#stream.columns ?? 80;
  }

  write(data: string | Uint8Array): void {
    if (this.#error === undefined && !this.#stream.write(data)) this.#isFull = true;
  }

  /**
   * Waits until there is room for more.
   * @throws OutputClosed, or the system's error
   */
  async ready(): Promise<void> {
    while (this.#isFull && this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
