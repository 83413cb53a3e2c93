import type { CachingProxy } from "../../src/proxy/proxy.ts";

/**
 * Breaks a proxy of one thread on purpose: fills are stored whatever their lease says, and invalidations of the origin,
 * which would soon mend that, are not heeded. Shows that a test finds what leases prevent.
 */
export function skipLeases({ cache }: CachingProxy): void {
  const { store } = cache;
  const fill = store.fill.bind(store);
  store.fill = (key, start, end, hash, value, from, to, expiresAtMs, _lease, epoch, nowMs) =>
    fill(key, start, end, hash, value, from, to, expiresAtMs, store.lease(hash), epoch, nowMs);
  cache.pushed = () => {};
}
