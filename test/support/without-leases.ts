import type { CachingProxy } from "../../src/proxy/proxy.ts";

/**
 * Breaks a proxy of one thread on purpose: fills are stored whatever their lease says, and invalidations of the origin,
 * which would soon mend that, are not heeded. Shows that a test finds what leases prevent.
 */
export function skipLeases({ cache }: CachingProxy): void {
  const { store } = cache;
  const fill = store.fill.bind(store);
  store.fill = (key, value, start, end, expiresAtMs, { epoch }, nowMs) =>
    fill(key, value, start, end, expiresAtMs, { lease: store.lease(key.hash), epoch }, nowMs);
  cache.pushed = () => {};
}
