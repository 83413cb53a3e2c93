/**
 * The seam the project stands on: an eviction policy sees slots and key hashes, never keys, values or sockets.
 * The same class decides in the proxy, in the server, in the simulator and in a browser page.
 *
 * A slot is a whole number ≥ 1 that stands for one resident entry; 0 means none. Each slot has a few words of
 * memory that belong to the policy (`wordsPerSlot`), found at `words[slot * stride + offset + i]`. In the
 * simulator slots are dense and `stride` is `wordsPerSlot`; in the arena a slot is an entry's address and its
 * policy words lie in the entry's header. All that a policy remembers besides is in `state` and `sums`, so that several
 * threads can run one policy over the same shared memory, one at a time, under the shard's lock. A policy object
 * holds no mutable field of its own.
 */
export interface Policy {
  /**
   * The key with this hash was asked for and is not resident; called once per miss that will be filled, before
   * any `evict` on its behalf. Policies with a memory of evicted keys adapt here (ARC, CAR, LIRS, 2Q, S3-FIFO).
   */
  miss(hash: number): void;
  /** Whether it remembers the evicted key with this hash. Absent where `PolicyMemory.ghostIndex` says so, if that is given. */
  remembers?(hash: number): boolean;
  /** A resident entry was read. */
  hit(slot: number): void;
  /** An entry became resident; the owner has made room for it. Its weight can be asked for. */
  insert(slot: number, hash: number): void;
  /**
   * An entry that another policy had comes over, while this one takes its place. Entries come in the order in which the
   * other one would have evicted them. They count as no requests.
   * @param rank where the entry stands in that order: 0 is the next victim, 1 the last one
   */
  adopt(slot: number, hash: number, rank: number): void;
  /**
   * Chooses a victim to make room for the key with hash `incoming`, forgets it (what it remembers of evicted keys
   * aside) and names it. 0 when nothing is resident. The victim's weight and hash can still be asked for.
   */
  evict(incoming: number): number;
  /** A resident entry leaves for another reason: deleted, expired, invalidated. Its weight can still be asked for. */
  remove(slot: number): void;
  /** A resident entry was overwritten by a value of another weight. Called after the change. */
  reweigh(slot: number, oldWeight: number, newWeight: number): void;
  /**
   * The entry of slot `from` was moved to slot `to`; its policy words have been copied already. Repair whatever
   * refers to `from`.
   */
  move(from: number, to: number): void;
  /** Where an entry stands, in the policy's own terms. */
  explain(slot: number): Placement;
  /** Visits the resident slots, the next victims first as far as the policy has an order. */
  forEach(visit: (slot: number) => void): void;
  /**
   * Checks the policy's own invariants by walking everything. For tests, and `simulate --check`.
   * @throws AssertionError
   */
  check(): void;
}

/** What `PolicyMemory.passLimit` is where none is given: more than there are entries. */
export const NO_PASS_LIMIT: number = 2 ** 31 - 1;

/** Where an entry stands: `queue` is the policy's term (`small`, `main`, `probation`, …), `detail` in a few words. */
export interface Placement {
  queue: string;
  detail: Record<string, number | string>;
}

/** Memory and surroundings handed to a policy. */
export interface PolicyMemory {
  /** Holds the policy's words of every slot. */
  readonly words: Int32Array;
  readonly stride: number;
  readonly offset: number;
  /**
   * All other state; zeroed at first. Its length is what `PolicyType.stateWords` asked for, and it begins at a
   * multiple of eight bytes.
   */
  readonly state: Int32Array;
  /** Sums of weights and whatever else is no 32-bit integer. Zeroed at first, `PolicyType.sums` long. */
  readonly sums: Float64Array;
  /** Capacity in units of weight: bytes, or entries when every weight is 1. At most 2^52. */
  readonly capacity: number;
  /** How many entries may be resident at once; what `stateWords` was asked with. */
  readonly maxEntries: number;
  /**
   * How many evicted keys may be remembered, where memory sets a bound of its own (a policy's parameters set
   * theirs besides); what `stateWords` was asked with.
   */
  readonly maxGhosts?: number;
  /** Where ghosts can be found, if the owner offers that; else by whoever remembers them. */
  readonly ghostIndex?: GhostIndex;
  /**
   * How many entries one eviction passes over because they were read, at most: beyond that it takes the next one,
   * whatever its reads. Without a limit, as the simulator has it, policies do what their papers say; with one, nobody
   * waits in the rare case that everything has been read and all of it is looked at.
   */
  readonly passLimit?: number;
  /** The weight of a resident entry, in units of capacity. */
  weigh(slot: number): number;
  /** The key hash of a resident entry, as given to `insert`. Unsigned 32 bits. */
  hashOf(slot: number): number;
  /** What lies ahead; for `offline` policies only. */
  readonly future?: Future;
  /** A seed for policies that draw at random; equal seeds give equal decisions. */
  readonly seed: number;
}

/**
 * An index of keys that the owner has anyway, and lends for ghosts: by the hash of a key that is not resident, of which
 * no two are the same. The simulator has one, in the place where the slots of its objects are: what a policy remembers
 * of the key that is asked for has come into the processor's cache when that is found not to be resident.
 */
export interface GhostIndex {
  /** The ghost of a key, 0: none. */
  findGhost(hash: number): number;
  /** Of a key that is not resident, or that is being evicted. @param ghost 0: none any more */
  putGhost(hash: number, ghost: number): void;
}

/** What only a simulator knows. Requests are counted from the first of the trace. */
export interface Future {
  /** Which request is being served. */
  now(): number;
  /** Which request will be the next one for a resident entry's key; `Infinity` when there is none. */
  nextAccess(slot: number): number;
}

/** Both bounds belong to the range. */
interface ParameterRange {
  readonly least: number;
  readonly most: number;
  /** Fractions are refused. */
  readonly whole?: boolean;
}

/** A policy as the registry knows it. */
export interface PolicyType {
  /** Lower case with dashes: `s3-fifo`. */
  readonly name: string;
  /** Policy words per slot. */
  readonly wordsPerSlot: number;
  /** How many numbers it keeps in `PolicyMemory.sums`. */
  readonly sums: number;
  /** Named parameters with their defaults: `{ small: 0.1, ghost: 0.9 }`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** What each parameter may be. */
  readonly ranges: Readonly<Record<string, ParameterRange>>;
  /** Needs to know the future (`PolicyMemory.future`): for the simulator alone. */
  readonly offline?: boolean;
  /** Words of `state` needed for at most `maxEntries` resident entries; never fewer for more of them. */
  stateWords(maxEntries: number, parameters: Readonly<Record<string, number>>, maxGhosts?: number): number;
  /** Over zeroed memory: an empty policy. Over memory in use: the same policy, attached by another thread. */
  create(memory: PolicyMemory, parameters: Readonly<Record<string, number>>): Policy;
}
