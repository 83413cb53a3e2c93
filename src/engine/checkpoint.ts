import type { PendingWrite } from "./overlay.ts";

/** Writes on their way into the database, as they were when the checkpoint began. */
export interface Checkpoint {
  readonly writes: readonly PendingWrite[];
  /** What each of them is to be stored as; undefined to remove. */
  readonly records: readonly (Uint8Array | undefined)[];
  /** Of the records; `ABSENT` to remove. */
  readonly expiries: Float64Array;
  /** Everything is to be removed before; no more so once that has been done. */
  isCleared: boolean;
  /** The last journal file that is contained. */
  readonly journalSequence: number;
  /** How many writes are in the database. */
  handed: number;
  /** Settled with the transaction under way. */
  step: PromiseWithResolvers<void>;
}
