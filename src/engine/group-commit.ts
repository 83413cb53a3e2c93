import { assert } from "../lib/assert.ts";
import { StorageError } from "./engine.ts";
import type { Journal } from "./journal.ts";
import type { PendingWrites } from "./pending-writes.ts";
import { unwatchedPromise } from "./unwatched-promise.ts";

/** Writes that become durable together. */
export interface Frame {
  readonly generation: number;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Makes writes durable in the journal, many with one synchronization, and knows which are.
 *
 * Writes belong to generations, numbered from 1: those of one frame of the journal. With `always` a frame is what
 * was written while the one before it was being synchronized, or in one turn of the event loop; with `interval`,
 * what was written between two calls of `settle`. What is touched between two calls of `settle` is remembered as
 * the newest generation among it.
 */
export class GroupCommit {
  readonly #sync: "always" | "interval";
  readonly #pending: PendingWrites;
  readonly #failed: (error: StorageError) => void;
  #journal: Journal | undefined;
  /** The generation of writes made now. */
  #generation = 1;
  #durable = 0;
  #touched = 0;
  /** The frame being synchronized. */
  #frame: Frame | undefined;
  /** Resolved when the writes made now are durable; of no meaning with `interval`. */
  #gathered = unwatchedPromise();

  /** @param failed told when the journal could not be written */
  constructor(sync: "always" | "interval", pending: PendingWrites, failed: (error: StorageError) => void) {
    this.#sync = sync;
    this.#pending = pending;
    this.#failed = failed;
  }

  /** Begins to write to a journal. All that was recovered before is on disk. */
  begin(journal: Journal): void {
    this.#durable = this.#generation++;
    this.#touched = 0;
    this.#journal = journal;
    this.#pending.isJournaled = true;
  }

  /** The generation of writes made now. */
  get generation(): number {
    return this.#generation;
  }

  /** Ends with the synchronization under way, if there is one. */
  get synchronizing(): Promise<void> | undefined {
    return this.#frame?.done.promise;
  }

  touch(generation: number): void {
    if (generation > this.#touched) this.#touched = generation;
  }

  /** Everything that is not durable counts as touched. */
  touchAll(): void {
    if (this.#pending.hasUnjournaled) this.touch(this.#generation);
    else if (this.#frame !== undefined) this.touch(this.#frame.generation);
  }

  /** The newest generation that was touched since the last call; 0: everything touched is durable. */
  takeTouched(): number {
    const touched = this.#touched;
    this.#touched = 0;
    return touched <= this.#durable ? 0 : touched;
  }

  /** Resolved when a generation is durable; undefined: it is. With `always` alone. */
  whenDurable(generation: number): Promise<void> | undefined {
    return generation === this.#generation ? this.#gathered.promise : this.#frame?.done.promise;
  }

  /** Writes to the journal what is not in it yet. @returns what was written; undefined: that failed */
  write(): Frame | undefined {
    const journal = this.#journal!;
    const isInterval = this.#sync === "interval";
    // What is broken in front of a whole frame is taken for damage (journal-format.ts).
    assert(isInterval || journal.isSynchronized, "a frame is begun when all before it is on disk");
    const frame: Frame = { generation: this.#generation, done: this.#gathered };
    this.#pending.writeTo(journal);
    try {
      journal.append();
      // With `always` that is done in the course of the synchronization, which nobody but the writers waits for.
      if (isInterval) journal.writeLarge();
    } catch (error) {
      this.#failed(new StorageError(`writing to the journal failed: ${(error as Error).message}`));
      return undefined;
    }
    if (isInterval) this.#durable = this.#generation;
    this.#generation++;
    return frame;
  }

  /** Synchronizes the journal, which is not being synchronized now. @param then called when the frame is durable */
  synchronize(frame: Frame, then: () => void): void {
    this.#frame = frame;
    this.#gathered = unwatchedPromise();
    this.#journal!.synchronize().then(
      () => {
        // Something else has failed meanwhile.
        if (this.#frame !== frame) return;
        this.#frame = undefined;
        this.#durable = Math.max(this.#durable, frame.generation);
        frame.done.resolve();
        then();
      },
      (error: Error) => {
        if (this.#frame !== frame) return;
        const isWriting = error instanceof StorageError;
        this.#failed(
          isWriting ? error : new StorageError(`synchronizing the journal failed: ${error.message}`),
        );
      },
    );
  }

  /**
   * No more is written. What was written and touched, and is not durable, is lost.
   * @returns is called when pending writes are those that are on disk again: tells those who wait what is wrong
   */
  giveUp(): (error: StorageError) => void {
    const frame = this.#frame;
    this.#frame = undefined;
    this.#journal?.giveUp(this.#sync === "always");
    const isLost = this.#touched > this.#durable;
    return (error) => {
      // All that is left is durable; what was touched before is not.
      this.#durable = this.#generation;
      this.#touched = isLost ? Number.POSITIVE_INFINITY : 0;
      frame?.done.reject(error);
      this.#gathered.reject(error);
    };
  }
}
