import { paint } from "../log.ts";
import { ANSI_SEQUENCE } from "../terminal-text.ts";

/** How parts of a screen are set off. */
export interface TopStyle {
  bold(text: string): string;
  /** Of less importance. */
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  hits(text: string): string;
  misses(text: string): string;
  /** The row under the cursor. */
  chosen(text: string): string;
}

const same = (text: string): string => text;

export const PLAIN: TopStyle = {
  bold: same,
  dim: same,
  good: same,
  bad: same,
  hits: same,
  misses: same,
  chosen: same,
};

export const COLOURED: TopStyle = {
  bold: (text) => paint(text, "1", true),
  dim: (text) => paint(text, "2", true),
  good: (text) => paint(text, "1;32", true),
  bad: (text) => paint(text, "1;31", true),
  hits: (text) => paint(text, "32", true),
  misses: (text) => paint(text, "33", true),
  chosen: (text) => paint(withoutColours(text), "7", true),
};

const SEQUENCES = new RegExp(ANSI_SEQUENCE.source, "g");

function withoutColours(text: string): string {
  return text.replace(SEQUENCES, "");
}
