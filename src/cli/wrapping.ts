import { ANSI_SEQUENCE } from "./terminal-text.ts";

/** Lays out text for a terminal's width in cells: a colour takes none, `漢` takes two. */

/** Text is not laid out for a narrower terminal: words would be cut to pieces. */
const LEAST_COLUMNS = 20;

/**
 * Breaks a text at spaces into lines that fit, each indented by `indent`. Keeps its own line breaks; cuts words that
 * are longer than a line.
 */
export function wrapped(text: string, columns: number, indent = "", firstIndent = indent): string {
  const width = Math.max(LEAST_COLUMNS, columns);
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = lines.length === 0 ? firstIndent : indent;
    let isEmpty = true;
    for (const word of paragraph.split(" ").flatMap((one) => pieces(one, width - indent.length))) {
      const gap = isEmpty ? "" : " ";
      if (!isEmpty && widthOf(line) + 1 + widthOf(word) > width) {
        lines.push(line);
        line = indent + word;
      } else {
        line += gap + word;
      }
      isEmpty = false;
    }
    lines.push(line.trimEnd());
  }
  return lines.join("\n");
}

/**
 * Lists terms and their explanations: side by side if there is room, otherwise below each other.
 * @param gap the text between them, such as three spaces
 * @param lineEnd what ends the lines of a term but the last one
 */
export function definitionList(
  pairs: readonly (readonly [term: string, text: string])[],
  columns: number,
  { indent = "", gap = "   ", lineEnd = "", paintText = (text: string) => text } = {},
): string {
  const termWidth = Math.max(...pairs.map(([term]) => widthOf(term)));
  const besides = indent.length + termWidth + gap.length;
  const isBeside = columns - besides >= 24;
  return pairs
    .map(([term, text]) => {
      if (!isBeside) {
        const below = wrapped(text, columns, `${indent}    `);
        const fits = widthOf(indent + term) <= columns;
        const lines = fits ? indent + term : wrapped(term, columns - widthOf(lineEnd), indent);
        return `${lines.replaceAll("\n", `${lineEnd}\n`)}\n${paintLines(below, paintText)}`;
      }
      const [first = "", ...rest] = wrapped(text, columns - besides).split("\n");
      const lines = [`${indent}${term}${" ".repeat(termWidth - widthOf(term))}${gap}${paintText(first)}`];
      for (const line of rest) lines.push(`${" ".repeat(besides)}${paintText(line)}`);
      return lines.join("\n");
    })
    .join("\n");
}

function paintLines(text: string, paint: (line: string) => string): string {
  return text
    .split("\n")
    .map((line) => /^ */.exec(line)![0] + paint(line.trimStart()))
    .join("\n");
}

/** Cuts a line to fit, with `…` at the cut. Keeps colours. */
export function fitted(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let shown = "";
  let width = 0;
  for (const [part] of line.matchAll(PARTS)) {
    const isColour = part.startsWith("\x1b");
    if (!isColour && width + widthOf(part) > columns - 1) {
      const hasColour = line.includes("\x1b");
      return `${shown}…${hasColour ? "\x1b[0m" : ""}`;
    }
    shown += part;
    width += isColour ? 0 : widthOf(part);
  }
  return shown;
}

const PARTS = new RegExp(`${ANSI_SEQUENCE.source}|.`, "gsu");

/** The cells that a text takes. */
export function widthOf(text: string): number {
  return Bun.stringWidth(text);
}

function pieces(word: string, most: number): string[] {
  if (widthOf(word) <= most) return [word];
  const cut: string[] = [];
  let piece = "";
  for (const [part] of word.matchAll(PARTS)) {
    if (!part.startsWith("\x1b") && widthOf(piece) + widthOf(part) > most) {
      cut.push(piece);
      piece = "";
    }
    piece += part;
  }
  return [...cut, piece];
}
