import type { LeftEntry, QueueMember, QueuesReport } from "../../src/instruments/view.ts";

/** What happened to a sampled member between two readings of the queues. */
export interface Change {
  readonly what: "entered" | "returned" | "moved" | "read" | "refilled" | "remembered" | "left" | "forgotten";
  readonly id: string;
  /** Undefined: a ghost whose name is not known. */
  readonly key: QueueMember["key"];
  /** The queues it was in, and is in. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Reads in between. */
  readonly reads: number;
  /** As it was before, and is now. */
  readonly before: Placed | undefined;
  readonly now: Placed | undefined;
  /** How it left, if that was seen. */
  readonly left: LeftEntry | undefined;
}

/** A member and its queue. */
interface Placed {
  readonly queue: string;
  readonly isGhost: boolean;
  readonly member: QueueMember;
}

/** Between the reading of the time and that of the queues. */
const SLACK_MS = 200;

/**
 * Works out what happened between two readings of one shard. Only sampled members count: others are told because they
 * leave soon, and come and go. Members whose sampling began or ended with the second reading are left out.
 */
export function changesBetween(before: QueuesReport, now: QueuesReport): Change[] {
  if (before.policy !== now.policy || before.shard !== now.shard) return [];
  if (now.queues.length === 0) return [];
  const earlier = placesOf(before);
  const later = placesOf(now);
  const left = new Map(now.left.filter(({ atMs }) => atMs > before.atMs).map((each) => [each.id, each]));
  const isSame = before.samplingRatio === now.samplingRatio;
  const isSameForGhosts = before.ghostSamplingRatio === now.ghostSamplingRatio;
  const isLong = (name: string): boolean =>
    [...before.queues, ...now.queues].some((queue) => queue.name === name && queue.walkedFromEntrance > 0);
  const changes: Change[] = [];
  for (const id of new Set([...earlier.keys(), ...later.keys(), ...left.keys()])) {
    const was = earlier.get(id);
    const is = later.get(id);
    const isKnown = (was ?? is)?.isGhost === true ? isSameForGhosts : isSame;
    if ((was === undefined || is === undefined) && !isKnown) continue;
    const mayBeBack = now.samplingRatio < now.ghostSamplingRatio;
    const what = whatHappened(was, is, left.get(id), mayBeBack);
    if (what === undefined || (what === "left" && !left.has(id) && isLong(was!.queue))) continue;
    // It may have come from the middle of a long queue, which nobody looks at.
    if (what === "entered" && is!.member.entry!.ageMs > now.atMs - before.atMs + SLACK_MS) continue;
    changes.push({
      ...{ what, id, from: was?.queue, to: is?.queue },
      key: is?.member.key ?? was?.member.key ?? left.get(id)?.key,
      reads: readsSince(was, is),
      ...{ before: was, now: is, left: left.get(id) },
    });
  }
  return changes;
}

/** Returns the sampled members by their ids. */
function placesOf({ queues }: QueuesReport): Map<string, Placed> {
  const places = new Map<string, Placed>();
  for (const { name, kind, members } of queues) {
    for (const member of members) {
      if (member.isSampled) places.set(member.id, { queue: name, isGhost: kind === "ghost", member });
    }
  }
  return places;
}

function whatHappened(
  was: Placed | undefined,
  is: Placed | undefined,
  left: LeftEntry | undefined,
  mayBeBack: boolean,
): Change["what"] | undefined {
  if (was === undefined && is === undefined) return left === undefined ? undefined : "left";
  // If fewer entries than ghosts are told, a ghost's key may be back without being seen.
  if (is === undefined) return !was!.isGhost ? "left" : mayBeBack ? undefined : "forgotten";
  if (was === undefined) return is.isGhost ? undefined : "entered";
  if (was.isGhost !== is.isGhost) return is.isGhost ? "remembered" : "returned";
  if (is.isGhost) return undefined;
  if (isNewer(was.member, is.member)) return "refilled";
  if (was.queue !== is.queue) return "moved";
  return readsSince(was, is) > 0 ? "read" : undefined;
}

/** An entry that has fewer reads than before was filled anew meanwhile. */
function isNewer(was: QueueMember, is: QueueMember): boolean {
  return is.entry!.reads < was.entry!.reads || is.entry!.ageMs < was.entry!.ageMs;
}

function readsSince(was: Placed | undefined, is: Placed | undefined): number {
  const [before, now] = [was?.member.entry, is?.member.entry];
  if (now === undefined) return 0;
  return before === undefined || now.reads < before.reads ? now.reads : now.reads - before.reads;
}
