import { utf8 } from "../lib/bytes.ts";

/** Makes text from other programs safe to show on a terminal. */

/** Returns an error's text in one line without control characters: a server may have chosen it. */
export function errorLine(text: string): string {
  return displayLines(text).replaceAll("\n", " ").replaceAll("\t", " ");
}

/**
 * Escapes in a line of JSON what a terminal could interpret: JSON itself leaves DEL and the C1 characters unescaped.
 */
export function displayJson(line: string): string {
  return line.replace(/[\x7f-\x9f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** Keeps line breaks, and escapes every other control character. */
export function displayLines(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
  return text.replaceAll("\r\n", "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, escaped);
}

/** Returns a control character in visible form. */
export function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  // A character beyond ASCII is two bytes of UTF-8.
  return Array.from(utf8(character), hex).join("");
}

/** Returns `\x1b`. */
export function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** A sequence that sets colours, as this program writes them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with one
export const ANSI_SEQUENCE = /\x1b\[[0-9;]*m/;
