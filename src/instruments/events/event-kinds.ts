/**
 * The records of an `EventRing`. All tell the length of the key, or 0. Word 1 is the key's hash, word 2 the time (the low 32 bits of Unix milliseconds).
 *
 * | kind | from word 3 on | key |
 * | --- | --- | --- |
 * | HIT | value bytes, the hits that it stands for if it is counted | if counted |
 * | MISS | | always |
 * | COALESCED | | |
 * | ANSWERED | value bytes, remaining time to live (ms; −1: none, −2: unknown) | |
 * | FILLED | value bytes, time to live (ms; −1: none), ms since the question was sent | |
 * | REFUSED | why: an index of `REFUSALS` | |
 * | WROTE | | |
 * | INVALIDATED | by: an index of `INVALIDATORS` | |
 * | INVALIDATED_ALL | | |
 * | READS | the writer's reads so far, modulo 2^32; the bound of the sample from here on | |
 * | LOST | the writer's reads, modulo 2^32, when the first of the records was lost that would be here, and now; records lost so far | |
 */
export const HIT = 1;
export const MISS = 2;
export const COALESCED = 3;
export const ANSWERED = 4;
export const FILLED = 5;
export const REFUSED = 6;
export const WROTE = 7;
export const INVALIDATED = 8;
export const INVALIDATED_ALL = 9;
export const READS = 10;
export const LOST = 11;

export const HASH = 1;
export const TIME = 2;

/** The length of each kind's record in words, without its key. */
export const WORDS_OF: readonly number[] = [0, 5, 3, 3, 5, 6, 4, 3, 4, 3, 5, 6];

/** Flag: the key is sampled or watched. */
export const IS_FOLLOWED = 1;
/** Flag of HIT: it stands for several hits, and has its key. */
export const IS_COUNTED = 2;
/** Flag of WROTE: the write leaves no value. */
export const REMOVES = 4;

/**
 * Why a miss left nothing in the cache: the key was changed meanwhile, the value may not be kept, there was no room, or
 * there was no value.
 */
export const REFUSALS = ["void", "no-time-to-live", "no-room", "no-value"] as const;
export type Refusal = (typeof REFUSALS)[number];

export const INVALIDATORS = ["write", "push", "reply"] as const;
export type Invalidator = (typeof INVALIDATORS)[number];
