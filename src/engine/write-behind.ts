import { assert } from "../lib/assert.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { StorageError } from "./engine.ts";
import { Journal } from "./journal.ts";
import type { JournalDisk } from "./journal-disk.ts";
import { removeJournals } from "./journal-recovery.ts";
import { Overlay, type PendingWrite } from "./overlay.ts";
import type { Tables } from "./tables.ts";

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

/**
 * Brings writes to disk behind the back of who makes them. They are kept in an overlay that reads see, written to
 * a journal, whose frames make them durable, and handed to the database by a checkpoint now and then: a key that
 * was written often since the last one is written there once.
 *
 * Writes belong to generations, numbered from 1: those of one frame of the journal. With `always` a frame is what
 * was written while the one before it was being synchronized, or in one turn of the event loop; with `interval`,
 * what was written between two calls of `settle`. What is touched between two calls of `settle` is remembered as
 * the newest generation among it.
 *
 * A checkpoint begins when the journal has been synchronized up to it, and goes on in transactions of some
 * hundred writes, so that none holds up the event loop. Between two of them the database is of no one moment; but
 * the journal is kept until the last, and whatever it holds is written again when the directory is opened.
 */
export class WriteBehind {
  readonly overlay = new Overlay();
  readonly #tables: Tables;
  readonly #options: WriteBehindOptions;
  readonly #onFailure: (error: StorageError) => void;
  #journal: Journal | undefined;
  #refusal: StorageError | undefined = new StorageError("the storage is not open yet");

  /** Changed since the last checkpoint began. */
  #dirty: PendingWrite[] = [];
  /** Changed since they were written to the journal. */
  #unjournaled: PendingWrite[] = [];
  /** Everything was removed, before the dirty writes, since the last checkpoint began. */
  #isClearDirty = false;
  #isClearUnjournaled = false;
  #clearGeneration = 0;
  #checkpoint: Checkpoint | undefined;
  /** The interval is over. */
  #isCheckpointDue = false;
  #checkpoints = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** The generation of writes made now. */
  #generation = 1;
  #durable = 0;
  #touched = 0;
  /** The frame being synchronized. */
  #frame: Frame | undefined;
  /** Settled when the writes made now are durable; of no meaning with `interval`. */
  #gathered = promise();

