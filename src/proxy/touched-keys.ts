import { type KeyUse, keysOf } from "../commands/facts.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Request } from "../protocol/protocol.ts";
import type { ProxyParts } from "./context.ts";
import type { OutstandingKeys } from "./outstanding-keys.ts";
import { type Route, removesKeys } from "./routes.ts";

/**
 * Invalidates the keys of a write. If threads share the cache, if nodes send requests on, or if the origin does not
 * tell of changes, it invalidates them again before the client gets the reply, and those of a read as well: the reply may show a newer state than the
 * cache.
 * @returns what to do before the client gets the reply
 */
export function touchKeys(
  proxy: ProxyParts,
  outstandingKeys: OutstandingKeys,
  request: Request,
  route: Route,
): (() => void) | undefined {
  const { cache, origin, observer, nowMs } = proxy;
  // A request that a node sends on is executed behind others, which were sent to the right node at once.
  const mayContradict = cache.isShared || origin.redirects || origin.tracking !== true;
  const isWrite = route.kind === "write";
  if (route.all === true) {
    outstandingKeys.addAll();
    if (isWrite) cache.invalidateAll("flush");
    return mayContradict ? () => cache.invalidateAll(isWrite ? "flush" : "caution") : undefined;
  }
  if (route.keys === undefined || !(isWrite || mayContradict)) return undefined;
  const [first, lastKey, step] = route.keys;
  const last = lastKey < 0 ? request.count + lastKey : Math.min(lastKey, request.count - 1);
  const kept: KeyRef[] = [];
  for (let index = first; index <= last; index += step) {
    const key = proxy.keyOf(request, index);
    if (isWrite) {
      cache.invalidate(key);
      observer?.wrote(key, removesKeys(route), nowMs());
    }
    if (cache.isShared) outstandingKeys.add(key.hash);
    if (mayContradict) kept.push(key.copy());
  }
  if (!mayContradict) return undefined;
  return () => {
    for (const key of kept) cache.invalidateEarlier(key);
  };
}

/**
 * As `touchKeys`, for a request over another connection than the main one. If the origin tells of changes, all
 * invalidations have come before the reply is shown.
 * @param uses what it does to keys; undefined: unknown
 */
export function touchUses(
  proxy: ProxyParts,
  request: Request,
  uses: readonly KeyUse[] | undefined,
): () => void {
  const { cache, origin } = proxy;
  if (uses === undefined || uses.some(({ isEveryKey }) => isEveryKey)) {
    // Without tracking the origin does not tell what has changed.
    return () => {
      if (origin.tracking !== true) cache.invalidateAll("caution");
    };
  }
  const kept: KeyRef[] = [];
  for (const use of uses) {
    for (const index of keysOf(use, request)) {
      const key = proxy.keyOf(request, index);
      if (use.effect !== "reads") cache.invalidate(key);
      if (origin.tracking !== true) kept.push(key.copy());
    }
  }
  return () => {
    for (const key of kept) cache.invalidateEarlier(key);
  };
}
