/** An entry that is asked for again within these times is regretted: its eviction cost a miss. */
export const REGRET_WINDOWS_MS: readonly number[] = [1000, 10_000, 60_000];

/** How long departures are remembered. */
export const REGRET_MS = 60_000;
