import { CHANGE, HIT } from "./cache-run.ts";
import type { Place, Places } from "./places.ts";

/** What one request did to one object in one cache. */
export type StepEvent =
  | { readonly what: "hit"; readonly object: number; readonly from: Place; readonly to: Place | undefined }
  /** `ghost`: the policy remembered the key. */
  | { readonly what: "miss"; readonly object: number; readonly ghost: Place | undefined }
  | { readonly what: "filled"; readonly object: number; readonly to: Place }
  /** It is larger than the cache, or was evicted at once. */
  | { readonly what: "refused"; readonly object: number }
  | { readonly what: "moved"; readonly object: number; readonly from: Place; readonly to: Place }
  | {
      readonly what: "evicted";
      readonly object: number;
      readonly from: Place;
      readonly ghost: Place | undefined;
    }
  /** Its time to live was over. */
  | { readonly what: "expired"; readonly object: number; readonly from: Place }
  | { readonly what: "forgotten"; readonly object: number; readonly from: Place };

/**
 * Tells what a request did, by the policy's own queues before and after it: first what became of the object itself,
 * then of the others.
 */
export function eventsBetween(
  object: number,
  result: number,
  before: Places,
  after: Places,
  expired: readonly number[] = [],
): StepEvent[] {
  const events: StepEvent[] = [];
  const was = before.get(object);
  const is = after.get(object);
  const isCached = is !== undefined && !is.isGhost;
  const hasExpired = expired.includes(object);
  const wasCached = was !== undefined && !was.isGhost && !hasExpired;
  if (hasExpired && was !== undefined) events.push({ what: "expired", object, from: was });
  if (result !== CHANGE && (result === HIT || wasCached)) {
    if (was !== undefined) events.push({ what: "hit", object, from: was, to: is });
  } else if (result !== CHANGE) {
    events.push({ what: "miss", object, ghost: was?.isGhost === true ? was : undefined });
    events.push(isCached ? { what: "filled", object, to: is } : { what: "refused", object });
  }
  for (const [other, from] of before) {
    if (other === object) continue;
    const to = after.get(other);
    if (from.isGhost) {
      if (to === undefined) events.push({ what: "forgotten", object: other, from });
    } else if (expired.includes(other)) {
      events.push({ what: "expired", object: other, from });
    } else if (to === undefined || to.isGhost) {
      events.push({ what: "evicted", object: other, from, ghost: to });
    } else if (to.queue !== from.queue) {
      events.push({ what: "moved", object: other, from, to });
    }
  }
  return events.toSorted((a, b) => ORDER.indexOf(a.what) - ORDER.indexOf(b.what));
}

const ORDER: readonly StepEvent["what"][] = [
  "expired",
  "hit",
  "miss",
  "filled",
  "refused",
  "moved",
  "evicted",
  "forgotten",
];
