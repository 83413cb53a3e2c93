import type { PolicyQueue } from "../../src/policy/policy-queue.ts";
import type { CacheRun } from "./cache-run.ts";

/** Caches with more entries and ghosts are not walked to tell what a step changed. */
const WALKED_LIMIT = 20_000;

/** Where an object stands. */
export interface Place {
  readonly queue: string;
  readonly isGhost: boolean;
  /** From the exit: 1 is next to leave. */
  readonly rank: number;
  /** Whether it is the last one that came in, in a queue that is a line. */
  readonly isAtEntrance: boolean;
  readonly reads: number;
}

/** The places of all objects that a cache knows, by their numbers. */
export type Places = ReadonlyMap<number, Place>;

/** Walks all queues. Returns nothing if there is too much. */
export function placesOf(run: CacheRun): Places {
  const { cache, reads } = run;
  const places = new Map<number, Place>();
  if (cache.resident > WALKED_LIMIT) return places;
  for (const queue of run.queues()) {
    const members = membersOf(queue, WALKED_LIMIT);
    const isGhost = queue.kind === "ghost";
    for (const [i, member] of members.entries()) {
      places.set(queue.hashOf(member), {
        queue: queue.name,
        isGhost,
        rank: i + 1,
        isAtEntrance: queue.order === "line" && i === members.length - 1,
        reads: isGhost ? 0 : reads[member]!,
      });
    }
  }
  return places;
}

/** Returns the members of a queue, those next to leave first. */
export function membersOf(queue: PolicyQueue, most: number): number[] {
  const members: number[] = [];
  for (let place = queue.next(0); place !== 0 && members.length < most; place = queue.next(place)) {
    if (queue.holds(place, queue.hashOf(place))) members.push(place);
  }
  const { isBefore } = queue;
  if (isBefore !== undefined) members.sort((a, b) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : a - b));
  return members;
}
