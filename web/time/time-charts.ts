import type { HistoryReport } from "../../src/instruments/view.ts";
import { seriesOf } from "../live/history.ts";
import { countText, durationText, numberText, sizeText } from "../parts/text.ts";
import type { TimeLine } from "../parts/time-chart.tsx";

/** A chart of the view Time. */
export interface ChartPlan {
  readonly title: string;
  /** How to read it. */
  readonly says: string;
  readonly lines: readonly TimeLine[];
  readonly text: (value: number) => string;
  readonly scale?: "logarithmic" | "bytes";
}

type Values = readonly (number | null)[];

const reads = "glasscache_keys_read_total";
const took = "glasscache_request_duration_seconds";
const secondsText = (value: number): string => durationText(1000 * value);
const perSecondText = (value: number): string => countText(value);

/** Returns the charts of a service, drawn from its history. */
export function chartsOf(service: "proxy" | "server", report: HistoryReport): ChartPlan[] {
  const of = (metric: string, labels = {}, quantile?: number) => seriesOf(report, metric, labels, quantile);
  const hits = of(reads, { result: "hit" });
  const misses = of(reads, { result: "miss" });
  const ratio: ChartPlan = {
    title: "Hits, %",
    says: "The share of reads answered from the cache. A fall that comes back is a scan or a cache that was emptied; one that stays is a change of what clients ask for.",
    lines: [{ name: "of reads", values: ratios(hits, misses), colour: "--hit", area: "strokes" }],
    text: (value) => numberText(value, value < 99.95 && value >= 0.05 ? 1 : 0),
  };
  const traffic = {
    title: "Bytes a second",
    says: "Bytes received from clients and sent to them.",
    lines: [
      { name: "sent", values: of("glasscache_sent_bytes_total"), colour: "--ink-soft" },
      {
        name: "received",
        values: of("glasscache_received_bytes_total"),
        colour: "--ink-faint",
        dash: [4, 3],
      },
    ],
    text: sizeText,
    scale: "bytes" as const,
  };
  const memory = {
    title: "Entries",
    says: "Entries in the cache. Flat at the top means full, which is as it should be.",
    lines: [
      { name: "entries", values: of("glasscache_entries"), colour: "--ink-soft", area: "plain" as const },
    ],
    text: perSecondText,
  };
  if (service === "server") {
    const served = (quantile: number) => of(took, { result: "served" }, quantile);
    return [
      {
        title: "Requests a second",
        says: "Requests answered, and refused with an error.",
        lines: [
          {
            name: "served",
            values: of("glasscache_requests_total", { result: "served" }),
            colour: "--hit",
            area: "plain",
          },
          {
            name: "! errors",
            values: of("glasscache_requests_total", { result: "error" }),
            colour: "--wrong",
          },
        ],
        text: perSecondText,
      },
      {
        title: "Durations",
        says: "How long requests take inside the server: half of them, and 99 of 100, no longer than this.",
        lines: [
          { name: "99 of 100", values: served(0.99), colour: "--ink-soft", dash: [4, 3] },
          { name: "half", values: served(0.5), colour: "--ink-soft" },
        ],
        text: secondsText,
        scale: "logarithmic",
      },
      memory,
      traffic,
    ];
  }
  const coalesced = of("glasscache_requests_total", { result: "coalesced" });
  const toOrigin = minus(misses, coalesced);
  const size = of("glasscache_evictions_total", { reason: "size" });
  return [
    ratio,
    {
      title: "Reads a second",
      says: "Reads stacked by what became of them: at the bottom the misses, which reach the origin, above them reads that waited for another's answer, on top the hits.",
      lines: [
        {
          name: "| hits",
          values: hits,
          stacked: plus(plus(toOrigin, coalesced), hits),
          colour: "--hit",
          area: "strokes",
        },
        { name: "= coalesced", values: coalesced, stacked: plus(toOrigin, coalesced), colour: "--coalesced" },
        { name: "# misses", values: toOrigin, colour: "--miss", area: "hatching" },
      ],
      text: perSecondText,
    },
    {
      title: "Durations",
      says: "How long reads take inside the proxy, over a logarithmic axis. Misses follow the origin; if hits rise, the proxy's threads are busy.",
      lines: [
        { name: "# 99 of 100", values: of(took, { result: "miss" }, 0.99), colour: "--miss", dash: [4, 3] },
        { name: "# half", values: of(took, { result: "miss" }, 0.5), colour: "--miss" },
        { name: "| 99 of 100", values: of(took, { result: "hit" }, 0.99), colour: "--hit", dash: [4, 3] },
        { name: "| half", values: of(took, { result: "hit" }, 0.5), colour: "--hit" },
      ],
      text: secondsText,
      scale: "logarithmic",
    },
    {
      title: "Evictions a second",
      says: "Entries that left to make room, and those of them that were asked for again within a minute: regret. Much regret means that more memory, or another policy, would pay off.",
      lines: [
        { name: "○ evicted", values: size, colour: "--evicted", area: "plain" },
        {
          name: "! regret, 1 min",
          values: of("glasscache_regrets_total", { within: "60s" }),
          colour: "--wrong",
        },
      ],
      text: perSecondText,
    },
    {
      title: "Invalidations a second",
      says: "Entries that left because their key was written: through this proxy, or by others, which the origin pushes.",
      lines: [
        {
          name: "by pushes",
          values: of("glasscache_invalidations_total", { source: "push" }),
          colour: "--forwarded",
        },
        {
          name: "own writes",
          values: of("glasscache_invalidations_total", { source: "write" }),
          colour: "--fill",
          dash: [4, 3],
        },
      ],
      text: perSecondText,
    },
    memory,
    traffic,
  ];
}

function ratios(hits: Values, misses: Values): (number | null)[] {
  return hits.map((hit, at) => {
    const all = (hit ?? 0) + (misses[at] ?? 0);
    return hit === null || all === 0 ? null : (100 * hit) / all;
  });
}

function plus(a: Values, b: Values): (number | null)[] {
  return a.map((value, at) => (value === null ? null : value + (b[at] ?? 0)));
}

function minus(a: Values, b: Values): (number | null)[] {
  return a.map((value, at) => (value === null ? null : Math.max(0, value - (b[at] ?? 0))));
}
