import type { KeyRef } from "../lib/key-ref.ts";
import { Checkpoints } from "./checkpoints.ts";
import { StorageError } from "./engine.ts";
import { GroupCommit } from "./group-commit.ts";
import { Journal } from "./journal.ts";
import type { JournalDisk } from "./journal-disk.ts";
import { removeJournals } from "./journal-recovery.ts";
import type { Overlay, PendingWrite } from "./overlay.ts";
import { PendingWrites } from "./pending-writes.ts";
import type { Tables } from "./tables.ts";
import { ignore } from "./unwatched-promise.ts";

export interface WriteBehindOptions {
  readonly directory: string;
  /** Whether writers wait until the journal has been synchronized, or only until it has been written. */
  readonly sync: "always" | "interval";
  /** How long writes wait for the database, in milliseconds. */
  readonly intervalMs: number;
  /**
   * Memory for pending writes, in bytes. Above a quarter of it, writers wait until some have reached the database.
   */
  readonly pendingBytes: number;
  /** See `Journal`. */
  readonly disk: JournalDisk | undefined;
}

/** A checkpoint begins before the interval's end when this many writes, or this share of the memory, are pending. */
const CHECKPOINT_WRITES = 16_384;
const CHECKPOINT_SHARE = 1 / 8;

/**
 * Writers wait while this many keys (a step of `SCAN` looks at all of them), or this share of the memory, are
 * pending.
 */
const WAIT_WRITES = 65_536;
const WAIT_SHARE = 1 / 4;

/**
 * Brings writes to disk in the background. Writes go to an overlay that reads see, and to a journal, whose frames
 * make them durable (`GroupCommit`). `Checkpoints` hands them to the database now and then, so a key that was written
 * often since the last checkpoint is written there once. This class decides when.
 */
export class WriteBehind {
  readonly overlay: Overlay;
  readonly #tables: Tables;
  readonly #options: WriteBehindOptions;
  readonly #onFailure: (error: StorageError) => void;
  readonly #pending = new PendingWrites();
  readonly #commit: GroupCommit;
  readonly #checkpoints: Checkpoints;
  #journal: Journal | undefined;
  #refusal: StorageError | undefined = new StorageError("the storage is not open yet");
  /** The generation of the last removal of everything. */
  #clearGeneration = 0;
  /** Whether the interval is over. */
  #isCheckpointDue = false;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onFailure called when a write to disk fails. All pending writes are forgotten by then; those in the
   *   journal must be added again.
   */
  constructor(tables: Tables, options: WriteBehindOptions, onFailure: (error: StorageError) => void) {
    this.#tables = tables;
    this.#options = options;
    this.#onFailure = onFailure;
    this.overlay = this.#pending.overlay;
    this.#commit = new GroupCommit(options.sync, this.#pending, (error) => this.#fail(error));
    this.#checkpoints = new Checkpoints(tables, this.#pending, {
      done: (journalSequence) => {
        this.#journal?.discard(journalSequence);
        if (this.#pending.isDirty) this.#schedule();
        if (this.#isMuch()) this.#synchronize();
      },
      failed: (error) => this.#fail(error),
    });
  }

  /** Why no writes are taken: not started, failed or closed. */
  get refusal(): StorageError | undefined {
    return this.#refusal;
  }

  /** How many checkpoints have been completed. */
  get checkpoints(): number {
    return this.#checkpoints.count;
  }

  /** Length of the journal's files, in bytes. */
  get diskBytes(): number {
    return this.#journal?.diskBytes ?? 0;
  }

