import { type KeyUse, keysOf } from "../commands/facts.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { type ParserLimits, Request } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import type { ProxyParts } from "./context.ts";
import type { OutstandingKeys } from "./outstanding-keys.ts";
import { type Route, removesKeys } from "./routes.ts";

/**
 * Notes that a reply about the keys of a write or a read is outstanding, and invalidates those of a write. If threads share the cache, or if the origin does not tell of changes, it invalidates
 * them again before the client gets the reply, and those of a read as well: the reply may show a newer state than the
 * cache.
 * @param isSentOn whether the reply may do so for another reason, see `touchSentOn`
 * @returns what to do before the client gets the reply
 */
export function touchKeys(
  proxy: ProxyParts,
  outstandingKeys: OutstandingKeys,
  request: Request,
  route: Route,
  isSentOn = false,
): (() => void) | undefined {
  const { cache, origin, observer, nowMs } = proxy;
  const mayContradict = isSentOn || cache.isShared || origin.tracking !== true;
  const isWrite = route.kind === "write";
  if (route.all === true) {
    outstandingKeys.addAll();
    if (isWrite) cache.invalidateAll("flush");
    return mayContradict ? () => cache.invalidateAll(isWrite ? "flush" : "caution") : undefined;
  }
  if (route.keys === undefined) return undefined;
  const [first, , step] = route.keys;
  const last = lastKeyOf(route.keys, request);
  const kept: KeyRef[] = [];
  for (let index = first; index <= last; index += step) {
    const key = proxy.keyOf(request, index);
    if (isWrite) {
      cache.invalidate(key);
      observer?.wrote(key, removesKeys(route), nowMs());
    }
    outstandingKeys.add(key.hash);
    if (mayContradict) kept.push(key.copy());
  }
  if (!mayContradict) return undefined;
  return () => {
    for (const key of kept) cache.invalidateEarlier(key);
  };
}

/**
 * What `touchKeys` returns, for a request that a node has sent on or put off. It is executed behind others, which were
 * sent to the right node at once.
 * @param bytes the request, bytes[start, end), in RESP; unchanged until the reply
 */
export function touchSentOn(proxy: ProxyParts, bytes: Uint8Array, start: number, end: number): () => void {
  const { cache, routes } = proxy;
  const request = new Request();
  new RespParser(NO_LIMITS).parse(bytes, start, end, request);
  const route = routes.find(request);
  if (route?.all === true) return () => cache.invalidateAll(route.kind === "write" ? "flush" : "caution");
  const keys = route?.keys;
  if (keys === undefined) return () => {};
  const [first, , step] = keys;
  const last = lastKeyOf(keys, request);
  return () => {
    for (let index = first; index <= last; index += step)
      cache.invalidateEarlier(proxy.keyOf(request, index));
  };
}

/** It was within the limits when it came. */
const NO_LIMITS: ParserLimits = { requestBytes: Infinity, argumentCount: Infinity, argumentBytes: Infinity };

function lastKeyOf([, last]: NonNullable<Route["keys"]>, { count }: Request): number {
  return last < 0 ? count + last : Math.min(last, count - 1);
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
