import { useWidth } from "../parts/chart.tsx";
import { visibleText } from "../parts/key-text.ts";
import type { PlayView } from "../play/play-view.ts";
import { tileName } from "../queues/snake.ts";

/** From one request to the next. */
const STEP_PX = 40;
/** The latest request stands at this share of the width. */
const NOW_AT = 0.38;
const CHARACTERS = 4;

/** The requests: those that were, the latest, and those to come. */
export function StreamRow({ view }: { readonly view: PlayView }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const room = Math.max(1, Math.floor(width / STEP_PX));
  const before = Math.max(1, Math.floor(room * NOW_AT));
  const past = view.past.slice(-before);
  const coming = view.coming.slice(0, room - before);
  const last = past.at(-1);
  const label = `${last === undefined ? "Nothing has been asked for yet." : `Just asked for: ${last}.`} Next: ${coming.slice(0, 8).join(", ") || "nothing, this is the end"}.`;
  return (
    <div class="stream">
      <p class="label stream-heads" aria-hidden="true">
        <span style={{ width: `${before * STEP_PX}px` }}>{last === undefined ? "" : "asked for"}</span>
        <span>{coming.length > 0 ? "to come" : "the end"}</span>
      </p>
      <div ref={ref} class="stream-row" role="img" aria-label={label}>
        {Array.from({ length: before - past.length }, (_, i) => (
          <i key={i} />
        ))}
        {past.map((name, i) => (
          <i key={view.at - past.length + i} class={i === past.length - 1 ? "asked now" : "asked"}>
            {short(name)}
          </i>
        ))}
        {coming.map((name, i) => (
          <i key={view.at + i} class="coming">
            {short(name)}
          </i>
        ))}
      </div>
    </div>
  );
}

function short(name: string): string {
  return tileName(visibleText(name), CHARACTERS);
}