  /**
   * @param onFailure told when something could not be written: all pending writes are forgotten then, those in
   * the journal are to be added again
   */
  constructor(tables: Tables, options: WriteBehindOptions, onFailure: (error: StorageError) => void) {
    this.#tables = tables;
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Why no writes are taken: not begun, failed or ended. */
  get refusal(): StorageError | undefined {
    return this.#refusal;
  }

  /** How many checkpoints have been completed. */
  get checkpoints(): number {
    return this.#checkpoints;
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
    if (sequence > this.#tables.journalSequence()) this.#handOver(this.#beginCheckpoint(sequence));
    while (this.#checkpoint !== undefined) await this.#checkpoint.step.promise;
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
    // All of what was recovered, and read meanwhile, is on disk.
    this.#durable = this.#generation++;
    this.#touched = 0;
    this.#journal = journal;
    this.#refusal = undefined;
  }

  /** The pending write of the key bytes[start, end); counts as touched. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): PendingWrite | undefined {
    if (this.overlay.count === 0) return undefined;
    const write = this.overlay.find(bytes, start, end, hash);
    if (write !== undefined) this.#touch(write.generation);
    return write;
  }

  /** Whether what the database holds is to be disregarded, since everything was removed; counts as touched. */
  hidesDatabase(): boolean {
    if (!this.#isClearDirty && this.#checkpoint?.isCleared !== true) return false;
    this.#touch(this.#clearGeneration);
    return true;
  }

  /** Everything that is not durable counts as touched. */
  touchAll(): void {
    if (this.#hasUnjournaled()) this.#touch(this.#generation);
    else if (this.#frame !== undefined) this.#touch(this.#frame.generation);
  }

  #touch(generation: number): void {
    if (generation > this.#touched) this.#touched = generation;
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
    this.overlay.clear();
    this.#dirty = [];
    this.#unjournaled = [];
    this.#isClearDirty = true;
    this.#isClearUnjournaled = this.#journal !== undefined;
    this.#clearGeneration = this.#generation;
    this.#touch(this.#generation);
    this.#schedule();
  }

  #changed(write: PendingWrite): void {
    write.generation = this.#generation;
    this.#touch(this.#generation);
    if (!write.isDirty) {
      write.isDirty = true;
      this.#dirty.push(write);
    }
    if (!write.isUnjournaled && this.#journal !== undefined) {
      write.isUnjournaled = true;
      this.#unjournaled.push(write);
    }
    this.#schedule();
  }

  /** Something is pending: sees to it that it will be written though nobody asks. */
  #schedule(): void {
    if (this.#refusal !== undefined) return;
    const { sync, intervalMs } = this.#options;
    if (sync === "always" && this.#frame === undefined) {
      this.#immediate ??= setImmediate(() => this.#synchronize());
    }
    if (this.#timer !== undefined || this.#checkpoint !== undefined) return;
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
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
    this.#isCheckpointDue = false;
  }

  /**
   * Undefined when everything touched since the last call is durable; otherwise a promise of that.
   * @throws StorageError as a rejection
   */
  settle(): Promise<void> | undefined {
    const touched = this.#touched;
    this.#touched = 0;
    if (touched <= this.#durable) return undefined;
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    let durable: Promise<void> | undefined;
    if (this.#options.sync === "interval") {
      if (!this.#append(this.#journal!)) return Promise.reject(this.#refusal);
      if (this.#isMuch()) this.#synchronize();
    } else {
      durable = touched === this.#generation ? this.#gathered.promise : this.#frame?.done.promise;
    }
    return this.#isTooMuch() ? this.#whenRoom(durable) : durable;
  }

  /** Writers wait for the database, so that no more writes come than it takes. */
  async #whenRoom(durable: Promise<void> | undefined): Promise<void> {
    await durable;
    while (this.#isTooMuch()) {
      // A checkpoint begins with the synchronization of the journal.
      const step = this.#checkpoint?.step ?? this.#frame?.done;
      if (step === undefined) return;
      // Where it fails: these writes are as durable as promised.
      await step.promise.catch(ignore);
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
      this.#dirty.length >= CHECKPOINT_WRITES ||
      this.overlay.bytes >= mostBytes ||
      this.#journalBytes >= mostBytes
    );
  }

  #isPending(): boolean {
    return this.#dirty.length > 0 || this.#isClearDirty;
  }

  #hasUnjournaled(): boolean {
    return this.#unjournaled.length > 0 || this.#isClearUnjournaled;
  }

  /** Writes to the journal what is not in it yet. @returns false when that failed */
  #append(journal: Journal): boolean {
    // What is broken in front of a whole frame is taken for damage (journal-format.ts).
    assert(
      this.#options.sync === "interval" || journal.isSynchronized,
      "a frame is begun when all before it is on disk",
    );
    if (this.#isClearUnjournaled) journal.removeAll();
    for (const write of this.#unjournaled) {
      write.isUnjournaled = false;
      const { key, record } = write;
      if (record === undefined) journal.remove(key);
      else journal.put(key, record);
    }
    this.#isClearUnjournaled = false;
    this.#unjournaled = [];
    try {
      journal.append();
      // With `always` that is done in the course of the synchronization, which nobody but the writers waits for.
      if (this.#options.sync === "interval") journal.writeLarge();
    } catch (error) {
      this.#fail(new StorageError(`writing to the journal failed: ${(error as Error).message}`));
      return false;
    }
    if (this.#options.sync === "interval") this.#durable = this.#generation;
    this.#generation++;
    return true;
  }

  /**
   * Writes to the journal what is not in it yet, and synchronizes it, if it is not being synchronized now: then
   * this comes again when that is done. Begins a checkpoint if one is due and none is under way.
   */
  #synchronize(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    const journal = this.#journal;
    if (this.#refusal !== undefined || this.#frame !== undefined || journal === undefined) return;
    const begins =
      this.#isPending() && this.#checkpoint === undefined && (this.#isCheckpointDue || this.#isMuch());
    if (!begins && !(this.#options.sync === "always" && this.#hasUnjournaled())) return;
    const frame: Frame = { generation: this.#generation, done: this.#gathered };
    if (!this.#append(journal)) return;
    const checkpoint = begins ? this.#beginCheckpoint(journal.rotate()) : undefined;
    this.#frame = frame;
    this.#gathered = promise();
    journal.synchronize().then(
      () => this.#synchronized(frame, checkpoint),
      (error: Error) => {
        if (this.#frame !== frame) return;
        const isWriting = error instanceof StorageError;
        this.#fail(
          isWriting ? error : new StorageError(`synchronizing the journal failed: ${error.message}`),
        );
      },
    );
  }

  #synchronized(frame: Frame, checkpoint: Checkpoint | undefined): void {
    // Something else has failed meanwhile.
    if (this.#frame !== frame) return;
    this.#frame = undefined;
    this.#durable = Math.max(this.#durable, frame.generation);
    frame.done.resolve();
    if (checkpoint !== undefined) this.#handOver(checkpoint);
    if (this.#isMuch()) this.#synchronize();
    else if (this.#hasUnjournaled() || this.#isCheckpointDue) this.#synchronizeAfterPoll();
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

  // ---- checkpoints

  /** @param journalSequence the last journal file that has what is pending */
  #beginCheckpoint(journalSequence: number): Checkpoint {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isCheckpointDue = false;
    const writes = inKeyOrder(this.#dirty);
    const records = new Array<Uint8Array | undefined>(writes.length);
    const expiries = new Float64Array(writes.length);
    for (let i = 0; i < writes.length; i++) {
      const write = writes[i]!;
      write.isDirty = false;
      // What the key is given from now on belongs to the next checkpoint: its place in the journal comes later.
      records[i] = write.record;
      expiries[i] = write.expiresAtMs;
    }
    const isCleared = this.#isClearDirty;
    this.#dirty = [];
    this.#isClearDirty = false;
    this.#checkpoint = { writes, records, expiries, isCleared, journalSequence, handed: 0, step: promise() };
    return this.#checkpoint;
  }

  /** Hands the next writes of a checkpoint to the database. */
  #handOver(checkpoint: Checkpoint): void {
    const { writes, expiries, handed: from, journalSequence } = checkpoint;
    const to = Math.min(from + STEP_WRITES, writes.length);
    this.#tables
      .commit(checkpoint, from, to, to === writes.length ? journalSequence : undefined)
      .then(() => this.#handedOver(checkpoint, to))
      .catch((error: StorageError) => {
        if (this.#checkpoint === checkpoint) this.#fail(error);
      });
    for (let i = from; i < to; i++) writes[i]!.committedExpiresAtMs = expiries[i]!;
  }

  #handedOver(checkpoint: Checkpoint, to: number): void {
    // After a failure in between, pending writes are what the journal holds, and stay.
    if (this.#checkpoint !== checkpoint) return;
    const { writes, handed: from, step } = checkpoint;
    checkpoint.isCleared = false;
    checkpoint.handed = to;
    for (let i = from; i < to; i++) if (!writes[i]!.isDirty) this.overlay.remove(writes[i]!);
    if (to < writes.length) {
      checkpoint.step = promise();
      this.#handOver(checkpoint);
    } else {
      this.#checkpoint = undefined;
      this.#checkpoints++;
      this.#journal?.discard(checkpoint.journalSequence);
      if (this.#isPending()) this.#schedule();
      if (this.#isMuch()) this.#synchronize();
    }
    step.resolve();
  }

  // ---- the end

  #fail(error: StorageError): void {
    this.#refusal = new StorageError(`no writes are taken any more, since ${error.message}`);
    this.#unschedule();
    const frame = this.#frame;
    const checkpoint = this.#checkpoint;
    this.#frame = undefined;
    this.#checkpoint = undefined;
    this.#journal?.giveUp(this.#options.sync === "always");
    this.#forget();
    const isLost = this.#touched > this.#durable;
    this.#onFailure(error);
    // All that is left is durable; what was touched before is not.
    this.overlay.forEach((write) => {
      write.generation = 0;
    });
    this.#clearGeneration = 0;
    this.#durable = this.#generation;
    this.#touched = isLost ? Number.POSITIVE_INFINITY : 0;
    frame?.done.reject(error);
    checkpoint?.step.reject(error);
    this.#gathered.reject(error);
  }

  #forget(): void {
    this.overlay.clear();
    this.#dirty = [];
    this.#unjournaled = [];
    this.#isClearDirty = false;
    this.#isClearUnjournaled = false;
  }

  /** Waits until everything pending is in the database, then ends. @throws StorageError when that fails */
  async close(): Promise<void> {
    const isFailed = this.#refusal !== undefined;
    try {
      while (
        !isFailed &&
        (this.#frame !== undefined || this.#checkpoint !== undefined || this.#isPending())
      ) {
        this.#isCheckpointDue = true;
        this.#synchronize();
        await (this.#frame?.done ?? this.#checkpoint?.step)?.promise;
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

/** Writes that become durable together. */
interface Frame {
  readonly generation: number;
  readonly done: PromiseWithResolvers<void>;
}

/** A checkpoint begins before the interval's end when so many writes or this share of the memory are pending. */
const CHECKPOINT_WRITES = 16_384;
const CHECKPOINT_SHARE = 1 / 8;

/** Writers wait while so many keys have pending writes (a step of `SCAN` looks at all), or this share. */
const WAIT_WRITES = 65_536;
const WAIT_SHARE = 1 / 4;

/** Writes of one transaction of a checkpoint: to hand them over takes mostly one to four milliseconds. */
const STEP_WRITES = 256;

/**
 * Writes in about the order in which the database keeps their keys, so that each transaction of a checkpoint
 * changes pages that lie together.
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

/** A promise whose rejection need not be looked at. */
function promise(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>();
  resolvers.promise.catch(ignore);
  return resolvers;
}

function ignore(): void {}
