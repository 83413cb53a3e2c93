import type { Metric, MetricSample } from "../instruments/view.ts";

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes metrics in Prometheus's text format, version 0.0.4. */
export function exposition(metrics: readonly Metric[]): string {
  const lines: string[] = [];
  for (const metric of metrics) {
    lines.push(`# HELP ${metric.name} ${escapedHelp(metric.help)}`, `# TYPE ${metric.name} ${metric.kind}`);
    for (const sample of metric.samples) {
      if (metric.kind === "histogram") addHistogram(lines, metric.name, sample);
      else lines.push(`${seriesName(metric.name, sample.labels)} ${numberText(sample.value)}`);
    }
  }
  lines.push("");
  return lines.join("\n");
}

/** Names a series as Prometheus does: `name{label="value"}`. */
export function seriesName(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapedValue(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

function addHistogram(lines: string[], name: string, { labels, value, histogram }: MetricSample): void {
  for (const { le, count } of histogram?.buckets ?? []) {
    if (Number.isFinite(le))
      lines.push(`${seriesName(`${name}_bucket`, { ...labels, le: numberText(le) })} ${numberText(count)}`);
  }
  lines.push(
    `${seriesName(`${name}_bucket`, { ...labels, le: "+Inf" })} ${numberText(value)}`,
    `${seriesName(`${name}_sum`, labels)} ${numberText(histogram?.sum ?? 0)}`,
    `${seriesName(`${name}_count`, labels)} ${numberText(value)}`,
  );
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function escapedHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapedValue(text: string): string {
  return escapedHelp(text).replaceAll('"', '\\"');
}
