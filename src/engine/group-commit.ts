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
 * Makes writes durable in the journal, many with one synchronization, and knows which writes are durable.
 *
 * Writes belong to generations, numbered from 1; a generation is one frame of the journal. With `always`, a frame
 * holds what was written while the frame before it was being synchronized, or during one turn of the event loop. With
 * `interval`, it holds what was written between two calls of `settle`. Of everything touched between two calls of
 * `settle`, this class remembers the newest generation.
 */
export class GroupCommit {
  readonly #sync: "always" | "interval";
  readonly #pending: PendingWrites;
  readonly #failed: (error: StorageError) => void;
  #journal: Journal | undefined;
  /** The generation of new writes. */
  #generation = 1;
  #durable = 0;
  #touched = 0;
  /** The frame being synchronized. */
  #frame: Frame | undefined;
  /** Resolved when the newest generation is durable; unused with `interval`. */
  #gathered = unwatchedPromise();

  /** @param failed called when the journal could not be written */
  constructor(sync: "always" | "interval", pending: PendingWrites, failed: (error: StorageError) => void) {
    this.#sync = sync;
    this.#pending = pending;
    this.#failed = failed;
  }

  /** Begins to write to a journal. Everything recovered before is on disk. */
  begin(journal: Journal): void {
    this.#durable = this.#generation++;
    this.#touched = 0;
    this.#journal = journal;
    this.#pending.isJournaled = true;
  }

  /** The generation of new writes. */
  get generation(): number {
    return this.#generation;
  }

  /** Settles when the synchronization under way ends; undefined when there is none. */
  get synchronizing(): Promise<void> | undefined {
    return this.#frame?.done.promise;
  }

  touch(generation: number): void {
    if (generation > this.#touched) this.#touched = generation;
  }

  /** Counts everything that is not durable as touched. */
  touchAll(): void {
    if (this.#pending.hasUnjournaled) this.touch(this.#generation);
    else if (this.#frame !== undefined) this.touch(this.#frame.generation);
  }

  /** Returns the newest generation touched since the last call; 0 when everything touched is durable. */
  takeTouched(): number {
    const touched = this.#touched;
    this.#touched = 0;
    return touched <= this.#durable ? 0 : touched;
  }

  /** Returns a promise that resolves when a generation is durable; undefined when it is. For `always` only. */
  whenDurable(generation: number): Promise<void> | undefined {
    return generation === this.#generation ? this.#gathered.promise : this.#frame?.done.promise;
  }

  /** Writes to the journal what it does not have yet. @returns the frame; undefined when writing failed */
  write(): Frame | undefined {
    const journal = this.#journal!;
    const isInterval = this.#sync === "interval";
    // Recovery takes a broken frame before a whole one for damage (journal-format.ts).
    assert(isInterval || journal.isSynchronized, "a frame is begun when all before it is on disk");
    const frame: Frame = { generation: this.#generation, done: this.#gathered };
    this.#pending.writeTo(journal);
    try {
      journal.append();
      // With `always`, large records are written during the synchronization, and only the writers wait for them.
      if (isInterval) journal.writeLarge();
    } catch (error) {
      this.#failed(new StorageError(`writing to the journal failed: ${(error as Error).message}`));
      return undefined;
    }
    if (isInterval) this.#durable = this.#generation;
    this.#generation++;
    return frame;
  }

  /**
   * Synchronizes the journal, which must not be synchronizing already.
   * @param then called once the frame is durable
   */
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
   * Stops writing. Whatever was written and touched but is not durable is lost.
   * @returns a function that tells waiters the reason; call it when the pending writes match the disk again
   */
  giveUp(): (error: StorageError) => void {
    const frame = this.#frame;
    this.#frame = undefined;
    this.#journal?.giveUp(this.#sync === "always");
    const isLost = this.#touched > this.#durable;
    return (error) => {
      // Everything left is durable. Writes touched before may not be.
      this.#durable = this.#generation;
      this.#touched = isLost ? Number.POSITIVE_INFINITY : 0;
      frame?.done.reject(error);
      this.#gathered.reject(error);
    };
  }
}
