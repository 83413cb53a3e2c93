import type { Checkpoint } from "./checkpoint.ts";
import type { StorageError } from "./engine.ts";
import type { PendingWrite } from "./overlay.ts";
import type { PendingWrites } from "./pending-writes.ts";
import type { Tables } from "./tables.ts";
import { unwatchedPromise } from "./unwatched-promise.ts";

/** Writes per transaction of a checkpoint. Handing over this many mostly takes one to four milliseconds. */
const STEP_WRITES = 256;

export interface CheckpointEvents {
  /** The last transaction is done: the database has everything the journal holds up to and including this file. */
  done(journalSequence: number): void;
  failed(error: StorageError): void;
}

/**
 * Moves pending writes into the database, one checkpoint at a time. A checkpoint begins when the journal has been
 * synchronized up to it. It proceeds in transactions of some hundred writes, so that none blocks the event loop.
 * Between two transactions the database mixes two points in time. That is safe: the journal is kept until the last
 * transaction, and opening the directory writes its contents again.
 */
export class Checkpoints {
  readonly #tables: Tables;
  readonly #pending: PendingWrites;
  readonly #events: CheckpointEvents;
  #current: Checkpoint | undefined;
  /** How many checkpoints have been completed. */
  count = 0;

  constructor(tables: Tables, pending: PendingWrites, events: CheckpointEvents) {
    this.#tables = tables;
    this.#pending = pending;
    this.#events = events;
  }

  get isUnderWay(): boolean {
    return this.#current !== undefined;
  }

  /** Settles when the transaction under way ends; undefined when there is no checkpoint. */
  get step(): Promise<void> | undefined {
    return this.#current?.step.promise;
  }

  /** Whether everything in the database is to be removed and has not been yet. */
  get isCleared(): boolean {
    return this.#current?.isCleared === true;
  }

  /**
   * Begins a checkpoint of everything that is pending now.
   * @param journalSequence the last journal file that holds it
   */
  begin(journalSequence: number): Checkpoint {
    const { writes: dirty, isCleared } = this.#pending.takeDirty();
    const writes = inKeyOrder(dirty);
    const records = new Array<Uint8Array | undefined>(writes.length);
    const expiries = new Float64Array(writes.length);
    for (let i = 0; i < writes.length; i++) {
      // Later changes to the key belong to the next checkpoint, because they come later in the journal.
      records[i] = writes[i]!.record;
      expiries[i] = writes[i]!.expiresAtMs;
    }
    const step = unwatchedPromise();
    this.#current = { writes, records, expiries, isCleared, journalSequence, handed: 0, step };
    return this.#current;
  }

  /** Hands the next writes to the database. */
  handOver(checkpoint: Checkpoint): void {
    const { writes, expiries, handed: from, journalSequence } = checkpoint;
    const to = Math.min(from + STEP_WRITES, writes.length);
    this.#tables
      .commit(checkpoint, from, to, to === writes.length ? journalSequence : undefined)
      .then(() => this.#handedOver(checkpoint, to))
      .catch((error: StorageError) => {
        if (this.#current === checkpoint) this.#events.failed(error);
      });
    for (let i = from; i < to; i++) writes[i]!.committedExpiresAtMs = expiries[i]!;
  }

  #handedOver(checkpoint: Checkpoint, to: number): void {
    // If the checkpoint has failed meanwhile, the pending writes have been restored from the journal, and stay.
    if (this.#current !== checkpoint) return;
    const { writes, handed: from, step } = checkpoint;
    checkpoint.isCleared = false;
    checkpoint.handed = to;
    for (let i = from; i < to; i++) if (!writes[i]!.isDirty) this.#pending.overlay.remove(writes[i]!);
    if (to < writes.length) {
      checkpoint.step = unwatchedPromise();
      this.handOver(checkpoint);
    } else {
      this.#current = undefined;
      this.count++;
      this.#events.done(checkpoint.journalSequence);
    }
    step.resolve();
  }

  /** Abandons the checkpoint under way. @returns a function that tells its waiters why */
  giveUp(): (error: StorageError) => void {
    const checkpoint = this.#current;
    this.#current = undefined;
    return (error) => checkpoint?.step.reject(error);
  }
}

/**
 * Sorts writes roughly in the database's key order, so that each transaction of a checkpoint changes neighbouring
 * pages.
 */
function inKeyOrder(writes: readonly PendingWrite[]): PendingWrite[] {
  const places = new Uint32Array(HASH_RANGES + 1);
  for (const { hash } of writes) places[(hash >>> HASH_RANGE_SHIFT) + 1]!++;
  for (let range = 0; range < HASH_RANGES; range++) places[range + 1]! += places[range]!;
  const ordered = new Array<PendingWrite>(writes.length);
  for (const write of writes) ordered[places[write.hash >>> HASH_RANGE_SHIFT]!++] = write;
  return ordered;
}

const HASH_RANGES = 1024;
const HASH_RANGE_SHIFT = 22;
