import { fitted, widthOf } from "./wrapping.ts";

/**
 * The search of Ctrl-R: finds the newest line that contains the typed text, then older ones. Independent of the
 * terminal.
 */
export class HistorySearch {
  readonly #history: readonly string[];
  #query = "";
  #at = 0;
  #isFound = true;

  /** @param history newest line first */
  constructor(history: readonly string[]) {
    this.#history = history;
  }

  /** The line found last. */
  get line(): string {
    return this.#query === "" ? "" : (this.#history[this.#at] ?? "");
  }

  /** Adds typed text to the search. */
  add(text: string): void {
    this.#query += text;
    this.#find(this.#at);
  }

  /** Removes the last typed character. */
  erase(): void {
    this.#query = Array.from(this.#query).slice(0, -1).join("");
    this.#find(0);
  }

  /** Finds the next older line that differs from the one shown. */
  older(): void {
    this.#find(this.#at + 1, this.line);
  }

  /** Returns one row with the typed text and the line found. */
  shown(columns: number): string {
    const label = this.#isFound ? "search" : "not found";
    const begin = `(${label}) ${this.#query}: `;
    const room = columns - widthOf(begin) - 1;
    const { line } = this;
    if (room >= widthOf(line) || room < 8) return fitted(begin + line, columns - 1);
    // Cut the line so that the match is visible.
    const at = line.toLowerCase().indexOf(this.#query.toLowerCase());
    const from = at + this.#query.length < room - 1 ? 0 : Math.max(0, at - 4);
    return fitted(`${begin}${from === 0 ? "" : "…"}${line.slice(from)}`, columns - 1);
  }

  #find(from: number, except = ""): void {
    if (this.#query === "") {
      this.#isFound = true;
      this.#at = 0;
      return;
    }
    const wanted = this.#query.toLowerCase();
    const at = this.#history.findIndex(
      (line, index) => index >= from && line !== except && line.toLowerCase().includes(wanted),
    );
    this.#isFound = at >= 0;
    if (at >= 0) this.#at = at;
  }
}
