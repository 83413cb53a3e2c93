import { useDashboard } from "../live/dashboard.ts";
import { Figure } from "../parts/figure.tsx";
import { countText, percentText } from "../parts/text.ts";

/** Reads that shared one request. */
export function Coalescing() {
  const { recent } = useDashboard();
  const coalesced = recent.rate("glasscache_requests_total", { result: "coalesced" });
  const misses = recent.rate("glasscache_keys_read_total", { result: "miss" });
  return (
    <Figure
      name="coalesced"
      label="= Coalesced"
      value={[countText(coalesced), "a second"]}
      sub={misses ? `${percentText((coalesced ?? 0) / misses)} % of the misses` : undefined}
      says="Counts reads that found another read of the same key on its way to the origin, and waited for its answer. Many at once: a popular key has just left, and the origin got one request instead of a herd."
    />
  );
}
