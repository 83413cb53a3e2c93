import { OUT, type PolicyQueue } from "../policy-queue.ts";

/** What the conformance suite demands of the queues that a policy shows. Everything throws where it does not hold. */

/** What would become of an entry if its turn came. */
interface Turn {
  readonly queue: string;
  readonly to: string;
  readonly leaves: boolean;
}

/** Of each queue that tells the turns of its members: those that would leave, in their order. */
export interface Doomed {
  /** By key, the queue that it is in and the queue that it would go to. */
  readonly turns: ReadonlyMap<number, Turn>;
  /** By queue, the key whose turn to leave comes first. */
  readonly first: ReadonlyMap<string, number>;
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

/** Tells what would become of each entry. */
export function doomedIn(shown: readonly PolicyQueue[], keyOf: (slot: number) => number): Doomed {
  const turns = new Map<number, Turn>();
  const first = new Map<string, number>();
  const ghosts = new Set(shown.flatMap(({ kind, name }) => (kind === "ghost" ? [name] : [])));
  for (const queue of shown) {
    const { name, order } = queue;
    if (queue.turn === undefined || queue.kind === "ghost" || order === "none") continue;
    for (const slot of inOrder(queue)) {
      const to = queue.turn(slot);
      const leaves = to === OUT || ghosts.has(to);
      turns.set(keyOf(slot), { queue: name, to, leaves });
      if (leaves && !first.has(name)) first.set(name, keyOf(slot));
    }
  }
  return { turns, first };
}

/** What else is known of the resident entries. */
export interface Residents {
  keyOf(slot: number): number;
  queueOf(key: number): string;
  /** The keys, as `forEach` visits them. */
  readonly order: readonly number[];
  weigh(slot: number): number;
}

/** Checks that every resident entry is shown once, in its queue and in its order. */
export function checkResidents(
  queues: readonly PolicyQueue[],
  { keyOf, queueOf, order, weigh }: Residents,
): void {
  if (new Set(queues.map(({ name }) => name)).size < queues.length) throw new Error("two queues of one name");
  const seen = new Set<number>();
  for (const queue of queues) {
    const { name, weight, share, kind } = queue;
    const members = inOrder(queue);
    if (share !== undefined && !(share >= 0)) throw new Error(`queue ${name} has a share of ${share}`);
    if (kind === "ghost") continue;
    const keys = members.map(keyOf);
    for (const key of keys) {
      if (seen.has(key)) throw new Error(`key ${key} is in two places`);
      seen.add(key);
      if (queueOf(key) !== name) throw new Error(`key ${key} is shown in ${name}, and is elsewhere`);
    }
    const sum = members.reduce((total, slot) => total + weigh(slot), 0);
    if (weight !== undefined && weight !== sum) throw new Error(`${name} weighs ${sum}, shown as ${weight}`);
    const expected = order.filter((key) => queueOf(key) === name);
    if (queue.order !== "none" && keys.some((key, i) => key !== expected[i])) {
      throw new Error(`${name} is shown as ${keys}, and is ${expected}`);
    }
  }
  if (seen.size !== order.length) throw new Error(`${seen.size} entries are shown, of ${order.length}`);
}

/** What else is known of the ghosts. */
export interface Ghosts {
  readonly remembers: ((hash: number) => boolean) | undefined;
  /** The owner's index, by hash. */
  readonly index: ReadonlyMap<number, number> | undefined;
  /** Of all keys there may be. */
  readonly hashes: readonly number[];
}

/** Checks that the ghosts shown are those that the policy, or its owner's index, remembers. */
export function checkGhosts(queues: readonly PolicyQueue[], { remembers, index, hashes }: Ghosts): void {
  const ghosts = queues.filter(({ kind }) => kind === "ghost");
  const shown = ghosts.flatMap((queue) => inOrder(queue).map((ghost) => queue.hashOf(ghost) >>> 0));
  if (index !== undefined && remembers === undefined) {
    const known = [...index.keys()];
    if (known.length !== shown.length || known.some((hash) => !shown.includes(hash))) {
      throw new Error(`ghosts ${known} are remembered, and ${shown} shown`);
    }
  }
  if (remembers === undefined) return;
  for (const hash of hashes) {
    if (remembers(hash) !== shown.includes(hash >>> 0))
      throw new Error(`ghost ${hash} is not shown, or no ghost`);
  }
}

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
