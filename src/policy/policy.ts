import type { PolicyQueue } from "./policy-queue.ts";

/**
 * The eviction policy interface. A policy sees slots and key hashes, never keys, values or sockets, so the same class
 * decides in the proxy, the server, the simulator and a browser page.
 *
 * A slot is a whole number ≥ 1 that stands for one resident entry; 0 means none. Each slot has a few words of memory
 * that belong to the policy (`wordsPerSlot`), at `words[slot * stride + offset + i]`. In the simulator, slots are
 * dense and `stride` is `wordsPerSlot`. In the arena, a slot is an entry's address and its policy words lie in the
 * entry's header. Everything else that a policy remembers is in `state` and `sums`. So several threads can run one
 * policy over the same shared memory, one at a time, under the shard's lock. A policy object has no mutable field of
 * its own.
 */
export interface Policy {
  /**
   * The key with this hash was requested and is not resident. Called once per miss that will be filled, before any
   * `evict` for it. Policies that remember evicted keys adapt here (ARC, CAR, LIRS, 2Q, S3-FIFO).
   */
  miss(hash: number): void;
  /**
   * Whether the policy remembers the evicted key with this hash. Absent if `PolicyMemory.ghostIndex`, when given,
   * knows.
   */
  remembers?(hash: number): boolean;
  /** A resident entry was read. */
  hit(slot: number): void;
  /** An entry became resident; the owner has made room for it. Its weight is available. */
  insert(slot: number, hash: number): void;
  /**
   * An entry comes over from another policy, which this one replaces. Entries come in the order in which the other
   * policy would have evicted them. They do not count as requests.
   * @param rank the entry's place in that order: 0 is the next victim, 1 the last one
   */
  adopt(slot: number, hash: number, rank: number): void;
  /**
   * Chooses a victim to make room for the key with hash `incoming`, and forgets it, except for what the policy
   * remembers of evicted keys. The victim's weight and hash are still available afterwards, and until the next call
   * `explain` tells the queue that it left.
   * @returns the victim; 0 if nothing is resident
   */
  evict(incoming: number): number;
  /** A resident entry leaves for another reason: deleted, expired, invalidated. Its weight is still available. */
  remove(slot: number): void;
  /** A resident entry was overwritten by a value of another weight. Called after the change. */
  reweigh(slot: number, oldWeight: number, newWeight: number): void;
  /**
   * The entry in slot `from` was moved to slot `to`, and its policy words with it. Repairs everything that refers to
   * `from`.
   */
  move(from: number, to: number): void;
  /** Describes an entry's place, in the policy's own terms. */
  explain(slot: number): Placement;
  /** Visits the resident slots, the next victims first if the policy has an order. */
  forEach(visit: (slot: number) => void): void;
  /**
   * Shows all queues, those of resident entries first, in the order in which an entry passes through them. Every
   * resident slot is in exactly one of them, and so is every ghost.
   */
  queues(): PolicyQueue[];
  /**
   * Checks the policy's invariants by walking everything. For tests, and `simulate --check`.
   * @throws AssertionError
   */
  check(): void;
}

/** The default of `PolicyMemory.passLimit`: more than there are entries. */
export const NO_PASS_LIMIT: number = 2 ** 31 - 1;

/** An entry's place: `queue` is the policy's term (`small`, `main`, `probation`, …), `detail` adds a few facts. */
export interface Placement {
  queue: string;
  detail: Record<string, number | string>;
}

/** The memory and the functions that a policy is given. */
export interface PolicyMemory {
  /** Holds the policy's words of every slot. */
  readonly words: Int32Array;
  readonly stride: number;
  readonly offset: number;
  /**
   * All other state, zeroed at first. Its length is `PolicyType.stateWords`, and it begins at a multiple of eight
   * bytes.
   */
  readonly state: Int32Array;
  /** Sums of weights, and other numbers that need more than 32 bits. Zeroed at first, `PolicyType.sums` long. */
  readonly sums: Float64Array;
  /** Capacity in units of weight: bytes, or entries if every weight is 1. At most 2^52. */
  readonly capacity: number;
  /** Most entries that may be resident at once; the argument given to `stateWords`. */
  readonly maxEntries: number;
  /**
   * Most evicted keys that memory has room for, if it sets a limit (a policy's parameters set another); the argument
   * given to `stateWords`.
   */
  readonly maxGhosts?: number;
  /** The owner's index of ghosts, if it has one; policies keep their own otherwise. */
  readonly ghostIndex?: GhostIndex;
  /**
   * Most entries that one eviction passes over because they were read; then it evicts the next one, whatever its
   * reads. Without a limit, as in the simulator, policies do what their papers say. With one, no request waits for a
   * walk over all entries in the rare case that all have been read.
   */
  readonly passLimit?: number;
  /** Returns the weight of a resident entry, in units of capacity. */
  weigh(slot: number): number;
  /** Returns the key hash of a resident entry, as given to `insert`. Unsigned 32 bits. */
  hashOf(slot: number): number;
  /** Future requests; for `offline` policies only. */
  readonly future?: Future;
  /** A seed for policies that draw at random; equal seeds give equal decisions. */
  readonly seed: number;
}

/**
 * An index of keys that the owner needs anyway, and lends to the policy for its ghosts: by the hash of a key that is
 * not resident; all hashes must be distinct. In the simulator a ghost takes the place of the slot in the table of
 * objects, so the lookup that finds a key not resident has already brought its ghost into the processor's cache.
 */
export interface GhostIndex {
  /** Returns the ghost of a key, 0 if there is none. */
  findGhost(hash: number): number;
  /**
   * Notes the ghost of a key that is not resident, or is being evicted.
   * @param ghost 0 if it has none any more
   */
  putGhost(hash: number, ghost: number): void;
}

/** Knowledge that only a simulator has. Requests are counted from the first one of the trace. */
export interface Future {
  /** Returns the number of the current request. */
  now(): number;
  /** Returns the number of the next request for a resident entry's key; `Infinity` if there is none. */
  nextAccess(slot: number): number;
}

/** Both bounds are allowed values. */
interface ParameterRange {
  readonly least: number;
  readonly most: number;
  /** Whether fractions are refused. */
  readonly whole?: boolean;
}

/** A policy as the registry knows it. */
export interface PolicyType {
  /** Lower case with dashes: `s3-fifo`. */
  readonly name: string;
  /** Policy words per slot. */
  readonly wordsPerSlot: number;
  /** Length of `PolicyMemory.sums`. */
  readonly sums: number;
  /** Named parameters with their defaults: `{ small: 0.1, ghost: 0.9 }`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** The allowed values of each parameter. */
  readonly ranges: Readonly<Record<string, ParameterRange>>;
  /** Whether the policy needs the future (`PolicyMemory.future`), which only the simulator has. */
  readonly offline?: boolean;
  /** Words of `state` needed for at most `maxEntries` resident entries. Never decreases as `maxEntries` grows. */
  stateWords(maxEntries: number, parameters: Readonly<Record<string, number>>, maxGhosts?: number): number;
  /**
   * Over zeroed memory, creates an empty policy. Over memory in use, attaches to the policy in it from another
   * thread.
   */
  create(memory: PolicyMemory, parameters: Readonly<Record<string, number>>): Policy;
}
