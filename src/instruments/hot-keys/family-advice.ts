/** What the advice on a family is drawn from. */
export interface FamilyFigures {
  readonly requestsPerSecond: number;
  readonly hitRatio: number;
  readonly memoryBytes: number;
  /** Of all families together. */
  readonly totalMemoryBytes: number;
  readonly meanValueBytes: number;
  readonly meanTtlMs: number | null;
  readonly lastReadAfterMs: number | null;
  /** Of all fills, those of entries that had expired shortly before. */
  readonly refillRatio: number;
  /** Of the bytes that left, those of entries that were never read. */
  readonly unreadRatio: number;
  /** Sampled entries behind these figures: filled, and left. */
  readonly fillsSeen: number;
  readonly leftSeen: number;
}

/** With fewer sampled entries nothing is advised. */
const ENOUGH_SEEN = 20;
const MANY_REFILLS = 0.5;
const LARGE_BYTES = 16_384;
const MOSTLY_UNREAD = 0.8;
const LOW_HIT_RATIO = 0.1;
const MUCH_MEMORY = 0.1;
const FAR_TOO_LONG = 10;
const LONG_TTL_MS = 60_000;

/** Returns one sentence on what could be better for a family, if its figures say so. The costliest comes first. */
export function familyAdvice(figures: FamilyFigures): string | undefined {
  const { fillsSeen, leftSeen, refillRatio, unreadRatio, hitRatio, meanTtlMs, lastReadAfterMs } = figures;
  if (fillsSeen >= ENOUGH_SEEN && refillRatio > MANY_REFILLS && meanTtlMs !== null) {
    return `${percent(refillRatio)} of the fills replace entries that had expired shortly before: a time to live longer than ${duration(meanTtlMs)} saves these misses.`;
  }
  if (leftSeen >= ENOUGH_SEEN && figures.meanValueBytes >= LARGE_BYTES && unreadRatio > MOSTLY_UNREAD) {
    return `${percent(unreadRatio)} of the bytes leave the cache without having been read: these values of ${size(figures.meanValueBytes)} push out others for nothing.`;
  }
  const memoryShare = figures.totalMemoryBytes > 0 ? figures.memoryBytes / figures.totalMemoryBytes : 0;
  const isUsed = fillsSeen >= ENOUGH_SEEN && figures.requestsPerSecond > 0;
  if (isUsed && hitRatio < LOW_HIT_RATIO && memoryShare > MUCH_MEMORY) {
    return `It takes ${percent(memoryShare)} of the memory, and ${percent(hitRatio)} of its requests are hits: caching it gains little.`;
  }
  if (leftSeen < ENOUGH_SEEN || meanTtlMs === null || lastReadAfterMs === null) return undefined;
  if (meanTtlMs >= LONG_TTL_MS && meanTtlMs > FAR_TOO_LONG * lastReadAfterMs) {
    return `The time to live is ${duration(meanTtlMs)}, but 95% of the entries are not read later than ${duration(lastReadAfterMs)} after the fill: a shorter one frees memory.`;
  }
  return undefined;
}

function percent(ratio: number): string {
  return `${Math.round(100 * ratio)}%`;
}

const DURATIONS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
] as const;

function duration(ms: number): string {
  for (const [unitMs, unit] of DURATIONS)
    if (Math.round(ms) >= unitMs) return `${twoDigits(ms / unitMs)} ${unit}`;
  return `${Math.round(ms)} ms`;
}

function size(bytes: number): string {
  return bytes >= 1e6 ? `${twoDigits(bytes / 1e6)} MB` : `${twoDigits(bytes / 1e3)} kB`;
}

function twoDigits(number: number): string {
  return number >= 10 ? String(Math.round(number)) : String(Math.round(number * 10) / 10);
}
