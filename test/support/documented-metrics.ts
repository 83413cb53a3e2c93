import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface DocumentedMetric {
  readonly name: string;
  readonly kind: string;
  readonly labels: readonly string[];
  readonly unit: string;
  readonly meaning: string;
}

/** The table of metrics in docs/ADMIN.md. */
export function documentedMetrics(): DocumentedMetric[] {
  const page = readFileSync(join(import.meta.dir, "../../docs/ADMIN.md"), "utf8");
  return [...page.matchAll(/^\| `(glasscache_\w+)` \|(.*)\|$/gm)].map(([, name, rest]) => {
    const [kind = "", labels = "", unit = "", meaning = ""] = rest!.split("|").map((cell) => cell.trim());
    return {
      name: name!,
      kind,
      labels: [...labels.matchAll(/`(\w+)`/g)].map((match) => match[1]!),
      unit,
      meaning,
    };
  });
}

/** What is wrong with figures that are told, by that table; empty: nothing. */
export function undocumented(
  told: readonly {
    readonly name: string;
    readonly kind: string;
    readonly samples: readonly { readonly labels: Readonly<Record<string, string>> }[];
  }[],
): string[] {
  const known = new Map(documentedMetrics().map((metric) => [metric.name, metric]));
  return told.flatMap(({ name, kind, samples }) => {
    const metric = known.get(name);
    if (metric === undefined) return [`${name} is not in docs/ADMIN.md`];
    const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
    const unknown = [...labels].filter((label) => !metric.labels.includes(label));
    return [
      ...(kind === metric.kind ? [] : [`${name} is a ${kind}, and a ${metric.kind} in docs/ADMIN.md`]),
      ...unknown.map((label) => `${name} has the label ${label}, which is not in docs/ADMIN.md`),
    ];
  });
}
