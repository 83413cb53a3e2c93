import type { PolicyQueue } from "../policy/policy-queue.ts";
import type { QueuePlan, UnderLock } from "./queue-plan.ts";
import { QueueWalk } from "./queue-walk.ts";

/**
 * Places that are visited under one lock. Each costs a look at memory that is in no processor's cache, if the store is
 * large: this many take a fraction of a millisecond.
 */
const VISITS_PER_LOCK = 1024;
/** The share of a long queue's walk that begins at the entrance. */
const SHARE_BEHIND = 0.25;

/** The walks through a queue: from the exit and, if that one does not come to the end, from the entrance. */
export interface QueueWalks {
  readonly queue: PolicyQueue;
  readonly ahead: QueueWalk;
  readonly behind: QueueWalk | undefined;
}

/**
 * Walks through all queues, the light ones first: others get what those do not need of their part of the visits.
 * @returns the walks in the order of the queues; undefined if the policy was changed
 */
export function walkAll(
  queues: readonly PolicyQueue[],
  { visits, nearest }: Pick<QueuePlan, "visits" | "nearest">,
  underLock: UnderLock,
): QueueWalks[] | undefined {
  const reserved = Math.floor(visits * SHARE_BEHIND);
  let left = visits - reserved;
  const ahead = queues.map((queue) => new QueueWalk(queue, false, 0, nearest));
  const light = [...ahead].sort((a, b) => weightOf(a.queue) - weightOf(b.queue));
  // The second time, the queues that are not at their end get what is left over.
  for (let round = 0; round < 2; round++) {
    const unfinished = light.filter(({ state }) => state !== "complete");
    for (const [done, walk] of unfinished.entries()) {
      const before = walk.count;
      if (!walkOn(walk, Math.ceil(left / (unfinished.length - done)), underLock)) return undefined;
      left -= walk.count - before;
    }
  }

  const long = ahead.filter(({ queue, state }) => state !== "complete" && hasPlaces(queue));
  const behind = new Map(long.map((walk) => [walk, new QueueWalk(walk.queue, true, 0)]));
  for (const walk of behind.values()) {
    if (!walkOn(walk, Math.ceil(reserved / long.length), underLock)) return undefined;
  }
  return ahead.map((walk) => ({ queue: walk.queue, ahead: walk, behind: behind.get(walk) }));
}

/** Tells whether the places of a queue are in its order, so that its end is worth a look. */
function hasPlaces({ isBefore, order }: PolicyQueue): boolean {
  return isBefore === undefined && order !== "none";
}

/**
 * Records further members.
 * @returns false if the policy was changed
 */
function walkOn(walk: QueueWalk, more: number, underLock: UnderLock): boolean {
  walk.extend(more);
  // Also ends in a queue that changes faster than it is walked through, or that has few members among its places.
  for (let steps = 2 + (4 * more) / VISITS_PER_LOCK; steps > 0 && walk.state === "under way"; steps--) {
    const isSame = underLock(({ memory }) => {
      walk.step(memory, VISITS_PER_LOCK);
      return true;
    });
    if (isSame === undefined) return false;
  }
  return true;
}

/** Residents come before ghosts. */
function weightOf({ kind, weight }: PolicyQueue): number {
  return (kind === "ghost" ? 2 ** 53 : 0) + (weight ?? 2 ** 52);
}

/** Returns how many members were walked by in all queues of a kind. */
export function countOf(walks: readonly QueueWalks[], kind: PolicyQueue["kind"]): number {
  return walks
    .filter(({ queue }) => queue.kind === kind)
    .reduce((sum, { ahead, behind }) => sum + ahead.count + (behind?.count ?? 0), 0);
}

/**
 * Returns how many members a queue has.
 * @param entries of the shard: what no other queue of residents has is in this one
 * @returns undefined if more than one queue was too long
 */
export function lengthOf(
  { queue, ahead }: QueueWalks,
  walks: readonly QueueWalks[],
  entries: number,
): number | undefined {
  if (ahead.state === "complete") return ahead.count;
  if (queue.kind === "ghost") return undefined;
  const others = walks.filter((walk) => walk.queue.kind === "resident" && walk.ahead !== ahead);
  if (others.some((walk) => walk.ahead.state !== "complete")) return undefined;
  return Math.max(ahead.count, entries - countOf(others, "resident"));
}
