/** What a small entry takes, key and value included: caches hold fewer entries than their memory has room for of these. */
const SMALL_ENTRY_BYTES = 100;

/**
 * What to say of an origin that remembers fewer keys for all its clients (`tracking-table-max-keys`) than the cache has
 * room for: whatever it forgets, it invalidates.
 * @param limit 0: no limit; undefined: it is not known
 * @returns undefined where there is nothing to say
 */
export function trackingLimitAdvice(limit: number | undefined, memoryBytes: number): string | undefined {
  if (limit === undefined || limit === 0 || limit * SMALL_ENTRY_BYTES >= memoryBytes) return undefined;
  return (
    `remembers ${limit.toLocaleString("en")} keys for all its clients, and what it forgets leaves this cache, too; ` +
    "to keep more entries, raise it: CONFIG SET tracking-table-max-keys (0: no limit)"
  );
}
