import type { Journal } from "./journal.ts";
import { Overlay, type PendingWrite } from "./overlay.ts";

/** The writes that the database does not have yet, and which of them the journal does not have either. */
export class PendingWrites {
  readonly overlay = new Overlay();
  /** Writes changed since the last checkpoint began. */
  #dirty: PendingWrite[] = [];
  /** Writes changed since they were last written to the journal. */
  #unjournaled: PendingWrite[] = [];
  /** Whether everything was removed since the last checkpoint began; the dirty writes came later. */
  #isClearDirty = false;
  #isClearUnjournaled = false;
  /** Whether there is a journal. What an earlier journal held is added before this one is made. */
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

  /** Notes that a write has been added or changed. */
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

  /** Records the removal of everything. */
  clear(): void {
    this.forget();
    this.#isClearDirty = true;
    this.#isClearUnjournaled = this.isJournaled;
  }

  /** Writes to the journal what it does not have yet. */
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

  /** Takes what a checkpoint that begins now must bring to the database. */
  takeDirty(): { readonly writes: PendingWrite[]; readonly isCleared: boolean } {
    const taken = { writes: this.#dirty, isCleared: this.#isClearDirty };
    for (const write of this.#dirty) write.isDirty = false;
    this.#dirty = [];
    this.#isClearDirty = false;
    return taken;
  }

  /** Forgets all pending writes, whether or not they reach the database. */
  forget(): void {
    this.overlay.clear();
    this.#dirty = [];
    this.#unjournaled = [];
    this.#isClearDirty = false;
    this.#isClearUnjournaled = false;
  }
}
