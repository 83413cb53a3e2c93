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
  /** Whether writers wait until the journal has been synchronized, or until it has been written. */
  readonly sync: "always" | "interval";
  /** How long writes wait for the database, in milliseconds. */
  readonly intervalMs: number;
  /** Memory for pending writes. Beyond a quarter of it, writers wait until some have reached the database. */
  readonly pendingBytes: number;
  /** See `Journal`. */
  readonly disk: JournalDisk | undefined;
}

/** A checkpoint begins before the interval's end when so many writes or this share of the memory are pending. */
const CHECKPOINT_WRITES = 16_384;
const CHECKPOINT_SHARE = 1 / 8;

/** Writers wait while so many keys have pending writes (a step of `SCAN` looks at all), or this share. */
const WAIT_WRITES = 65_536;
const WAIT_SHARE = 1 / 4;

/**
 * Brings writes to disk behind the back of who makes them. They are kept in an overlay that reads see, written to
 * a journal, whose frames make them durable (`GroupCommit`), and handed to the database now and then (`Checkpoints`): a
 * key that was written often since the last checkpoint is written there once. This class decides when.
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
  /** Of the last removal of everything. */
  #clearGeneration = 0;
  /** The interval is over. */
  #isCheckpointDue = false;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onFailure told when something could not be written: all pending writes are forgotten then, those in
   * the journal are to be added again
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

  /** Why no writes are taken: not begun, failed or ended. */
  get refusal(): StorageError | undefined {
    return this.#refusal;
  }

  /** How many checkpoints have been completed. */
  get checkpoints(): number {
    return this.#checkpoints.count;
  }

  /** Length of the journal's files. */
  get diskBytes(): number {
    return this.#journal?.diskBytes ?? 0;
  }

  /** Bytes in the journal that are not in the database yet. */
  get #journalBytes(): number {
    return this.#journal?.bytes ?? 0;
  }

  /**
   * Begins: hands over the writes added so far, which are those that the journal held.
   * @param sequence number of the last use of a journal file that there was
   */
  async start(sequence: number): Promise<void> {
    const { directory, disk } = this.#options;
    if (sequence > this.#tables.journalSequence()) {
      this.#checkpoints.handOver(this.#checkpoints.begin(sequence));
    }
    while (this.#checkpoints.isUnderWay) await this.#checkpoints.step;
    // First the database says that no journal is to be found, then it goes; the next one is there before it says so.
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

  /** The pending write of a key; counts as touched. */
  find(key: KeyRef): PendingWrite | undefined {
    if (this.overlay.count === 0) return undefined;
    const write = this.overlay.find(key.bytes, key.start, key.end, key.hash);
    if (write !== undefined) this.#commit.touch(write.generation);
    return write;
  }

  /** Whether what the database holds is to be disregarded, since everything was removed; counts as touched. */
  hidesDatabase(): boolean {
    if (!this.#pending.isCleared && !this.#checkpoints.isCleared) return false;
    this.#commit.touch(this.#clearGeneration);
    return true;
  }

  /** Everything that is not durable counts as touched. */
  touchAll(): void {
    this.#commit.touchAll();
  }

  /**
   * Adds the write of a key that has none pending.
   * @param key the stored key; kept
   * @param record kept; undefined to remove
   * @param expiresAtMs of the record; `ABSENT` to remove
   * @param committedExpiresAtMs what the database holds, as an expiry, `NEVER` or `ABSENT`
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

  /** Something is pending: sees to it that it will be written though nobody asks. */
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
    // What waits for it is in the journal already: a process may end without it.
    this.#timer.unref();
  }

  #unschedule(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#endInterval();
  }

  /**
   * Undefined when everything touched since the last call is durable; otherwise a promise of that.
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

  /** Writers wait for the database, so that no more writes come than it takes. */
  async #whenRoom(durable: Promise<void> | undefined): Promise<void> {
    await durable;
    while (this.#isTooMuch()) {
      // A checkpoint begins with the synchronization of the journal.
      const step = this.#checkpoints.step ?? this.#commit.synchronizing;
      if (step === undefined) return;
      // Where it fails: these writes are as durable as promised.
      await step.catch(ignore);
    }
  }

  /** Whether so much is pending that writers have to wait. */
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
   * Writes to the journal what is not in it yet, and synchronizes it, if it is not being synchronized now: then
   * this comes again when that is done. Begins a checkpoint if one is due and none is under way.
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
   * The next frame does not begin before those who have just been answered could ask again: they would miss it by
   * microseconds and wait for it and for their own, and there would be two frames of half as many writes. An immediate
   * that is set by another one runs after the sockets have been looked at in between.
   */
  #synchronizeAfterPoll(): void {
    clearImmediate(this.#immediate);
    this.#immediate = setImmediate(() => {
      this.#immediate = setImmediate(() => this.#synchronize());
    });
  }

  #fail(error: StorageError): void {
    this.#refusal = new StorageError(`no writes are taken any more, since ${error.message}`);
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
