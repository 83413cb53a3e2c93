import type { Policy, PolicyMemory } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";

/** What the queues that a policy shows must agree with: its explanations, its order, its ghosts, its evictions. */

/** Returns the members of a queue in its order, after a walk in both directions. */
function inOrder(queue: PolicyQueue): number[] {
  const places: number[] = [];
  for (let place = queue.next(0); place !== 0; place = queue.next(place)) places.push(place);
  const back: number[] = [];
  for (let place = queue.previous(0); place !== 0; place = queue.previous(place)) back.unshift(place);
  if (places.length !== back.length || places.some((place, i) => place !== back[i])) {
    throw new Error(`${queue.name} is ${places} in one direction, and ${back} in the other`);
  }
  const members = places.filter((place) => queue.holds(place, queue.hashOf(place)));
  const { isBefore } = queue;
  return isBefore === undefined
    ? members
    : members.sort((a, b) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0));
}

/** What would become of an entry if its turn came. */
interface Turn {
  readonly queue: string;
  readonly to: string;
  readonly leaves: boolean;
}

/** Of each queue that tells the turns of its members: those that would leave, in their order. */
export interface Doomed {
  /** By slot, the queue that it is in and the queue that it would go to. */
  readonly turns: ReadonlyMap<number, Turn>;
  /** By queue, the slot whose turn to leave comes first. */
  readonly first: ReadonlyMap<string, number>;
}

/** Tells what would become of each entry. */
export function doomedOf(policy: Policy): Doomed {
  const turns = new Map<number, Turn>();
  const first = new Map<string, number>();
  const shown = policy.queues();
  const ghosts = new Set(shown.flatMap(({ kind, name }) => (kind === "ghost" ? [name] : [])));
  for (const queue of shown) {
    const { name, order } = queue;
    if (queue.turn === undefined || queue.kind === "ghost" || order === "none") continue;
    for (const slot of inOrder(queue)) {
      const to = queue.turn(slot);
      const leaves = to === OUT || ghosts.has(to);
      turns.set(slot, { queue: name, to, leaves });
      if (leaves && !first.has(name)) first.set(name, slot);
    }
  }
  return { turns, first };
}

/**
 * The victim is the first one in its queue that was to leave. If it was to stay or to move, then nothing was to leave
 * from where it was to go.
 */
export function checkTurn({ turns, first }: Doomed, victim: number): void {
  const turn = turns.get(victim);
  if (turn === undefined) return;
  if (turn.leaves ? first.get(turn.queue) === victim : first.get(turn.to) === undefined) return;
  throw new Error(`evicted ${victim} of ${turn.queue}, which was to go to "${turn.to}"`);
}

/**
 * Checks that the queues are what else is known of the entries, and that looking at them changes nothing.
 * @param hashes of all keys there are
 * @param indexed the ghosts that the owner's index has, if there is one
 */
export function checkQueues(
  policy: Policy,
  { words, state, sums, weigh }: PolicyMemory,
  hashes: readonly number[],
  indexed: readonly number[] | undefined,
): void {
  const before = [words.slice(), state.slice(), sums.slice()];
  const order: number[] = [];
  policy.forEach((slot) => {
    order.push(slot);
  });
  const queues = policy.queues();
  if (new Set(queues.map(({ name }) => name)).size < queues.length) throw new Error("two queues of one name");
  const seen = new Set<number>();
  for (const queue of queues) {
    const { name, weight, share, kind } = queue;
    if (share !== undefined && !(share >= 0)) throw new Error(`queue ${name} has a share of ${share}`);
    if (kind === "ghost") continue;
    const members = inOrder(queue);
    for (const slot of members) {
      if (seen.has(slot)) throw new Error(`slot ${slot} is in two places`);
      seen.add(slot);
      const told = policy.explain(slot).queue;
      if (told !== name) throw new Error(`slot ${slot} is shown in ${name}, and is in ${told}`);
    }
    const sum = members.reduce((total, slot) => total + weigh(slot), 0);
    if (weight !== undefined && weight !== sum) throw new Error(`${name} weighs ${sum}, shown as ${weight}`);
    const expected = order.filter((slot) => policy.explain(slot).queue === name);
    if (queue.order !== "none" && members.some((slot, i) => slot !== expected[i])) {
      throw new Error(`${name} is shown as ${members}, and is ${expected}`);
    }
  }
  if (seen.size !== order.length) throw new Error(`${seen.size} entries are shown, of ${order.length}`);
  checkGhosts(policy, queues, hashes, indexed);
  const same = [words, state, sums].every((now, i) =>
    now.every((word, at) => Object.is(word, before[i]![at])),
  );
  if (!same) throw new Error("looking has changed something");
}

/** Checks that the ghosts shown are those that the policy, or its owner's index, remembers. */
function checkGhosts(
  policy: Policy,
  queues: readonly PolicyQueue[],
  hashes: readonly number[],
  indexed: readonly number[] | undefined,
): void {
  const ghosts = queues.filter(({ kind }) => kind === "ghost");
  const shown = ghosts.flatMap((queue) => {
    const { name, weight } = queue;
    const members = inOrder(queue);
    // Every ghost weighs something.
    if (weight !== undefined && weight > 0 !== members.length > 0) {
      throw new Error(`${name} has ${members.length} ghosts, and is said to weigh ${weight}`);
    }
    return members.map((ghost) => queue.hashOf(ghost) >>> 0);
  });
  if (policy.remembers !== undefined) {
    for (const hash of hashes) {
      const isShown = shown.includes(hash >>> 0);
      if (policy.remembers(hash) !== isShown) throw new Error(`ghost ${hash} is not shown, or no ghost`);
    }
  } else if (indexed !== undefined) {
    const isSame = indexed.length === shown.length && indexed.every((hash) => shown.includes(hash));
    if (!isSame) throw new Error(`ghosts ${indexed} are remembered, and ${shown} shown`);
  }
}
