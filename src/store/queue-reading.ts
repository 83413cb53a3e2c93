import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { PolicyQueue } from "../policy/policy-queue.ts";
import { keyBytesOf, readPayload } from "./entry.ts";
import { type Freshness, freshnessOf } from "./freshness.ts";
import type { QueuePlan, UnderLock } from "./queue-plan.ts";
import { isMember, type QueueWalk } from "./queue-walk.ts";
import { countOf, lengthOf, type QueueWalks, walkAll } from "./queue-walks.ts";
import { describeEntry, type EntryInfo } from "./reading.ts";
import type { Shard } from "./shard.ts";
import { lockShard, unlockShard } from "./shard-lock.ts";
import { ENTRIES } from "./shard-memory.ts";
import type { Shards } from "./shards.ts";

/**
 * Entries that are described under one lock. With their keys they take some tenths of a millisecond, as a step of a
 * walk does.
 */
const ENTRIES_PER_LOCK = 64;
/** A shard with up to so many entries is read under one lock, which takes about as long. */
const READ_AT_ONCE = 512;
/** How much of a key is told. */
const KEY_BYTES_TOLD = 512;

/** A queue as it was when its shard was read. */
export interface ReadQueue
  extends Pick<PolicyQueue, "name" | "kind" | "order" | "weight" | "share" | "entrance" | "exit"> {
  /** How many members it has; undefined: nobody knows without a longer walk. */
  readonly length: number | undefined;
  /** Members that were walked by from the exit on, and from the entrance on. */
  readonly walkedFromExit: number;
  readonly walkedFromEntrance: number;
  /** Those next to leave first, if the queue has an order. */
  readonly members: readonly ReadMember[];
}

export interface ReadMember {
  readonly hash: number;
  /**
   * Its place from the exit: 1 is next to leave. 0: it was counted from the entrance. In a ranking that is told in
   * part, an estimate from the members told.
   */
  readonly fromExit: number;
  /** Its place from the entrance: 1 is last to leave. 0: it was counted from the exit. */
  readonly fromEntrance: number;
  /** Whether it is told because its position lies below the bound, and not only because it leaves soon. */
  readonly isSampled: boolean;
  /** Absent for ghosts. */
  readonly entry?: ReadEntry;
}

interface ReadEntry extends EntryInfo {
  /** The key's first 512 bytes. */
  readonly key: Uint8Array;
  readonly freshness: Freshness;
  /** See `PolicyQueue.turn`; undefined: it depends on more than the entry. */
  readonly turn: string | undefined;
}

/** A member that is told, and where the policy has it. */
interface Chosen extends ReadMember {
  readonly member: number;
}

/**
 * Reads the queues of a shard. A small shard is read under one lock, so that everything is of the same moment; of a
 * larger one the lock is taken many times, each time for a short while.
 * @returns undefined if the policy was changed meanwhile
 */
export function readQueues(
  shards: Shards,
  index: number,
  nowMs: number,
  plan: QueuePlan,
): ReadQueue[] | undefined {
  const { holder } = shards;
  const shard = shards.all[index]!;
  const atOnce = lookAt(shard, holder, ({ current, memory }) => {
    const entries = memory.words[ENTRIES]!;
    if (entries > READ_AT_ONCE) return undefined;
    return read(current.policy.queues(), entries, nowMs, plan, (act) => act(shard));
  });
  if (atOnce !== undefined) return atOnce;
  const { queues, version, entries } = lookAt(shard, holder, ({ current, memory }) => ({
    queues: current.policy.queues(),
    version: current.version,
    entries: memory.words[ENTRIES]!,
  }));
  return read(queues, entries, nowMs, plan, (act) =>
    lookAt(shard, holder, () => (shard.current.version === version ? act(shard) : undefined)),
  );
}

