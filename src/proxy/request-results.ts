/**
 * How requests of clients end. Each has one result, counted when it is answered.
 *
 * - `hit`: answered from the cache; of several keys, all were there.
 * - `miss`: the origin was asked for a value that may be cached.
 * - `coalesced`: waited for the answer to another read's question; of several keys, each missing one did.
 * - `stale`: an old value that a rule allows.
 * - `forwarded`: passed on to the origin, which answered; perhaps with an error of its own.
 * - `local`: answered by the proxy itself, such as PING.
 * - `error`: answered with an error of the proxy's: the origin did not answer, or the request was refused.
 */
export const RESULTS = ["hit", "miss", "coalesced", "stale", "forwarded", "local", "error"] as const;
export type ResultName = (typeof RESULTS)[number];

export const HIT = 0;
export const MISS = 1;
export const COALESCED = 2;
export const FORWARDED = 4;
export const LOCAL = 5;
export const ERROR = 6;
