import type { Departure, DepartureLog } from "../../store/departure-log.ts";
import type { PlaceNames } from "./place-names.ts";
import { EVICTED, EXPIRED, REMOVED, type StoryRecord } from "./story-record.ts";

/** How many departures of a key are told from the logs. */
const MOST = 16;

const KIND_OF = { evicted: EVICTED, expired: EXPIRED, removed: REMOVED } as const;

/**
 * Finds the last departures of the keys with this hash in the logs of all threads, the oldest first. The logs have
 * departures of all keys, so this works for keys that are not followed.
 */
export function recentDepartures(hash: number, logs: readonly DepartureLog[], nowMs: number): Departure[] {
  return logs
    .flatMap((log) => log.of(hash, nowMs, MOST))
    .sort((a, b) => a.atMs - b.atMs)
    .slice(-MOST);
}

/** Returns when an entry left; of an expired one, when it expired, although it left the memory later. */
export function leftAtMs({ cause, atMs, remainingMs }: Departure): number {
  return cause === "expired" ? atMs + remainingMs : atMs;
}

export function recordOf(departure: Departure, places: PlaceNames): StoryRecord {
  const { cause, reads, valueBytes, remainingMs } = departure;
  const atMs = leftAtMs(departure);
  return {
    ...{ kind: KIND_OF[cause], atMs, reads },
    a: Math.max(0, departure.ageMs - (departure.atMs - atMs)),
    b: cause === "expired" ? 0 : remainingMs,
    c: valueBytes,
    place: cause === "evicted" ? places.numberOf(departure) : 0,
  };
}
