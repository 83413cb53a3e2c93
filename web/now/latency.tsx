import { useDashboard } from "../live/dashboard.ts";
import { seriesOf } from "../live/history.ts";
import { added } from "../live/series.ts";
import { Chart } from "../parts/chart.tsx";
import { TableBehind } from "../parts/table.tsx";
import { countText, durationText, numberText } from "../parts/text.ts";
import { Awaited, HowToRead } from "../parts/view.tsx";
import { type Bin, binsOf, markUnit } from "./latency-marks.ts";

const DURATION = "glasscache_request_duration_seconds";
const MARK = 6;
const ROWS_HEIGHT = 150;
const TOP = 64;
const BASE = TOP + ROWS_HEIGHT;

/** How long reads take inside the service: hits and misses in one histogram over a logarithmic axis. */
export function Latency() {
  const { recent, histories, reading } = useDashboard();
  const isServer = reading.value?.service === "server";
  const hits = recent.gained(DURATION, { result: isServer ? "served" : "hit" });
  const missed = ["miss", "coalesced"].map((result) => recent.gained(DURATION, { result })?.histogram);
  const misses = missed.reduce((sum, one) => (sum && one ? added(sum, one, 1) : (sum ?? one)), undefined);
  const bins = binsOf(hits?.histogram, misses, hits?.seconds ?? 1);
  const report = histories[0]!.report.value;
  const quantile = (result: string, of: number) => {
    if (report === undefined) return undefined;
    const known = seriesOf(report, DURATION, { result }, of)
      .slice(-10)
      .filter((value) => value !== null);
    return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const marks = isServer
    ? [{ of: "requests", result: "served", kind: "hit" as const }]
    : [
        { of: "hits", result: "hit", kind: "hit" as const },
        { of: "misses", result: "miss", kind: "miss" as const },
      ];
  const lines = marks.map((one) => ({
    ...one,
    half: quantile(one.result, 0.5),
    most: quantile(one.result, 0.99),
  }));
  const total = bins.reduce((sum, bin) => sum + bin.hits + bin.misses, 0);
  if (total === 0) {
    return (
      <div class="latency">
        <h3>How long requests take inside the {isServer ? "server" : "proxy"}</h3>
        <Awaited>No request came in the last ten seconds.</Awaited>
      </div>
    );
  }
  const summary = lines
    .filter(({ most }) => most !== undefined)
    .map(
      ({ of, half, most }) =>
        `half of the ${of} take ${durationText(1000 * half!)} or less, 99 of 100 ${durationText(1000 * most!)} or less`,
    )
    .join("; ");
  return (
    <div class="latency">
      <Chart label={`How long requests take: ${summary}`}>
        {(width) => (
          <Histogram width={width} bins={bins} lines={lines} what={isServer ? "requests" : "reads"} />
        )}
      </Chart>
      <HowToRead>
        Each | is so many hits a second, each # so many misses, placed at the time they took. Good: the hits
        far left of the misses. A second hump of hits is a thread that was busy; a far right tail of misses is
        the origin.
      </HowToRead>
      <TableBehind
        summary="Durations as a table"
        caption="Requests a second by duration"
        rows={bins.filter((bin) => bin.hits + bin.misses > 0)}
        keyOf={({ to }) => to}
        columns={[
          { head: "up to", cell: ({ to }: Bin) => durationText(1000 * to) },
          {
            head: isServer ? "requests/s" : "hits/s",
            isNumber: true,
            cell: (bin: Bin) => countText(bin.hits),
          },
          ...(isServer
            ? []
            : [{ head: "misses/s", isNumber: true, cell: (bin: Bin) => countText(bin.misses) }]),
        ]}
      />
    </div>
  );
}

interface Line {
  readonly of: string;
  readonly kind: "hit" | "miss";
  /** Seconds. */
  readonly half: number | undefined;
  readonly most: number | undefined;
}

function Histogram({
  width,
  bins,
  lines,
  what,
}: {
  width: number;
  bins: readonly Bin[];
  lines: readonly Line[];
  what: string;
}) {
  const used = bins.filter((bin) => bin.hits + bin.misses > 0);
  const first = Math.floor(Math.log10(used[0]!.from));
  const decades = Math.max(3, Math.ceil(Math.log10(used.at(-1)!.to) - 1e-9) - first);
  const x = (seconds: number) => ((Math.log10(seconds) - first) / decades) * width;
  const unit = markUnit(bins, Math.min(700, width * 0.9));
  const drawn = used.map((bin) => {
    const columns = Math.max(1, Math.floor((x(bin.to) - x(bin.from)) / MARK));
    return { bin, columns, hits: Math.round(bin.hits / unit), misses: Math.round(bin.misses / unit) };
  });
  const rows = Math.max(...drawn.map(({ hits, misses, columns }) => Math.ceil((hits + misses) / columns)), 1);
  const rowHeight = Math.min(9, ROWS_HEIGHT / rows);
  let strokes = "";
  let hatches = "";
  for (const { bin, columns, hits, misses } of drawn) {
    const left = x(bin.from);
    const wide = (x(bin.to) - left) / columns;
    for (let at = 0; at < hits + misses; at++) {
      const middle = left + ((at % columns) + 0.5) * wide;
      const bottom = BASE - 2 - Math.floor(at / columns) * rowHeight;
      const high = Math.max(1, rowHeight * 0.8);
      if (at < hits) strokes += `M${middle.toFixed(1)} ${bottom.toFixed(1)}v${(-high).toFixed(1)}`;
      else {
        const [l, b] = [(middle - 2.5).toFixed(1), bottom.toFixed(1)];
        const h = high.toFixed(1);
        hatches += `M${(middle - 1).toFixed(1)} ${b}v-${h}m2 0v${h}M${l} ${(bottom - high / 3).toFixed(1)}h5m0-${(high / 3).toFixed(1)}h-5`;
      }
    }
  }
  const isNarrow = width < 560;
  const unitText = `each mark is ${unit < 1 ? numberText(unit, 1) : numberText(unit)} ${what} a second`;
  return (
    <svg width={width} height={BASE + 44} aria-hidden="true">
      <text class="strong" y="14">
        How long {what} take inside
      </text>
      <text x={isNarrow ? 0 : width} y={isNarrow ? 32 : 14} text-anchor={isNarrow ? "start" : "end"}>
        {unitText}
      </text>
      <path class="axis" d={`M0 ${BASE}H${width}`} />
      {Array.from({ length: decades + 1 }, (_, at) => (
        <g key={at}>
          <path class="axis" d={`M${x(10 ** (first + at))} ${BASE}v5`} />
          <text
            x={x(10 ** (first + at))}
            y={BASE + 19}
            text-anchor={at === 0 ? "start" : at === decades ? "end" : "middle"}
          >
            {durationText(1000 * 10 ** (first + at))}
          </text>
        </g>
      ))}
      <path class="line hit strokes" d={strokes} />
      <path class="line miss hatches" d={hatches} />
      {lines.map(({ of, kind, half, most }, at) =>
        most === undefined || half === undefined ? null : (
          <g key={of}>
            <path class={`line ${kind} dashed`} d={`M${x(most).toFixed(1)} ${40 + 20 * at}V${BASE}`} />
            <text
              class={`halo ${kind}`}
              x={x(most) + (x(most) > width * 0.6 ? -6 : 6)}
              y={48 + 20 * at}
              text-anchor={x(most) > width * 0.6 ? "end" : "start"}
            >
              {isNarrow
                ? `99 % ≤ ${durationText(1000 * most)}`
                : `99 of 100 ${of}: ${durationText(1000 * most)} or less`}
            </text>
          </g>
        ),
      )}
      <text x={width / 2} y={BASE + 38} text-anchor="middle">
        {lines
          .filter(({ half }) => half !== undefined)
          .map(
            ({ of, kind, half }) =>
              `${kind === "hit" ? "|" : "#"} ${of}, half in ${durationText(1000 * half!)}`,
          )
          .join("     ")}
      </text>
    </svg>
  );
}
