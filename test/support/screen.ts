/** What a terminal shows of what was written to it: text, line breaks, erasing, and moves of the cursor. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin with one
const PARTS = /\x1b\[([?0-9;]*)([A-Za-z])|\x1b.|./gsu;

/** The lines of a terminal that is so wide and never loses one at its top. */
export function screenOf(written: string, columns: number): string[] {
  const screen = new Screen(columns);
  for (const [part, parameters = "", command] of written.matchAll(PARTS)) {
    if (command !== undefined) screen.control(command, parameters);
    else if (!part.startsWith("\x1b")) screen.put(part);
  }
  return screen.lines;
}

class Screen {
  readonly #columns: number;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  get lines(): string[] {
    return this.#rows.map((cells) =>
      Array.from(cells, (cell) => cell ?? " ")
        .join("")
        .trimEnd(),
    );
  }

  put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#down(1);
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character >= " ") this.#print(character);
  }

  control(command: string, parameters: string): void {
    const count = Math.max(1, Number.parseInt(parameters, 10) || 1);
    const cells = this.#rows[this.#row]!;
    if (command === "A") this.#row = Math.max(0, this.#row - count);
    else if (command === "B") this.#down(count);
    else if (command === "C") this.#column = Math.min(this.#columns - 1, this.#column + count);
    else if (command === "D") this.#column = Math.max(0, this.#column - count);
    else if (command === "G") this.#column = count - 1;
    else if (command === "K") cells.length = Math.min(cells.length, this.#column);
    else if (command === "J") {
      cells.length = Math.min(cells.length, this.#column);
      this.#rows.length = this.#row + 1;
    }
  }

  #print(character: string): void {
    const width = Bun.stringWidth(character);
    // As terminals do, the line is broken when the next character comes.
    if (this.#column + width > this.#columns) {
      this.#column = 0;
      this.#down(1);
    }
    const cells = this.#rows[this.#row]!;
    while (cells.length < this.#column) cells.push(" ");
    cells[this.#column] = character;
    if (width === 2) cells[this.#column + 1] = "";
    this.#column += width;
  }

  #down(count: number): void {
    this.#row += count;
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }
}
