import { ENOUGH_READS } from "../dashboard/verdict.ts";
import { useDashboard } from "../live/dashboard.ts";
import { seriesOf } from "../live/history.ts";
import { Figure } from "../parts/figure.tsx";
import { Sparkline } from "../parts/sparkline.tsx";
import { countText, numberText, percentText, type WithUnit } from "../parts/text.ts";
import type { NowFigures } from "./now-figures.ts";

/** A point of the line for so many seconds. */
const SMOOTH_S = 10;

/** The hit ratio, large. */
export function Hero({ figures }: { readonly figures: NowFigures }) {
  const { histories, recent, reading } = useDashboard();
  const reads = recent.figure("glasscache_keys_read_total") ?? 0;
  const isServer = reading.value?.service === "server";
  const label = isServer ? "Reads that found their key" : "Hit ratio";
  if (reads < ENOUGH_READS) {
    return (
      <div class="hero-part">
        <p class="label">{label}, last minute</p>
        <p class="value hero-wait">not yet</p>
        <p class="prose">
          {countText(reads)} of the {ENOUGH_READS} reads that a ratio needs.{" "}
          {reading.value?.service === "proxy" && (
            <>
              <b>Point a client at the proxy</b>, or let <code>glasscache demo</code> show one.
            </>
          )}
        </p>
      </div>
    );
  }
  const ratio = (value: number | undefined): WithUnit => [percentText(value), value === undefined ? "" : "%"];
  const report = histories[0]!.report.value;
  const line =
    report &&
    smoothRatios(
      seriesOf(report, "glasscache_keys_read_total", { result: "hit" }),
      seriesOf(report, "glasscache_keys_read_total", { result: "miss" }),
    );
  return (
    <div class="hero-part">
      <Figure
        size="hero"
        name="hit-ratio-1min"
        label={`${label}, last minute`}
        value={ratio(figures.hitRatio1min)}
        says={
          isServer
            ? "Counts the share of keys read that were there. Few: clients ask for what does not exist, or has expired; with a limit of memory also for what was evicted."
            : "Counts the share of reads answered from the cache. Good is what the curves of What if allow. If it falls, look at Time for what changed at that moment."
        }
      />
      <div class="spans">
        <Figure
          name="hit-ratio-10s"
          label="10 s"
          value={ratio(figures.hitRatio10s)}
          says="The same over the last ten seconds. Far below the ten minutes, something has just begun: often a scan, or a cache that was emptied."
        />
        <Figure
          name="hit-ratio-10min"
          label="10 min"
          value={ratio(figures.hitRatio10min)}
          says="The same over the last ten minutes: the figure to plan with."
        />
        <Figure
          name="reads"
          label="Reads"
          value={[countText(figures.readsPerSecond), "a second"]}
          says={
            isServer
              ? "Counts keys that clients read, over all clients."
              : `Counts reads that the cache may answer, over all clients. ${countText(figures.otherPerSecond)} other commands a second are passed on, or answered by the service itself.`
          }
        />
      </div>
      {line !== undefined && (
        <Sparkline
          label="The hit ratio over the last ten minutes"
          values={line}
          text={(value) => numberText(100 * value, 1)}
          begin="10 min ago"
        />
      )}
    </div>
  );
}

/** Returns hit ratios of some seconds each, the oldest first. */
function smoothRatios(
  hits: readonly (number | null)[],
  misses: readonly (number | null)[],
): (number | null)[] {
  const ratios: (number | null)[] = [];
  for (let end = hits.length; end > 0; end -= SMOOTH_S) {
    let hit = 0;
    let all = 0;
    for (let at = Math.max(0, end - SMOOTH_S); at < end; at++) {
      hit += hits[at] ?? 0;
      all += (hits[at] ?? 0) + (misses[at] ?? 0);
    }
    ratios.unshift(all > 0 ? hit / all : null);
  }
  return ratios;
}
