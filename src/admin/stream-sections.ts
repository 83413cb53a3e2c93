import { HOT_BY, type InstrumentsView, type Metric, type MetricSample } from "../instruments/view.ts";
import { seriesName } from "./exposition.ts";
import { type Json, type JsonObject, withoutNulls } from "./merge-patch.ts";

const HOT_KEYS = 20;
const FAMILIES = 20;
const SLOW_REQUESTS = 20;

/** A part of what a stream tells, which changes as a whole. */
export interface Section {
  readonly name: string;
  /** Whether it is told four times a second; the others are told once. */
  readonly isFast: boolean;
  /** undefined: there is nothing to tell. */
  tell(view: InstrumentsView): unknown;
}

export const SECTIONS: readonly Section[] = [
  { name: "counters", isFast: true, tell: (view) => countersByName(view.metrics()) },
  { name: "health", isFast: false, tell: (view) => view.health() },
  {
    name: "hot",
    isFast: false,
    tell: (view) => Object.fromEntries(HOT_BY.map((by) => [by, view.hotKeys(by, HOT_KEYS)])),
  },
  { name: "families", isFast: false, tell: (view) => view.families(FAMILIES) },
  { name: "whatIf", isFast: false, tell: (view) => view.whatIf() },
  { name: "watch", isFast: false, tell: (view) => view.watched() },
  { name: "channels", isFast: false, tell: (view) => view.channels() },
  { name: "slow", isFast: false, tell: (view) => view.slowRequests(SLOW_REQUESTS) },
  { name: "settings", isFast: false, tell: (view) => settingsByName(view) },
];

/** Returns a section as JSON has it, without members that are `null`; undefined: there is nothing to tell. */
export function sectionJson(section: Section, view: InstrumentsView): Json | undefined {
  const told = section.tell(view);
  return told === undefined ? undefined : withoutNulls(JSON.parse(JSON.stringify(told)) as Json);
}

/** Figures by the name of their series, so that a delta has only those that changed. */
function countersByName(metrics: readonly Metric[]): JsonObject {
  const counters: Record<string, Json> = {};
  for (const { name, samples } of metrics) {
    for (const sample of samples) counters[seriesName(name, sample.labels)] = figure(sample);
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
