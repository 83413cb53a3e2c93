import type { BiographyEvent } from "../../src/instruments/view.ts";
import { Chart } from "../parts/chart.tsx";
import { clockText } from "../parts/text.ts";

const HEIGHT = 30;
const LEAST_MS = 10_000;

/** A key's story as a line of time: glass while its entry was cached, and a mark for each event. */
export function StoryLine({ events }: { readonly events: readonly BiographyEvent[] }) {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined) return null;
  const fromMs = Math.min(first.atMs, last.atMs - LEAST_MS);
  const span = last.atMs - fromMs;
  return (
    <Chart
      label={`${events.length} events from ${clockText(fromMs)} to ${clockText(last.atMs)}`}
      class="story-line"
    >
      {(width) => {
        const x = (atMs: number) => 4 + ((atMs - fromMs) / span) * (width - 8);
        return (
          <svg width={width} height={HEIGHT + 18} aria-hidden="true">
            <path class="rule" d={`M0 0.5H${width}M0 ${HEIGHT}H${width}`} />
            {cachedSpans(events, fromMs).map(([begin, end]) => (
              <rect
                key={begin}
                class="cached"
                x={x(begin)}
                width={Math.max(1, x(end) - x(begin))}
                y="1"
                height={HEIGHT - 1}
              />
            ))}
            {events.map((event, at) => (
              <Mark key={`${event.atMs} ${at}`} event={event} x={x(event.atMs)} />
            ))}
            <text y={HEIGHT + 14}>{clockText(fromMs)}</text>
            <text x={width} y={HEIGHT + 14} text-anchor="end">
              {clockText(last.atMs)}
            </text>
          </svg>
        );
      }}
    </Chart>
  );
}

function Mark({ event: { what }, x }: { readonly event: BiographyEvent; readonly x: number }) {
  switch (what) {
    case "hit":
      return <path class="line hit" d={`M${x} 6V${HEIGHT - 6}`} />;
    case "miss":
      return <path class="line miss" d={`M${x - 1.5} 10v10m3 0v-10M${x - 5} 13.5h10m0 3.5h-10`} />;
    case "coalesced":
      return <path class="line coalesced" d={`M${x - 3} 13h6m0 4h-6`} />;
    case "filled":
      return <path class="line fill" d={`M${x} 11v8m-4-4h8`} />;
    case "evicted":
    case "expired":
      return <circle class="line evicted" cx={x} cy={15} r="4" />;
    case "dropped":
      return <circle class="line wrong" cx={x} cy={15} r="4" />;
    default:
      return <path class="line forwarded" d={`M${x - 3} 12l6 6m0-6l-6 6`} />;
  }
}

/** When the entry was in the cache, as far as the events tell. */
function cachedSpans(events: readonly BiographyEvent[], fromMs: number): [number, number][] {
  const spans: [number, number][] = [];
  let begin: number | undefined;
  for (const { atMs, what, detail } of events) {
    if (what === "filled") begin = atMs;
    else if (what === "hit") begin ??= fromMs;
    else if (["invalidated", "evicted", "expired", "dropped", "deleted"].includes(what)) {
      // A departure alone tells the entry's age.
      const age = Number(detail?.["ageMs"]);
      const since = begin ?? (Number.isFinite(age) ? Math.max(fromMs, atMs - age) : undefined);
      if (since !== undefined) spans.push([since, atMs]);
      begin = undefined;
    }
  }
  const last = events.at(-1);
  if (begin !== undefined && last !== undefined) spans.push([begin, last.atMs]);
  return spans;
}
