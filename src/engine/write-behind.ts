import { StorageError } from "./engine.ts";
import { discardJournal, Journal } from "./journal.ts";
import { Overlay, type PendingWrite } from "./overlay.ts";
import type { Tables } from "./tables.ts";

export interface WriteBehindOptions {
  readonly directory: string;
  /** Whether writers wait for the disk, or for the journal only. */
  readonly sync: "always" | "interval";
  /** How long `interval` lets writes wait for the database, in milliseconds. */
  readonly intervalMs: number;
  /** Memory for pending writes. Beyond a quarter of it, writers wait also with `interval`. */
  readonly pendingBytes: number;
}

/**
 * Brings writes to disk behind the back of who makes them: keeps them in an overlay, hands all that is pending to
 * the database in one transaction, and the next ones when that has been committed.
 *
 * Writes belong to generations, numbered from 1; a generation becomes durable as a whole. With `always` it is the
 * writes of one transaction, with `interval` those of one frame of the journal. What is touched between two calls
 * of `settle` is remembered as the newest generation among it.
 */
export class WriteBehind {
  readonly overlay = new Overlay();
  readonly #tables: Tables;
  readonly #options: WriteBehindOptions;
  readonly #onFailure: () => void;
  #journal: Journal | undefined;
  #refusal: StorageError | undefined = new StorageError("the storage is not open yet");

  /** Changed since they were handed to the database. */
  #dirty: PendingWrite[] = [];
  /** Changed since they were written to the journal. */
  #unjournaled: PendingWrite[] = [];
  /** Everything was removed, before the dirty writes, since the last hand-over. */
  #isClearDirty = false;
  #isClearUnjournaled = false;
  #clearGeneration = 0;
  /** The transaction under way. */
  #commit: Commit | undefined;
  #commits = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** The generation of writes made now. */
  #generation = 1;
  #durable = 0;
  #touched = 0;
  /** Settled with the generation of writes made now, where that is a transaction. */
  #opened = promise();

