import { Output, type TextOutput } from "./output.ts";
import type { TerminalKeys } from "./terminal-keys.ts";
import { ANSI_SEQUENCE } from "./terminal-text.ts";
import { fitted, widthOf } from "./wrapping.ts";

const PROMPT = "-- more: Space a page, Enter a line, A all, Q quit --";
const SHORT_PROMPT = "-- more: Space, Enter, A, Q --";
const TAB_CELLS = 8;
const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;
const COLOUR = new RegExp(ANSI_SEQUENCE.source, "y");

/** Standard output on a terminal. Shows output longer than the screen one page at a time. */
export class PagedOutput implements TextOutput {
  readonly isTerminal = true;
  readonly #stream: NodeJS.WriteStream;
  readonly #output: Output;
  readonly #keys: TerminalKeys;
  #decoder = new TextDecoder();
  /** Text written but not shown yet. */
  #pending = "";
  /** Position of the cursor: rows since the last page began, cells in the last row. */
  #rows = 0;
  #column = 0;
  #isPaged = true;
  #isStopped = false;

  constructor(stream: NodeJS.WriteStream, keys: TerminalKeys) {
    this.#stream = stream;
    this.#output = new Output(stream);
    this.#keys = keys;
  }

  /**
   * Begins a unit of output.
   * @param isPaged whether to wait at the end of a page
   */
  begin(isPaged: boolean): void {
    this.#decoder = new TextDecoder();
    this.#pending = "";
    this.#rows = 0;
    this.#column = 0;
    this.#isPaged = isPaged;
    this.#isStopped = false;
  }

  /** Whether the user has ended the present output. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  write(data: string | Uint8Array): void {
    if (this.#isStopped) return;
    if (!this.#isPaged) this.#output.write(data);
    else this.#pending += typeof data === "string" ? data : this.#decoder.decode(data, { stream: true });
  }

  flush(): void {
    this.#output.write(this.#pending);
    this.#pending = "";
    this.#output.flush();
  }

  /** Shows the text written so far; waits for a key at the end of each page. */
  async ready(): Promise<void> {
    while (this.#isPaged && this.#pending !== "") {
      const end = this.#pageEnd();
      const page = this.#pending.slice(0, end);
      this.#pending = this.#pending.slice(end);
      this.#output.write(page);
      if (this.#pending === "") break;
      // Break a line that continues where the terminal would break it.
      if (page !== "" && !page.endsWith("\n")) this.#output.write("\n");
      this.#output.flush();
      await this.#ask();
      if (this.#isStopped) this.#pending = "";
    }
    if (!this.#isPaged && this.#pending !== "") this.flush();
    await this.#output.ready();
  }

  /** Returns how much of the pending text fits on this page. */
  #pageEnd(): number {
    const { rows = DEFAULT_ROWS, columns = DEFAULT_COLUMNS } = this.#stream;
    const mostRows = Math.max(1, rows - 1);
    const text = this.#pending;
    let at = 0;
    while (at < text.length) {
      if (this.#rows >= mostRows) return at;
      const character = text[at]!;
      if (character === "\n") {
        this.#rows++;
        this.#column = 0;
        at++;
        continue;
      }
      COLOUR.lastIndex = at;
      const colour = character === "\x1b" ? COLOUR.exec(text) : null;
      if (colour !== null) {
        at += colour[0].length;
        continue;
      }
      const whole = String.fromCodePoint(text.codePointAt(at)!);
      const cells =
        whole === "\t" ? TAB_CELLS - (this.#column % TAB_CELLS) : whole < "\x7f" ? 1 : widthOf(whole);
      if (this.#column > 0 && this.#column + cells > columns) {
        this.#rows++;
        this.#column = 0;
        continue;
      }
      this.#column += cells;
      at += whole.length;
    }
    return at;
  }

  async #ask(): Promise<void> {
    const { columns = DEFAULT_COLUMNS } = this.#stream;
    const show = () => {
      const prompt = (this.#stream.columns ?? columns) > PROMPT.length ? PROMPT : SHORT_PROMPT;
      this.#stream.write(`\r\x1b[K\x1b[7m${fitted(prompt, (this.#stream.columns ?? columns) - 1)}\x1b[0m`);
    };
    show();
    this.#stream.on("resize", show);
    await new Promise<void>((resolve) => {
      const release = this.#keys.capture((key) => {
        if (!this.#obey(key)) return;
        release();
        resolve();
      });
    });
    this.#stream.off("resize", show);
    this.#stream.write("\r\x1b[K");
  }

  /** @returns whether the key has a meaning here */
  #obey(key: string): boolean {
    const { rows = DEFAULT_ROWS } = this.#stream;
    switch (key) {
      case " ":
      case "f":
      case "\x1b[6~":
        this.#rows = 0;
        return true;
      case "\r":
      case "\n":
      case "j":
      case "\x1b[B":
        this.#rows = Math.max(0, rows - 2);
        return true;
      case "a":
      case "A":
      case "G":
      case "\x1b[F":
        this.#isPaged = false;
        return true;
      case "q":
      case "Q":
      case "\x03":
      case "\x04":
      case "\x1b":
        this.#isStopped = true;
        return true;
      default:
        return false;
    }
  }
}
