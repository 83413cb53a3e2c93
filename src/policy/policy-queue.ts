/**
 * How the entries of a queue leave. `line`: in the order of their places. `hand`: a hand goes round the places.
 * `ranking`: by a figure that changes as they are read. `none`: drawn at random.
 */
export type QueueOrder = "line" | "hand" | "ranking" | "none";

/** The name that `turn` gives for an entry that would leave without being remembered. */
export const OUT = "";

/**
 * One of a policy's queues, for looking at it. A member is a slot in a queue of resident entries, and a number of the
 * policy's own in a queue of ghosts. Nothing here changes the policy. The object is valid until the policy changes,
 * its methods are valid for longer.
 */
export interface PolicyQueue extends QueueRules {
  readonly kind: "resident" | "ghost";
  readonly order: QueueOrder;
  /**
   * Returns the place behind a place, towards those that leave last. Places are members, and perhaps others, which
   * `holds` tells apart. They come in the queue's order if it is a `line` or a `hand`, or if there is no `isBefore`.
   * @param place 0: returns the first one
   * @returns 0 at the end
   */
  next(place: number): number;
  /** Returns the place before a place. @param place 0: returns the last one */
  previous(place: number): number;
  /** Tells whether a place is a member. @param place a resident slot, or any ghost with this hash there ever was */
  holds(place: number, hash: number): boolean;
  /** Tells whether there is a place that is no slot. Absent: all places are slots, or all are ghosts. */
  isPlace?(place: number, hash: number): boolean;
  /** Returns the key hash of a place. */
  hashOf(place: number): number;
  /** Tells whether a member leaves before another one, in a ranking whose places are in no order. */
  isBefore?(one: number, other: number): boolean;
}

/** What a policy says about one of its queues. */
export interface QueueRules {
  /** The policy's term; of resident entries, the same as `Policy.explain` tells. */
  readonly name: string;
  /** What the members weigh, in units of capacity; absent: the policy does not count it by queue. */
  readonly weight?: number;
  /** The weight that the policy aims at, or the most that it allows. */
  readonly share?: number;
  /** What comes in: `new entries`. */
  readonly entrance: string;
  /** What happens at the exit: `read twice: into main; else out`. */
  readonly exit: string;
  /**
   * Tells the queue that a member would go to if its turn came now: another queue, the same one (it stays, or goes
   * round once more), a queue of ghosts, or `OUT`. Absent: it depends on more than the member.
   */
  turn?(member: number): string;
}
