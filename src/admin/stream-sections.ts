import { HOT_BY, type InstrumentsView, type Metric, type MetricSample } from "../instruments/view.ts";
import { seriesName } from "./exposition.ts";
import { type Json, type JsonObject, withoutNulls } from "./merge-patch.ts";

const HOT_KEYS = 20;
const FAMILIES = 20;
const SLOW_REQUESTS = 20;

/** A part of what a stream tells. */
export interface Section {
  readonly name: string;
  /** Whether it is told four times a second; the others are told once. */
  readonly isFast: boolean;
  /** Returns what the stream tells, without members that are `null`; undefined: there is nothing to tell. */
  tell(view: InstrumentsView): Json | undefined;
}

export const SECTIONS: readonly Section[] = [
  { name: "counters", isFast: true, tell: (view) => countersByName(view.metrics()) },
  slow("health", (view) => view.health()),
  slow("hot", (view) => Object.fromEntries(HOT_BY.map((by) => [by, view.hotKeys(by, HOT_KEYS)]))),
  slow("families", (view) => view.families(FAMILIES)),
  slow("whatIf", (view) => view.whatIf()),
  slow("watch", (view) => view.watched()),
  slow("channels", (view) => view.channels()),
  slow("slow", (view) => view.slowRequests(SLOW_REQUESTS)),
  slow("settings", settingsByName),
];

/** A section that is told once a second, of any report. */
function slow(name: string, report: (view: InstrumentsView) => unknown): Section {
  const tell = (view: InstrumentsView): Json | undefined => {
    const told = report(view);
    return told === undefined ? undefined : withoutNulls(JSON.parse(JSON.stringify(told)) as Json);
  };
  return { name, isFast: false, tell };
}

/** Figures by the name of their series, so that a delta has only those that changed. */
function countersByName(metrics: readonly Metric[]): JsonObject {
  const counters: Record<string, Json> = {};
  for (const { name, samples } of metrics) {
    for (const sample of samples) {
      // JSON has no other numbers.
      if (Number.isFinite(sample.value)) counters[seriesName(name, sample.labels)] = figure(sample);
    }
  }
  return counters;
}

function figure({ value, histogram }: MetricSample): Json {
  if (histogram === undefined) return value;
  const buckets = histogram.buckets.map(({ le, count }) => [String(le), count] as const);
  return { count: value, sum: histogram.sum, buckets: Object.fromEntries(buckets) };
}

function settingsByName(view: InstrumentsView): JsonObject {
  return Object.fromEntries(
    view.settings().map(({ name, value, changeable }) => [name, { value, changeable }]),
  );
}
