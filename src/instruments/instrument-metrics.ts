import type { RegretReport } from "./biography/regrets.ts";
import type { Metric, WhatIfReport } from "./view.ts";

const WINDOWS = ["1s", "10s", "60s"] as const;

/** What the instruments say about themselves and their simulations, for Prometheus. */
export function instrumentMetrics(
  whatIf: WhatIfReport | undefined,
  { regrets }: Pick<RegretReport, "regrets">,
  instruments: { readonly dropped: number; readonly share: number },
): Metric[] {
  const metrics: Metric[] = [
    {
      name: "glasscache_regrets_total",
      kind: "counter",
      help: "Evicted entries that were asked for again so soon; the longer times include the shorter ones.",
      samples: WINDOWS.map((within, index) => ({ labels: { within }, value: regrets[index]! })),
    },
    {
      name: "glasscache_events_dropped_total",
      kind: "counter",
      help: "Records of events that were lost because a ring was full; requests are not affected.",
      samples: [{ labels: {}, value: instruments.dropped }],
    },
    {
      name: "glasscache_instruments_processor_ratio",
      kind: "gauge",
      help: "The share of one processor that the instruments take; --instruments-budget bounds the simulations.",
      samples: [{ labels: {}, value: instruments.share }],
    },
  ];
  if (whatIf === undefined) return metrics;
  const points = whatIf.curves.flatMap(({ policy, points }) => points.map((point) => ({ policy, ...point })));
  metrics.push(
    {
      name: "glasscache_whatif_miss_ratio",
      kind: "gauge",
      help: "The share of reads that another policy would miss at a multiple of the present size.",
      samples: points.map(({ policy, factor, missRatio }) => ({
        labels: { policy, factor: formatFactor(factor) },
        value: missRatio,
      })),
    },
    {
      name: "glasscache_sampling_ratio",
      kind: "gauge",
      help: "The largest share of all keys that is simulated; small caches need the most.",
      samples: [{ labels: {}, value: whatIf.samplingRatio }],
    },
  );
  return metrics;
}

/** Sizes are rounded, so that the factor is not quite what it was meant to be. */
function formatFactor(factor: number): string {
  return String(Number(factor.toPrecision(3)));
}
