import { Leases, leaseBytes, leaseCountFor } from "../coherence/leases.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import { EPOCH_BYTES, Epochs } from "./epochs.ts";
import { SLOT_GROUPS } from "./store-stats.ts";

/**
 * The words that all shards of a store share. Behind them lie the epochs, the fills of groups of hash slots, and the
 * leases.
 */
const SHARD_COUNT = 1;
const EVICTS = 2;
const SEED = 3;
/** The shard that the sweep continues with. */
export const SWEEP_SHARD = 4;
const LEASE_COUNT = 5;
const HASH_KEY_LOW = 6;
const HASH_KEY_HIGH = 7;
const BUDGET_FLOAT = 4;
const MOST_BUDGET_FLOAT = 5;
const CONTROL_WORDS = 64;
const EPOCHS_AT_BYTE = CONTROL_WORDS * 4;
const SLOT_FILLS_AT_BYTE: number = EPOCHS_AT_BYTE + EPOCH_BYTES;
const LEASES_AT_BYTE: number = SLOT_FILLS_AT_BYTE + SLOT_GROUPS * 4;

export class Control {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly epochs: Epochs;
  readonly leases: Leases;
  /** See `droppedInSlots`. */
  readonly slotFills: Int32Array;
  readonly shardCount: number;
  readonly evicts: boolean;
  /** The seed of policies that use random numbers. */
  readonly seed: number;
  /** The secret of the key hashes, the same for all threads, replacements of dead ones included. */
  readonly hashKey: HashKey;
  /** The largest budget that `setBudget` accepts. */
  readonly mostBudgetBytes: number;
  readonly #floats: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    const words = new Int32Array(buffer, 0, CONTROL_WORDS);
    this.buffer = buffer;
    this.words = words;
    this.shardCount = words[SHARD_COUNT]!;
    this.evicts = words[EVICTS] === 1;
    this.seed = words[SEED]! >>> 0;
    this.hashKey = { low: words[HASH_KEY_LOW]! >>> 0, high: words[HASH_KEY_HIGH]! >>> 0 };
    this.#floats = new Float64Array(buffer, 0, CONTROL_WORDS / 2);
    this.mostBudgetBytes = this.#floats[MOST_BUDGET_FLOAT]!;
    this.epochs = new Epochs(buffer, EPOCHS_AT_BYTE);
    this.slotFills = new Int32Array(buffer, SLOT_FILLS_AT_BYTE, SLOT_GROUPS);
    this.leases = new Leases(buffer, LEASES_AT_BYTE, words[LEASE_COUNT]!);
  }

  get budgetBytes(): number {
    return this.#floats[BUDGET_FLOAT]!;
  }

  set budgetBytes(bytes: number) {
    this.#floats[BUDGET_FLOAT] = bytes;
  }

  static create(
    budgetBytes: number,
    mostBudgetBytes: number,
    shardCount: number,
    evicts: boolean,
    seed: number,
    hashKey: HashKey,
  ): Control {
    const buffer = new SharedArrayBuffer(controlBytes(budgetBytes));
    const words = new Int32Array(buffer);
    words[SHARD_COUNT] = shardCount;
    words[EVICTS] = evicts ? 1 : 0;
    words[SEED] = seed;
    words[HASH_KEY_LOW] = hashKey.low;
    words[HASH_KEY_HIGH] = hashKey.high;
    words[LEASE_COUNT] = leaseCountFor(budgetBytes);
    const floats = new Float64Array(buffer, 0, CONTROL_WORDS / 2);
    floats[BUDGET_FLOAT] = budgetBytes;
    floats[MOST_BUDGET_FLOAT] = mostBudgetBytes;
    return new Control(buffer);
  }
}

/** Returns the size of the control words, epochs and leases. */
export function controlBytes(budgetBytes: number): number {
  return LEASES_AT_BYTE + leaseBytes(budgetBytes);
}
