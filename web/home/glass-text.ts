import { type Glass, PLACES } from "./glass.ts";

/** The most strokes that a tile has. */
const STROKES = 4;

/** Draws the picture as markup, for the page's text and for its script alike. */
export function glassText({ requests, hits, entries, sentence }: Glass): string {
  const columns = requests.map(
    ({ name, isHit }) => `<li class="${isHit ? "hit" : "miss"}"><b>${name}</b><i></i></li>`,
  );
  const tiles = entries.map(
    ({ id, name, reads }) =>
      `<span class="tile warm-${Math.min(3, reads)}" data-id="${id}">${name}<i class="tally">${"|".repeat(Math.min(STROKES, reads))}</i></span>`,
  );
  const misses = requests.length - hits;
  const label = `Of the last ${requests.length} requests, ${hits} ended at the cache, and ${misses} went on to the store. In the cache: ${entries.map(({ name }) => name).join(", ")}.`;
  const [word, mark] = sentence.result === "hit" ? ["Hit", "|"] : ["Miss", "#"];
  return `<div class="glass" role="img" aria-label="${label}">
<ol class="requests">${columns.join("")}</ol>
<p class="place clients">requests, the latest on the right</p>
<div class="pane"><p>the cache: ${PLACES} places, LRU</p><p class="tiles">${tiles.join("")}</p></div>
</div>
<p class="store">the store, spared <b>${hits}</b> of the last ${requests.length} requests</p>
<p class="sentence"><b class="${sentence.result}">${mark} ${word}.</b> ${sentence.text}</p>`;
}
