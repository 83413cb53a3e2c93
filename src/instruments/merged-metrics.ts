import type { Metric } from "./view.ts";

/** Joins metrics of several sources. The samples of a metric that several have are joined; its first help counts. */
export function mergedMetrics(...sources: readonly (readonly Metric[])[]): Metric[] {
  const merged = new Map<string, Metric>();
  for (const metric of sources.flat()) {
    const known = merged.get(metric.name);
    if (known === undefined) merged.set(metric.name, metric);
    else merged.set(metric.name, { ...known, samples: [...known.samples, ...metric.samples] });
  }
  return [...merged.values()];
}

/** Tells the program's version. */
export function buildInfo(version: string): Metric {
  return {
    name: "glasscache_build_info",
    kind: "gauge",
    help: "Always 1; the label tells the version.",
    samples: [{ labels: { version }, value: 1 }],
  };
}
