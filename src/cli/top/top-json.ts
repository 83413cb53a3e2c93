import type { CounterLog } from "./counter-log.ts";
import { AVERAGE_MS } from "./counter-log.ts";
import { latenciesOf, overviewFigures } from "./overview-figures.ts";
import type { Readings } from "./readings.ts";

/** Returns everything that the screens show, as one line of JSON. Figures that are not known are absent. */
export function topJson(address: string, readings: Readings, log: CounterLog): string {
  const { counters, health, settings, whatIf, hot, families, biography } = readings;
  return JSON.stringify({
    atMs: counters.atMs,
    address,
    service: counters.service,
    health,
    settings: Object.fromEntries(settings.map(({ name, value }) => [name, value])),
    overview: { ...overviewFigures(readings, log), latency: latencyJson(log) },
    ...(whatIf === null || whatIf === undefined ? {} : { whatIf }),
    hot,
    families: families?.families,
    biography: biography?.report,
    counters: log.series().map(({ metric, sample, perSecond, averages }) => ({
      name: metric.name,
      labels: sample.labels,
      kind: metric.kind,
      value: sample.value,
      perSecond,
      averages: Object.fromEntries(AVERAGE_MS.map((ms, at) => [`${ms / 1000}s`, averages[at]])),
    })),
  });
}

/** Counts by upper bound in seconds; null: above all bounds. */
function latencyJson(log: CounterLog) {
  const of = (buckets: ReturnType<typeof latenciesOf>["hits"]) =>
    buckets.map(({ le, count }) => ({ le: Number.isFinite(le) ? le : null, count }));
  const { hits, misses } = latenciesOf(log);
  return { hits: of(hits), misses: of(misses) };
}
