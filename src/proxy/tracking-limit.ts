/**
 * The size of a small entry, key and value included. Caches hold fewer entries than their memory has room for of
 * these.
 */
const SMALL_ENTRY_BYTES = 100;

/**
 * Returns advice if the origin tracks fewer keys for all its clients (`tracking-table-max-keys`) than the cache has
 * room for: the origin invalidates every key that it forgets.
 * @param limit 0: no limit; undefined: unknown
 * @returns undefined if there is nothing to say
 */
export function trackingLimitAdvice(limit: number | undefined, memoryBytes: number): string | undefined {
  if (limit === undefined || limit === 0 || limit * SMALL_ENTRY_BYTES >= memoryBytes) return undefined;
  return (
    `remembers ${limit.toLocaleString("en")} keys for all its clients, and what it forgets leaves this cache, too; ` +
    "to keep more entries, raise it: CONFIG SET tracking-table-max-keys (0: no limit)"
  );
}
