import { useDashboard } from "../live/dashboard.ts";
import { Figure } from "../parts/figure.tsx";
import { countText } from "../parts/text.ts";

const METRIC = "glasscache_invalidations_total";

/** What was invalidated, and by whom. */
export function Invalidations() {
  const { recent } = useDashboard();
  const all = ["flush", "channel", "caution"].map((source) => recent.figure(METRIC, { source }) ?? 0);
  return (
    <>
      <Figure
        name="own-writes"
        label="Own writes"
        value={[countText(recent.rate(METRIC, { source: "write" })), "a second"]}
        says="Counts keys invalidated because clients of this proxy wrote them. The entry goes before the write is acknowledged, so clients see their own writes."
      />
      <Figure
        name="pushes"
        label="Pushes"
        value={[countText(recent.rate(METRIC, { source: "push" })), "a second"]}
        says="Counts keys that the origin reported as changed: by others, by expiry or eviction there, and by writes through this proxy, too."
      />
      <Figure
        name="all-invalidated"
        label="Emptied"
        value={[countText(all.reduce((sum, count) => sum + count, 0)), "times"]}
        sub={`flushes ${countText(all[0])}, channels lost ${countText(all[1])}, for caution ${countText(all[2])}`}
        says="Counts how often all entries were dropped at once since the start: the origin was flushed, a channel was lost, or nobody could tell what had changed. Often means an unreliable network."
      />
    </>
  );
}
