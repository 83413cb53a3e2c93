import type { Clock } from "../lib/clock.ts";
import type { GrowingEntry } from "../store/growing-entry.ts";
import type { Store } from "../store/store.ts";
import { type LargeWrite, OutOfMemoryError } from "./engine.ts";
import { recordLength, valueOffset, writeRecord } from "./record.ts";

const NOTHING = new Uint8Array(0);

/** A large value on its way into the arena of an engine that has nothing else. */
export class ArenaWrite implements LargeWrite {
  readonly #store: Store;
  readonly #growing: GrowingEntry;
  readonly #clock: Clock;
  readonly #expiresAtMs: number;

  constructor(store: Store, growing: GrowingEntry, clock: Clock, expiresAtMs: number) {
    this.#store = store;
    this.#growing = growing;
    this.#clock = clock;
    this.#expiresAtMs = expiresAtMs;
  }

  append(source: Uint8Array, start: number, end: number): void {
    // If everything was removed meanwhile, the value counts as stored just before that.
    if (!this.tryAppend(source, start, end) && !this.#growing.wasEmptied) throw outOfMemory();
  }

  /** Appends as `append`. @returns false when the value can never be complete */
  tryAppend(source: Uint8Array, start: number, end: number): boolean {
    return this.#growing.append(source, start, end, this.#clock.wallMs());
  }

  store(): void {
    if (!this.tryStore() && !this.#growing.wasEmptied) throw outOfMemory();
  }

  /** Stores as `store`. @returns false when the arena has kept the key's earlier entry */
  tryStore(): boolean {
    return this.#store.setGrown(this.#growing, this.#expiresAtMs, this.#clock.wallMs());
  }

  release(): void {
    this.#growing.release();
  }
}

/** A large value on its way into the overlay of pending writes, and into the arena as well if it has room. */
export class RecordWrite implements LargeWrite {
  readonly #record: Uint8Array;
  #at: number;
  readonly #arena: ArenaWrite | undefined;
  #isInArena: boolean;
  readonly #assign: (record: Uint8Array) => void;
  readonly #forget: () => void;

  /**
   * @param assign stores the record; if it throws, nothing has changed
   * @param forget removes the key from the arena
   */
  constructor(
    valueBytes: number,
    expiresAtMs: number,
    arena: ArenaWrite | undefined,
    assign: (record: Uint8Array) => void,
    forget: () => void,
  ) {
    this.#record = new Uint8Array(recordLength(valueBytes, expiresAtMs));
    writeRecord(this.#record, NOTHING, 0, 0, expiresAtMs);
    this.#at = valueOffset(this.#record);
    this.#arena = arena;
    this.#isInArena = arena !== undefined;
    this.#assign = assign;
    this.#forget = forget;
  }

  append(source: Uint8Array, start: number, end: number): void {
    this.#record.set(source.subarray(start, end), this.#at);
    this.#at += end - start;
    if (this.#isInArena) this.#isInArena = this.#arena!.tryAppend(source, start, end);
  }

  store(): void {
    this.#assign(this.#record);
    if (!this.#isInArena || !this.#arena!.tryStore()) this.#forget();
  }

  release(): void {
    this.#arena?.release();
  }
}

function outOfMemory(): OutOfMemoryError {
  return new OutOfMemoryError("the memory budget is spent");
}