  /** Bytes in the journal that are not in the database yet. */
  get #journalBytes(): number {
    return this.#journal?.bytes ?? 0;
  }

  /**
   * Starts: hands over the writes added so far, which are those that the earlier journal held.
   * @param sequence number of the last use of an earlier journal file
   */
  async start(sequence: number): Promise<void> {
    const { directory, disk } = this.#options;
    if (sequence > this.#tables.journalSequence()) {
      this.#checkpoints.handOver(this.#checkpoints.begin(sequence));
    }
    while (this.#checkpoints.isUnderWay) await this.#checkpoints.step;
    // The old journal is deleted after the database says that there is none. The new one exists before the database
    // says so.
    if (this.#tables.knownUses() !== undefined) await this.#tables.endJournal(sequence);
    removeJournals(directory);
    const journal = new Journal(directory, sequence + 1, disk);
    try {
      await journal.make();
    } catch (error) {
      throw new StorageError(`making the journal failed: ${(error as Error).message}`);
    }
    await this.#tables.beginJournal(sequence + 1);
    this.#commit.begin(journal);
    this.#journal = journal;
    this.#refusal = undefined;
  }

  /** Returns the pending write of a key, and counts it as touched. */
  find(key: KeyRef): PendingWrite | undefined {
    if (this.overlay.count === 0) return undefined;
    const write = this.overlay.find(key.bytes, key.start, key.end, key.hash);
    if (write !== undefined) this.#commit.touch(write.generation);
    return write;
  }

  /** Whether to ignore the database because everything was removed; that removal counts as touched. */
  hidesDatabase(): boolean {
    if (!this.#pending.isCleared && !this.#checkpoints.isCleared) return false;
    this.#commit.touch(this.#clearGeneration);
    return true;
  }

  /** Counts everything that is not durable as touched. */
  touchAll(): void {
    this.#commit.touchAll();
  }

  /**
   * Adds a write of a key that has none pending.
   * @param key the stored key; kept
   * @param record kept; undefined removes the key
   * @param expiresAtMs of the record; `ABSENT` removes the key
   * @param committedExpiresAtMs what the database holds: an expiry, `NEVER` or `ABSENT`
   */
  add(
    key: Uint8Array,
    hash: number,
    record: Uint8Array | undefined,
    expiresAtMs: number,
    committedExpiresAtMs: number,
  ): void {
    const write: PendingWrite = {
      key,
      hash,
      record,
      expiresAtMs,
      committedExpiresAtMs,
      generation: 0,
      isDirty: false,
      isUnjournaled: false,
      next: undefined,
    };
    this.overlay.add(write);
    this.#changed(write);
  }

  /** Changes a pending write; parameters as for `add`. */
  change(write: PendingWrite, record: Uint8Array | undefined, expiresAtMs: number): void {
    this.overlay.change(write, record, expiresAtMs);
    this.#changed(write);
  }

  /** Removes everything. */
  clear(): void {
    this.#pending.clear();
    this.#clearGeneration = this.#commit.generation;
    this.#commit.touch(this.#commit.generation);
    this.#schedule();
  }

  #changed(write: PendingWrite): void {
    write.generation = this.#commit.generation;
    this.#commit.touch(write.generation);
    this.#pending.changed(write);
    this.#schedule();
  }

  /** Ensures that pending writes reach the disk even if nobody calls `settle`. */
  #schedule(): void {
    if (this.#refusal !== undefined) return;
    const { sync, intervalMs } = this.#options;
    if (sync === "always" && this.#commit.synchronizing === undefined) {
      this.#immediate ??= setImmediate(() => this.#synchronize());
    }
    if (this.#timer !== undefined || this.#checkpoints.isUnderWay) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#isCheckpointDue = true;
      this.#synchronize();
    }, intervalMs);
    // The journal has everything that waits for this timer, so the process may end without it.
    this.#timer.unref();
  }

  #unschedule(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#endInterval();
  }

  /**
   * Returns undefined when everything touched since the last call is durable; otherwise a promise of that.
   * @throws StorageError as a rejection
   */
  settle(): Promise<void> | undefined {
    const touched = this.#commit.takeTouched();
    if (touched === 0) return undefined;
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    let durable: Promise<void> | undefined;
    if (this.#options.sync === "interval") {
      if (this.#commit.write() === undefined) return Promise.reject(this.#refusal);
      if (this.#isMuch()) this.#synchronize();
    } else {
      durable = this.#commit.whenDurable(touched);
    }
    return this.#isTooMuch() ? this.#whenRoom(durable) : durable;
  }

  /**
   * Waits until the database has taken enough pending writes, so that writes do not come faster than it takes them.
   */
  async #whenRoom(durable: Promise<void> | undefined): Promise<void> {
    await durable;
    while (this.#isTooMuch()) {
      // A checkpoint begins with the synchronization of the journal.
      const step = this.#checkpoints.step ?? this.#commit.synchronizing;
      if (step === undefined) return;
      // If the checkpoint fails, these writes are still as durable as promised.
      await step.catch(ignore);
    }
  }

  /** Whether so much is pending that writers must wait. */
  #isTooMuch(): boolean {
    const mostBytes = this.#options.pendingBytes * WAIT_SHARE;
    const { count, bytes } = this.overlay;
    return count >= WAIT_WRITES || bytes >= mostBytes || this.#journalBytes >= mostBytes;
  }

  /** Whether more is pending than should wait for the interval's end. */
  #isMuch(): boolean {
    const mostBytes = this.#options.pendingBytes * CHECKPOINT_SHARE;
    return (
      this.#pending.dirtyCount >= CHECKPOINT_WRITES ||
      this.overlay.bytes >= mostBytes ||
      this.#journalBytes >= mostBytes
    );
  }

  /**
   * Writes to the journal what it does not have yet, and synchronizes it. If a synchronization is under way, this
   * runs again when it ends. Begins a checkpoint if one is due and none is under way.
   */
  #synchronize(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    const journal = this.#journal;
    const isUnderWay = this.#commit.synchronizing !== undefined;
    if (this.#refusal !== undefined || isUnderWay || journal === undefined) return;
    const begins =
      this.#pending.isDirty && !this.#checkpoints.isUnderWay && (this.#isCheckpointDue || this.#isMuch());
    if (!begins && !(this.#options.sync === "always" && this.#pending.hasUnjournaled)) return;
    const frame = this.#commit.write();
    if (frame === undefined) return;
    if (begins) this.#endInterval();
    const checkpoint = begins ? this.#checkpoints.begin(journal.rotate()) : undefined;
    this.#commit.synchronize(frame, () => {
      if (checkpoint !== undefined) this.#checkpoints.handOver(checkpoint);
      if (this.#isMuch()) this.#synchronize();
      else if (this.#pending.hasUnjournaled || this.#isCheckpointDue) this.#synchronizeAfterPoll();
    });
  }

  #endInterval(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isCheckpointDue = false;
  }

  /**
   * Delays the next frame until the clients that have just been answered can write again. Otherwise they would miss
   * the frame by microseconds, and wait for it and for their own: two frames of half as many writes. An immediate set
   * by another immediate runs after the sockets have been polled in between.
   */
  #synchronizeAfterPoll(): void {
    clearImmediate(this.#immediate);
    this.#immediate = setImmediate(() => {
      this.#immediate = setImmediate(() => this.#synchronize());
    });
  }

  #fail(error: StorageError): void {
    this.#refusal = new StorageError(`writes are refused since ${error.message}`);
    this.#unschedule();
    const endCheckpoint = this.#checkpoints.giveUp();
    const endCommit = this.#commit.giveUp();
    this.#pending.forget();
    this.#onFailure(error);
    this.overlay.forEach((write) => {
      write.generation = 0;
    });
    this.#clearGeneration = 0;
    endCommit(error);
    endCheckpoint(error);
  }

  /** Waits until everything pending is in the database, then ends. @throws StorageError when that fails */
  async close(): Promise<void> {
    const isFailed = this.#refusal !== undefined;
    try {
      while (
        !isFailed &&
        (this.#commit.synchronizing !== undefined || this.#checkpoints.isUnderWay || this.#pending.isDirty)
      ) {
        this.#isCheckpointDue = true;
        this.#synchronize();
        await (this.#commit.synchronizing ?? this.#checkpoints.step);
        if (this.#refusal !== undefined) throw this.#refusal;
      }
      if (!isFailed && this.#journal !== undefined) {
        this.#refusal = new StorageError("the storage is closed");
        await this.#tables.endJournal(this.#tables.journalSequence());
        this.#journal.closeEmpty();
      }
    } finally {
      this.#unschedule();
      this.#refusal ??= new StorageError("the storage is closed");
      this.#journal?.close();
    }
  }
}
