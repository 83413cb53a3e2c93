import type { Journal } from "./journal.ts";
import { Overlay, type PendingWrite } from "./overlay.ts";

/** What has been written and is not in the database yet, and which of it is not in the journal either. */
export class PendingWrites {
  readonly overlay = new Overlay();
  /** Changed since the last checkpoint began. */
  #dirty: PendingWrite[] = [];
  /** Changed since they were written to the journal. */
  #unjournaled: PendingWrite[] = [];
  /** Everything was removed, before the dirty writes, since the last checkpoint began. */
  #isClearDirty = false;
  #isClearUnjournaled = false;
  /** Whether there is a journal; what it held is added before it is made. */
  isJournaled = false;

  /** How many keys have changed since the last checkpoint began. */
  get dirtyCount(): number {
    return this.#dirty.length;
  }

  get isDirty(): boolean {
    return this.#dirty.length > 0 || this.#isClearDirty;
  }

  /** Whether everything was removed since the last checkpoint began. */
  get isCleared(): boolean {
    return this.#isClearDirty;
  }

  get hasUnjournaled(): boolean {
    return this.#unjournaled.length > 0 || this.#isClearUnjournaled;
  }

  /** A write has been added, or has changed. */
  changed(write: PendingWrite): void {
    if (!write.isDirty) {
      write.isDirty = true;
      this.#dirty.push(write);
    }
    if (!write.isUnjournaled && this.isJournaled) {
      write.isUnjournaled = true;
      this.#unjournaled.push(write);
    }
  }

  /** Everything is removed. */
  clear(): void {
    this.forget();
    this.#isClearDirty = true;
    this.#isClearUnjournaled = this.isJournaled;
  }

  /** Gives the journal what it does not have yet. */
  writeTo(journal: Journal): void {
    if (this.#isClearUnjournaled) journal.removeAll();
    for (const write of this.#unjournaled) {
      write.isUnjournaled = false;
      const { key, record } = write;
      if (record === undefined) journal.remove(key);
      else journal.put(key, record);
    }
    this.#isClearUnjournaled = false;
    this.#unjournaled = [];
  }

  /** What a checkpoint that begins now has to bring to the database. */
  takeDirty(): { readonly writes: PendingWrite[]; readonly isCleared: boolean } {
    const taken = { writes: this.#dirty, isCleared: this.#isClearDirty };
    for (const write of this.#dirty) write.isDirty = false;
    this.#dirty = [];
    this.#isClearDirty = false;
    return taken;
  }

  /** Nothing is pending any more, whatever comes of it. */
  forget(): void {
    this.overlay.clear();
    this.#dirty = [];
    this.#unjournaled = [];
    this.#isClearDirty = false;
    this.#isClearUnjournaled = false;
  }
}