  /**
   * @param onFailure told when something could not be written: all pending writes are forgotten then, those in
   * the journal are to be added again
   */
  constructor(tables: Tables, options: WriteBehindOptions, onFailure: () => void) {
    this.#tables = tables;
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Why no writes are taken: not begun, failed or ended. */
  get refusal(): StorageError | undefined {
    return this.#refusal;
  }

  /** How many transactions have been committed. */
  get commits(): number {
    return this.#commits;
  }

  /** Bytes of the journal on disk. */
  get journalBytes(): number {
    return this.#journal?.bytes ?? 0;
  }

  /**
   * Begins: commits the writes added so far, which are those that the journal held.
   * @param sequence number of the last journal file that there was
   */
  async start(sequence: number): Promise<void> {
    const { directory, sync } = this.#options;
    if (sequence > this.#tables.journalSequence()) await this.#commitPending(sequence).done.promise;
    discardJournal(directory, sequence);
    if (sync === "interval") this.#journal = new Journal(directory, sequence + 1);
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
    if (!this.#isClearDirty && this.#commit?.isCleared !== true) return false;
    this.#touch(this.#clearGeneration);
    return true;
  }

  /** Everything that is pending counts as touched. */
  touchAll(): void {
    if (this.#isPending()) this.#touch(this.#generation);
    else if (this.#commit !== undefined) this.#touch(this.#commit.generation);
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

  #schedule(): void {
    if (this.#commit !== undefined || this.#refusal !== undefined) return;
    if (this.#journal === undefined) {
      this.#immediate ??= setImmediate(() => this.#flush());
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#flush(), this.#options.intervalMs);
      // What waits for it is in the journal already: a process may end without it.
      this.#timer.unref();
    }
  }

  #unschedule(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
  }

  /**
   * Undefined when everything touched since the last call is durable; otherwise a promise of that.
   * @throws StorageError as a rejection
   */
  settle(): Promise<void> | undefined {
    const touched = this.#touched;
    this.#touched = 0;
    if (touched <= this.#durable) return undefined;
    if (this.#journal !== undefined) return this.#settleInJournal(this.#journal);
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return touched === this.#generation ? this.#opened.promise : this.#commit?.done.promise;
  }

  #settleInJournal(journal: Journal): Promise<void> | undefined {
    if (!this.#append(journal)) return Promise.reject(this.#refusal);
    if (this.#isMuch(journal)) this.#flush();
    if (!this.#isTooMuch(journal)) return undefined;
    // The writes are as durable as promised; the wait is so that no more come than the disk takes.
    return this.#commit?.done.promise.catch(ignore);
  }

  /** Whether so much is pending that writers have to wait. */
  #isTooMuch(journal: Journal): boolean {
    const { pendingBytes } = this.#options;
    return (
      this.#dirty.length >= WAIT_WRITES ||
      this.overlay.bytes >= pendingBytes / 4 ||
      journal.bytes >= pendingBytes / 4
    );
  }

  /** Whether more is pending than should wait for the interval's end. */
  #isMuch(journal: Journal): boolean {
    return (
      this.#dirty.length >= FLUSH_WRITES ||
      this.overlay.bytes >= FLUSH_BYTES ||
      journal.bytes >= FLUSH_JOURNAL_BYTES
    );
  }

  /** Writes to the journal what is not in it yet. @returns false when that failed, now or before */
  #append(journal: Journal): boolean {
    if (this.#refusal !== undefined) return false;
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
    } catch (error) {
      this.#fail(new StorageError(`writing to the journal failed: ${(error as Error).message}`));
      return false;
    }
    this.#durable = this.#generation++;
    return true;
  }

  /** Hands what is pending to the database, if no transaction is under way. */
  #flush(): void {
    this.#unschedule();
    if (this.#refusal !== undefined || this.#commit !== undefined || !this.#isPending()) return;
    if (this.#journal === undefined) this.#commitPending(undefined);
    else if (this.#append(this.#journal)) this.#commitPending(this.#journal.rotate());
  }

  #isPending(): boolean {
    return this.#dirty.length > 0 || this.#isClearDirty;
  }

  #commitPending(journalSequence: number | undefined): Commit {
    const commit: Commit = {
      writes: this.#dirty,
      isCleared: this.#isClearDirty,
      generation: this.#generation++,
      journalSequence,
      done: this.#opened,
    };
    this.#commit = commit;
    this.#opened = promise();
    this.#dirty = [];
    this.#isClearDirty = false;
    this.#tables.commit(commit.writes, commit.isCleared, journalSequence).then(
      () => this.#committed(commit),
      (error: StorageError) => {
        if (this.#commit === commit) this.#fail(error);
      },
    );
    for (const write of commit.writes) {
      write.isDirty = false;
      write.committedExpiresAtMs = write.expiresAtMs;
    }
    return commit;
  }

  #committed(commit: Commit): void {
    // After a failure in between, pending writes are what the journal holds, and stay.
    if (this.#commit !== commit) return;
    this.#commit = undefined;
    this.#commits++;
    this.#durable = Math.max(this.#durable, commit.generation);
    for (const write of commit.writes) if (!write.isDirty) this.overlay.remove(write);
    if (commit.journalSequence !== undefined) this.#journal?.discard(commit.journalSequence);
    commit.done.resolve();
    if (!this.#isPending()) return;
    if (this.#journal === undefined || this.#isMuch(this.#journal)) this.#flush();
    else this.#schedule();
  }

  #fail(error: StorageError): void {
    this.#refusal = new StorageError(`no writes are taken any more, since ${error.message}`);
    this.#unschedule();
    const commit = this.#commit;
    this.#commit = undefined;
    this.#journal?.close();
    this.#forget();
    const isLost = this.#touched > this.#durable;
    this.#onFailure();
    // All that is left is durable; what was touched before is not.
    this.overlay.forEach((write) => {
      write.generation = 0;
    });
    this.#clearGeneration = 0;
    this.#durable = this.#generation;
    this.#touched = isLost ? Number.POSITIVE_INFINITY : 0;
    commit?.done.reject(error);
    this.#opened.reject(error);
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
      while (!isFailed && (this.#commit !== undefined || this.#isPending())) {
        this.#flush();
        await this.#commit?.done.promise;
        if (this.#refusal !== undefined) throw this.#refusal;
      }
    } finally {
      this.#unschedule();
      this.#refusal ??= new StorageError("the storage is closed");
      this.#journal?.close();
    }
  }
}

/** Pending writes on their way into the database. */
interface Commit {
  readonly writes: readonly PendingWrite[];
  /** Everything is removed first. */
  readonly isCleared: boolean;
  readonly generation: number;
  /** The last journal file that is contained. */
  readonly journalSequence: number | undefined;
  readonly done: PromiseWithResolvers<void>;
}

/** With `interval`, a transaction begins before the interval's end when this much is pending. */
const FLUSH_WRITES = 4096;
const FLUSH_BYTES = 4 * 1024 ** 2;
const FLUSH_JOURNAL_BYTES = 16 * 1024 ** 2;

/** With `interval`, writers wait while so many writes do: to hand them all over takes some 20 ms. */
const WAIT_WRITES = 16_384;

/** A promise whose rejection need not be looked at. */
function promise(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>();
  resolvers.promise.catch(ignore);
  return resolvers;
}

function ignore(): void {}