/** @param entries of the shard */
function read(
  queues: readonly PolicyQueue[],
  entries: number,
  nowMs: number,
  plan: QueuePlan,
  underLock: UnderLock,
): ReadQueue[] | undefined {
  const walks = walkAll(queues, plan, underLock);
  if (walks === undefined) return undefined;
  const resident = plan.boundFor("resident", countOf(walks, "resident"));
  const ghost = plan.boundFor("ghost", countOf(walks, "ghost"));
  const told: ReadQueue[] = [];
  for (const walk of walks) {
    const { queue, ahead, behind } = walk;
    const length = lengthOf(walk, walks, entries);
    const chosen = choose(walk, queue.kind === "ghost" ? ghost : resident, plan);
    const members: Chosen[] = [];
    for (let from = 0; from < chosen.length; from += ENTRIES_PER_LOCK) {
      const some = chosen.slice(from, from + ENTRIES_PER_LOCK);
      const described = underLock((shard) => describeAll(shard, queue, some, nowMs));
      if (described === undefined) return undefined;
      members.push(...described);
    }
    const ranked = underLock((shard) => inRanking(shard, queue, members, ahead.count));
    if (ranked === undefined) return undefined;
    const { name, kind, order, weight, share, entrance, exit } = queue;
    told.push({
      ...{ name, kind, order, entrance, exit, length },
      ...(weight === undefined ? {} : { weight }),
      ...(share === undefined ? {} : { share }),
      walkedFromExit: ahead.count,
      walkedFromEntrance: Math.min(behind?.count ?? 0, (length ?? Number.POSITIVE_INFINITY) - ahead.count),
      members: ranked.map(({ member: _, ...rest }) => rest),
    });
  }
  return told;
}

/** Looks at a shard under its lock. Takes no part in a change of the policy, as users of the shard do. */
function lookAt<Result>(shard: Shard, holder: number, look: (shard: Shard) => Result): Result {
  lockShard(shard, holder);
  try {
    return look(shard);
  } finally {
    unlockShard(shard);
  }
}

/** Returns the members to be told: those below the bound, and those next to leave. */
function choose({ queue, ahead, behind }: QueueWalks, bound: number, plan: QueuePlan): Chosen[] {
  const chosen: Chosen[] = [];
  const seen = new Set<number>();
  const isSampled = (walk: QueueWalk, i: number) => plan.positionOf(walk.hashes[i]! >>> 0) < bound;
  const near = queue.order === "none" ? 0 : plan.nearest;
  for (let i = 0; i < ahead.count; i++) {
    const member = ahead.members[i]!;
    const sampled = isSampled(ahead, i);
    const leavesSoon = queue.isBefore === undefined ? i < near : ahead.nearest.includes(member);
    if (!(sampled || leavesSoon) || seen.has(member)) continue;
    seen.add(member);
    const hash = ahead.hashes[i]! >>> 0;
    chosen.push({ member, hash, fromExit: i + 1, fromEntrance: 0, isSampled: sampled });
  }
  if (behind === undefined) return chosen;
  for (let i = behind.count - 1; i >= 0; i--) {
    const member = behind.members[i]!;
    if (!isSampled(behind, i) || seen.has(member)) continue;
    const hash = behind.hashes[i]! >>> 0;
    chosen.push({ member, hash, fromExit: 0, fromEntrance: i + 1, isSampled: true });
  }
  return chosen;
}

/** Describes those that are still members. Under the shard's lock. */
function describeAll(shard: Shard, queue: PolicyQueue, chosen: readonly Chosen[], nowMs: number): Chosen[] {
  const { memory, epochs } = shard;
  const present = chosen.filter(({ member, hash }) => isMember(memory, queue, member, hash));
  if (queue.kind === "ghost") return present;
  return present.map((each) => {
    const slot = each.member;
    const key = new ByteBuffer(KEY_BYTES_TOLD);
    readPayload(memory, slot, 0, Math.min(KEY_BYTES_TOLD, keyBytesOf(memory, slot)), key);
    const entry = {
      ...describeEntry(shard, slot),
      key: key.view(),
      freshness: freshnessOf(memory, slot, epochs.ofEntry(memory, slot), nowMs),
      turn: queue.turn?.(slot),
    };
    return { ...each, entry };
  });
}

/** Puts the members of a ranking in its order. Their ranks are estimated unless all members are told. */
function inRanking(
  { memory }: Shard,
  queue: PolicyQueue,
  members: readonly Chosen[],
  walked: number,
): Chosen[] {
  const { isBefore } = queue;
  if (isBefore === undefined) return [...members];
  const present = members.filter(({ member, hash }) => isMember(memory, queue, member, hash));
  present.sort((a, b) => (isBefore(a.member, b.member) ? -1 : isBefore(b.member, a.member) ? 1 : 0));
  // Those that are told only because they leave soon stand before the others, one behind the other.
  const sampled = present.filter(({ isSampled }) => isSampled).length;
  const step = Math.max(1, walked / Math.max(1, sampled));
  let rank = 0;
  return present.map((each, i) => {
    rank = each.isSampled && i > 0 ? Math.max(rank + 1, Math.round(rank + step)) : rank + 1;
    return { ...each, fromExit: Math.min(rank, walked) };
  });
}
