import { Figure } from "../parts/figure.tsx";
import { countText, durationParts, type WithUnit } from "../parts/text.ts";
import type { CacheView } from "../play/play-view.ts";
import type { Player } from "./player.ts";

interface CostFiguresProps {
  readonly index: number;
  readonly cache: CacheView;
  readonly player: Player;
}

/** What a cache's requests cost behind it; nothing if there is neither an origin nor a time to live nor a write. */
export function CostFigures({ index, cache: { costs, dirty, requests }, player }: CostFiguresProps) {
  const { originMs, failures, ttlMs, coalesces, writes } = player.settings.value.conditions;
  const { hasWrites } = player.source.value;
  const hasOrigin = originMs > 0 || failures > 0;
  if (!hasOrigin && ttlMs === 0 && !hasWrites && costs.expired === 0) return null;
  const figure = (name: string, label: string, value: WithUnit, says: string) => (
    <Figure size="small" name={`${name}-${index}`} label={label} value={value} says={says} />
  );
  const count = (value: number): WithUnit => [countText(value), ""];
  return (
    <div class="costs">
      {hasOrigin &&
        figure(
          "mean-latency",
          "mean latency",
          durationParts(requests === 0 ? undefined : costs.waitedMs / requests),
          "The time that a read took on average. A hit takes none here, a miss as long as the origin.",
        )}
      {figure(
        "fetches",
        "origin reads",
        count(costs.fetches),
        "Fetches that the origin was asked for. Few spare it work.",
      )}
      {originMs > 0 &&
        (coalesces
          ? figure(
              "coalesced",
              "duplicates avoided",
              count(costs.coalesced),
              "Reads of a key that was being fetched already: they waited for that answer instead of asking again (coalescing).",
            )
          : figure(
              "duplicates",
              "duplicate fetches",
              count(costs.duplicates),
              "Fetches of a key that was being fetched already. With coalescing there would be none.",
            ))}
      {failures > 0 &&
        figure(
          "failures",
          "failed reads",
          count(costs.failedReads),
          "Reads that got an error: their own fetch failed, or the one that they waited for. The cache keeps nothing of it.",
        )}
      {costs.expired + ttlMs > 0 &&
        figure(
          "expired",
          "expired",
          count(costs.expired),
          "Entries that left because their time to live was over, whether the policy would have kept them or not.",
        )}
      {hasWrites &&
        figure(
          "writes",
          "origin writes",
          count(costs.writes),
          writes === "back"
            ? "Writes that the origin was asked for: one when a written entry leaves, however often it was written."
            : "Writes that the origin was asked for: each one.",
        )}
      {hasWrites &&
        writes === "back" &&
        figure(
          "dirty",
          "not yet written",
          count(dirty),
          "Entries that were written and that the origin has not heard of. A power cut would lose them.",
        )}
    </div>
  );
}
