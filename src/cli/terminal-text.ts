import { utf8 } from "../lib/bytes.ts";

/** Text of other people's choice, so that it cannot steer the terminal it is shown on. */

/** An error's text in one line, without control characters: it may be of a server's choice, wherever it is written. */
export function errorLine(text: string): string {
  return displayLines(text).replaceAll("\n", " ").replaceAll("\t", " ");
}

/** A line of JSON that no terminal takes for more than text: JSON itself leaves DEL and the C1 characters as they are. */
export function displayJson(line: string): string {
  return line.replace(/[\x7f-\x9f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** Text with its line breaks, and every other control character escaped. */
export function displayLines(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll("\r\n", "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, escaped);
}

/** A control character as it can be shown. */
export function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  // One beyond ASCII is two bytes of UTF-8.
  return Array.from(utf8(character), hex).join("");
}

/** `\x1b` */
export function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** A sequence that sets colours, as this program writes them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with one
export const ANSI_SEQUENCE = /\x1b\[[0-9;]*m/;
