import type { PendingWrite } from "./overlay.ts";

/** Writes on their way into the database, as they were when the checkpoint began. */
export interface Checkpoint {
  readonly writes: readonly PendingWrite[];
  /** What each write is stored as; undefined removes the key. */
  readonly records: readonly (Uint8Array | undefined)[];
  /** The records' expiries; `ABSENT` removes the key. */
  readonly expiries: Float64Array;
  /** Whether everything must be removed first; false once that has been done. */
  isCleared: boolean;
  /** Number of the last journal file that the checkpoint contains. */
  readonly journalSequence: number;
  /** How many of the writes have been handed to the database. */
  handed: number;
  /** Settled when the transaction under way ends. */
  step: PromiseWithResolvers<void>;
}
