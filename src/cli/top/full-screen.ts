import type { ScreenSize } from "./top-screen.ts";

// Another screen, so that the former text comes back at the end; no cursor; no breaking of lines that are too wide.
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** A place for whole screens; `process.stdout` is one. */
export interface ScreenStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

/** The whole screen of a terminal, until `leave`. Writes only the lines that have changed. */
export class FullScreen {
  readonly #stream: ScreenStream;
  readonly #resized: () => void;
  #shown: readonly string[] = [];
  #isEntered = false;

  /** @param resized called when the terminal has another size */
  constructor(stream: ScreenStream, resized: () => void) {
    this.#stream = stream;
    this.#resized = () => {
      this.forget();
      resized();
    };
  }

  get size(): ScreenSize {
    // A terminal of unknown size reports 0.
    return {
      columns: this.#stream.columns || DEFAULT_SIZE.columns,
      rows: this.#stream.rows || DEFAULT_SIZE.rows,
    };
  }

  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#shown = [];
    this.#stream.write(ENTER);
    this.#stream.on("resize", this.#resized);
  }

  /** Shows lines from the top; none may be wider than the screen. */
  draw(lines: readonly string[]): void {
    if (!this.#isEntered) return;
    let text = "";
    for (let row = 0; row < Math.max(lines.length, this.#shown.length); row++) {
      const line = lines[row] ?? "";
      if (line === this.#shown[row]) continue;
      // Erased before: behind a full line, the cursor is still on its last cell.
      text += `\x1b[${row + 1};1H\x1b[2K${line}`;
    }
    this.#shown = [...lines];
    if (text !== "") this.#stream.write(text);
  }

  /** Writes everything the next time. */
  forget(): void {
    this.#shown = [];
    if (this.#isEntered) this.#stream.write("\x1b[2J");
  }

  /** Restores the terminal. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#stream.off("resize", this.#resized);
    this.#stream.write(LEAVE);
  }
}
