import type { ComponentChildren } from "preact";
import { useDashboard } from "../live/dashboard.ts";
import { nowFigures } from "../now/now-figures.ts";
import { Figure } from "../parts/figure.tsx";
import { countText, durationParts, percentText } from "../parts/text.ts";

/** Figures beside one another. */
export function OwnFigures({ children }: { readonly children: ComponentChildren }) {
  return <div class="own-figures">{children}</div>;
}

/** The share of hits, of late and over ten minutes. */
export function HitFigures() {
  const { hitRatio10s, hitRatio10min } = nowFigures(useDashboard());
  return (
    <>
      <Figure
        name="own-hits-10s"
        label="Hits, last 10 seconds"
        value={[percentText(hitRatio10s), "%"]}
        says="Counts reads that were answered from the cache. Below the figure beside it, the cache is cold, or something has changed."
      />
      <Figure
        name="own-hits-10min"
        label="Hits, last 10 minutes"
        value={[percentText(hitRatio10min), "%"]}
        says="The same over ten minutes, or since the start if that is less."
      />
    </>
  );
}

/** Hits and misses a second, and how long each takes. */
export function ReadFigures() {
  const { hitsPerSecond, missesPerSecond, hitMs, missMs, savedMsPerSecond } = nowFigures(useDashboard());
  return (
    <>
      <Figure
        name="own-hits"
        label="| Hits"
        value={[countText(hitsPerSecond), "a second"]}
        says="Counts reads that were answered from the cache."
      />
      <Figure
        name="own-hit-time"
        label="A hit takes"
        value={durationParts(hitMs)}
        says="The mean over the last ten seconds, inside the proxy: from the request's last byte to the answer."
      />
      <Figure
        name="own-misses"
        label="# Misses"
        value={[countText(missesPerSecond), "a second"]}
        says="Counts reads that had to wait for the store."
      />
      <Figure
        name="own-miss-time"
        label="A miss takes"
        value={durationParts(missMs)}
        says="The mean over the last ten seconds, inside the proxy. Most of it is the way to the store and back."
      />
      <Figure
        name="own-saved"
        label="Spared the store"
        value={durationParts(savedMsPerSecond)}
        sub="of its time, each second"
        says="What the hits would have taken at the store, as misses take there now."
      />
    </>
  );
}

/** Entries that expired, and the reads that missed meanwhile. */
export function ExpiryFigures() {
  const { recent } = useDashboard();
  return (
    <Figure
      name="own-expired"
      label="○ Expired"
      value={[countText(recent.rate("glasscache_evictions_total", { reason: "expired" })), "a second"]}
      sub={`${countText(recent.figure("glasscache_evictions_total", { reason: "expired" }))} since the start`}
      says="Counts entries that left the cache because their time to live had passed."
    />
  );
}

/** What writes take out of the cache. */
export function WriteFigures() {
  const { recent } = useDashboard();
  const { readsPerSecond } = nowFigures(useDashboard());
  return (
    <>
      <Figure
        name="own-written"
        label="Own writes"
        value={[countText(recent.rate("glasscache_invalidations_total", { source: "write" })), "a second"]}
        says="Counts keys that clients of this proxy wrote. Each write drops the copy, if there is one, so the next read of that key is a miss."
      />
      <Figure
        name="own-reads"
        label="Keys read"
        value={[countText(readsPerSecond), "a second"]}
        says="Counts hits and misses. The more reads come for each write, the less it matters how writes are done."
      />
    </>
  );
}
