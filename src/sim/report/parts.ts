import { escapeMarkup } from "./markup.ts";

/** One of several charts or tables of a section. */
export interface Part {
  readonly title: string;
  readonly markup: string;
}

/** Up to this number, parts are all open; if there are more, each is folded until its title is clicked. */
const OPEN_AT_MOST = 4;

/**
 * Renders the parts. If they are folded, the one in the middle is open at first: its sizes are neither tiny nor huge.
 */
export function renderParts(parts: readonly Part[]): string {
  const isFolded = parts.length > OPEN_AT_MOST;
  const middle = Math.floor((parts.length - 1) / 2);
  return parts
    .map(({ title, markup }, index) =>
      isFolded
        ? `<details${index === middle ? " open" : ""}><summary>${escapeMarkup(title)}</summary>\n${markup}\n</details>`
        : `<h3>${escapeMarkup(title)}</h3>\n${markup}`,
    )
    .join("\n");
}
