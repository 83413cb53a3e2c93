import type { FamiliesReport, Metric } from "./view.ts";

type Family = FamiliesReport["families"][number];

/** Tells families of keys as metrics. The label is not `family`: that is the kind of command elsewhere. */
export function familyMetrics({ families }: FamiliesReport): Metric[] {
  const gauge = (name: string, help: string, figureOf: (family: Family) => number): Metric => ({
    ...{ name: `glasscache_key_family_${name}`, kind: "gauge", help },
    samples: families.map((family) => ({ labels: { key_family: family.name }, value: figureOf(family) })),
  });
  return [
    gauge(
      "requests_per_second",
      "Reads of a family of keys, an average that follows the present.",
      ({ requestsPerSecond }) => requestsPerSecond,
    ),
    gauge("hit_ratio", "The share of a family's reads that hit, of late.", ({ hitRatio }) => hitRatio),
    gauge(
      "memory_bytes",
      "An estimate of the memory that a family's entries take, from the sampled keys.",
      ({ memoryBytes }) => memoryBytes,
    ),
  ];
}
