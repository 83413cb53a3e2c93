import { type KeyUse, keysOf } from "../commands/facts.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Request } from "../protocol/protocol.ts";
import type { ProxyParts } from "./context.ts";
import type { OutstandingKeys } from "./outstanding-keys.ts";
import { type Route, removesKeys } from "./routes.ts";

/** What to do before the client gets the reply. @param wasSentOn whether a node had sent the request on, or put it off */
export type BeforeReply = (wasSentOn: boolean) => void;

/**
 * Invalidates the keys of a write. They are invalidated again before the client gets the reply, and those of a read as
 * well, where the reply may show a newer state than the cache: if threads share the cache, if the origin does not tell
 * of changes, and if a node has sent the request on. Such a request is executed behind others, which were sent to the
 * right node at once.
 */
export function touchKeys(
  proxy: ProxyParts,
  outstandingKeys: OutstandingKeys,
  request: Request,
  route: Route,
): BeforeReply | undefined {
  const { cache, origin, observer, nowMs } = proxy;
  const contradicts = cache.isShared || origin.tracking !== true;
  const mayContradict = contradicts || origin.redirects;
  const isWrite = route.kind === "write";
  if (route.all === true) {
    outstandingKeys.addAll();
    if (isWrite) cache.invalidateAll("flush");
    if (!mayContradict) return undefined;
    return (wasSentOn) => {
      if (contradicts || wasSentOn) cache.invalidateAll(isWrite ? "flush" : "caution");
    };
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
    if (mayContradict) kept.push(key.copyInto(proxy.sentRequests));
  }
  if (!mayContradict) return undefined;
  return (wasSentOn) => {
    if (contradicts || wasSentOn) for (const key of kept) cache.invalidateEarlier(key);
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
