import type { PolicyQueue } from "../../src/policy/policy-queue.ts";
import { faultOfOrder } from "../../src/policy/policy-rules.ts";
import type { SimulatedCache } from "../../src/replay/simulated-cache.ts";

/** What a policy that was written in the page shows of its queues. */
export interface ShownQueues {
  /** Each resident slot is in one of them; the next to leave come first. */
  readonly queues: readonly { readonly name: string; readonly slots: readonly number[] }[];
  /** The key hashes that it remembers of evicted entries, the oldest first. */
  readonly ghosts: readonly number[];
}

/** Whether these can be the queues of a cache: each resident entry is in one, and no ghost is resident. */
export function fits(
  { queues, ghosts }: ShownQueues,
  { resident, slotOf, objectOf }: SimulatedCache,
): boolean {
  const residents = { count: resident, has: (slot: number) => slotOf[objectOf[slot] ?? 0] === slot };
  const slots = queues.flatMap((queue) => queue.slots);
  return faultOfOrder(slots, residents, "") === undefined && ghosts.every((hash) => slotOf[hash] === 0);
}

const RULES = { entrance: "as its code says", exit: "the next one that evict chooses leaves" };

/** The queues in the form in which other policies show theirs. */
export function policyQueues(
  { queues, ghosts }: ShownQueues,
  hashOf: (slot: number) => number,
): PolicyQueue[] {
  const shown = queues.map(({ name, slots }) => arrayQueue(name, "resident", slots, hashOf));
  if (ghosts.length > 0) shown.push(arrayQueue("ghosts", "ghost", ghosts, (hash) => hash));
  return shown;
}

function arrayQueue(
  name: string,
  kind: PolicyQueue["kind"],
  members: readonly number[],
  hashOf: (member: number) => number,
): PolicyQueue {
  const places = new Map(members.map((member, i) => [member, i]));
  return {
    ...{ name, kind, order: "line", ...RULES },
    ...(kind === "ghost" && { exit: "is forgotten" }),
    next: (place) => (place === 0 ? members[0] : members[places.get(place)! + 1]) ?? 0,
    previous: (place) => (place === 0 ? members.at(-1) : members[places.get(place)! - 1]) ?? 0,
    holds: (place) => places.has(place),
    hashOf,
  };
}
