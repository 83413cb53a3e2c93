import { type DemoStyle, PLAIN_STYLE, rowsOf } from "./demo-screen.ts";
import { paint, usesColour } from "./log.ts";

/** Text in a pipe or a file is not wrapped, because the reader's width is unknown. */
const NO_WRAPPING = 10_000;

/** Standard output of the demo: text, and one line that is rewritten. Writes nothing after `end`. */
export class DemoOutput {
  readonly isTerminal: boolean;
  readonly #stream: NodeJS.WriteStream;
  #live: ((style: DemoStyle) => string) | undefined;
  #shown = "";
  #isEnded = false;
  readonly #resized = () => this.#redraw();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    if (this.isTerminal) stream.on("resize", this.#resized);
  }

  get style(): DemoStyle {
    const columns = this.isTerminal ? this.#stream.columns || 80 : NO_WRAPPING;
    if (!usesColour(this.#stream)) return { columns, ...PLAIN_STYLE };
    return {
      columns,
      bold: (text) => paint(text, "1", true),
      dim: (text) => paint(text, "2", true),
      source: (text) =>
        text
          .replace("{Proxy Server}", paint("{Proxy Server}", "32", true))
          .replace("{Backend Server}", paint("{Backend Server}", "33", true)),
    };
  }

  /** Writes a text and a line feed, above the live line if there is one. */
  say(text: (style: DemoStyle) => string): void {
    if (this.#isEnded) return;
    this.#clear();
    this.#stream.write(`${text(this.style)}\n`);
    this.#draw();
  }

  /** Shows a line that the next one replaces. If lines cannot be rewritten, each is written separately. */
  live(line: (style: DemoStyle) => string): void {
    if (this.#isEnded) return;
    if (!this.isTerminal) {
      this.#stream.write(`${line(this.style)}\n`);
      return;
    }
    this.#clear();
    this.#live = line;
    this.#draw();
  }

  /**
   * Ends the live line.
   * @param isKept whether it stays visible
   */
  endLive(isKept: boolean): void {
    if (this.#live === undefined || this.#isEnded) return;
    if (isKept) this.#stream.write("\n");
    else this.#clear();
    this.#live = undefined;
    this.#shown = "";
  }

  /** Writes the last text. */
  end(text: string): void {
    this.endLive(true);
    if (text !== "") this.say(() => text);
    this.#isEnded = true;
    this.#stream.off("resize", this.#resized);
  }

  #redraw(): void {
    if (this.#live === undefined || this.#isEnded) return;
    this.#clear();
    this.#draw();
  }

  /** Erases all rows of the line; it takes several if the terminal has become narrower. */
  #clear(): void {
    if (this.#shown === "") return;
    const rows = rowsOf(this.#shown, this.style.columns);
    this.#stream.write(`${rows > 1 ? `\x1b[${rows - 1}A` : ""}\r\x1b[J`);
    this.#shown = "";
  }

  #draw(): void {
    if (this.#live === undefined) return;
    this.#shown = this.#live(this.style);
    this.#stream.write(this.#shown);
  }
}
