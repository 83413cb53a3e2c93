import { assert } from "../../lib/assert.ts";
import { fromUtf8 } from "../../lib/bytes.ts";
import { mergeFamilies } from "./family-merge.ts";
import { FAMILY_NAME_BYTES, FamilyNames, type FullPlace } from "./family-names.ts";
import { KeySlots } from "./key-slots.ts";
import { SpaceSaving } from "./space-saving.ts";
import { WordPlaces, type WordPlacesOptions } from "./word-places.ts";

/** The row of all keys whose families have no row of their own. */
export const OTHERS = 0;

/** A reference has 31 bits: 16 for the row, 15 for its generation. */
const ROWS = 2 ** 16;
const GENERATIONS = 2 ** 15;

const RECENT_KEYS = 4096;
const RECENT_MS = 60_000;

/** What is known of each row, and follows when rows change. */
export interface RowFigures {
  requestsOf(row: number): number;
  /** A row is given up: the heir gets what it had, and it gets nothing. */
  inherit(row: number, heir: number): void;
  /** Rows are about to be given up because their families are one; entries that refer to them get the new ones. */
  merge(heirs: ReadonlyMap<number, number>): void;
}

/**
 * Rows for the families with the most requests, numbers from 1 on; `OTHERS` for all other ones. Families compete for
 * rows by Space-Saving.
 */
export class FamilyRows {
  readonly capacity: number;
  readonly #figures: RowFigures;
  readonly #places: WordPlaces;
  readonly #names: FamilyNames;
  /** Rows by name. */
  readonly #rows: KeySlots;
  readonly #competition: SpaceSaving;
  /** Counts the families that a row has had, because entries may still refer to an earlier one. */
  readonly #generations: Int32Array;
  /**
   * The families of keys asked for recently, by hash and length. Two keys may be mistaken for each other, one in a
   * million; that is less than what sampling errs. They are forgotten every minute, so that the places of keys which
   * are often asked for are not taken for unused.
   */
  readonly #recentHashes = new Int32Array(RECENT_KEYS);
  readonly #recentLengths = new Int32Array(RECENT_KEYS).fill(-1);
  readonly #recentFamilies = new Int32Array(RECENT_KEYS);
  #recentSinceMs: number;

  /** @param capacity how many families have a row */
  constructor(capacity: number, options: WordPlacesOptions, figures: RowFigures, nowMs: number) {
    assert(capacity >= 1 && capacity < ROWS, `there must be from 1 to ${ROWS - 1} families, not ${capacity}`);
    this.capacity = capacity;
    this.#figures = figures;
    this.#places = new WordPlaces(options);
    this.#names = new FamilyNames(this.#places, (full) => this.#merge(full));
    this.#rows = new KeySlots(capacity, FAMILY_NAME_BYTES);
    this.#competition = new SpaceSaving(capacity, capacity);
    this.#generations = new Int32Array(capacity + 1);
    this.#recentSinceMs = nowMs;
  }

  /**
   * Returns the row of the family of the key bytes[start, end).
   * @param hash of the key, 32 bits
   * @param amount what the family gains in the competition
   */
  requested(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    amount: number,
    nowMs: number,
  ): number {
    if (Math.abs(nowMs - this.#recentSinceMs) >= RECENT_MS) {
      this.#recentSinceMs = nowMs;
      this.#recentLengths.fill(-1);
    }
    const at = hash & (RECENT_KEYS - 1);
    if (this.#recentHashes[at] === (hash | 0) && this.#recentLengths[at] === end - start) {
      const known = this.rowOfReference(this.#recentFamilies[at]!);
      if (known !== OTHERS) {
        this.#competition.add(known, amount, 0);
        return known;
      }
    }
    const row = this.rowOf(bytes, start, end, amount, nowMs);
    this.#recentHashes[at] = hash;
    this.#recentLengths[at] = end - start;
    this.#recentFamilies[at] = this.reference(row);
    return row;
  }

  /** Returns the row of the key's family by reading the key. */
  rowOf(bytes: Uint8Array, start: number, end: number, amount: number, nowMs: number): number {
    const names = this.#names;
    names.read(bytes, start, end, nowMs);
    const row = this.#rows.find(names.hash, names.name, 0, names.length);
    if (row !== 0) {
      this.#competition.add(row, amount, 0);
      return row;
    }
    if (!this.#competition.admits(names.hash, amount, 0)) return OTHERS;
    const evicted = this.#competition.makeRoom();
    if (evicted !== 0) this.#giveUp(evicted, OTHERS);
    const entering = this.#rows.add(names.hash, names.name, 0, names.length);
    this.#competition.enter(entering, names.hash, amount, 0);
    return entering;
  }

  /** What an entry remembers of its family: the row and its generation. At least 0. */
  reference(row: number): number {
    return this.#generations[row]! * ROWS + row;
  }

  /** Returns the row, or `OTHERS` if another family has it by now. */
  rowOfReference(reference: number): number {
    const row = reference % ROWS;
    return Math.floor(reference / ROWS) === this.#generations[row] ? row : OTHERS;
  }

  nameOf(row: number): string {
    return fromUtf8(this.#rows.bytesOf(row));
  }

  /** Visits all rows but `OTHERS`. */
  forEach(visit: (row: number) => void): void {
    this.#rows.forEach(visit);
  }

  /** Multiplies what families have gained in the competition. */
  scale(factor: number): void {
    this.#competition.scale(factor);
  }

  #giveUp(row: number, heir: number): void {
    this.#figures.inherit(row, heir);
    this.#rows.remove(row);
    this.#generations[row] = (this.#generations[row]! + 1) % GENERATIONS;
  }

  #merge(full: FullPlace): void {
    const heirs = mergeFamilies(full, this.#rows, this.#places, (row) => this.#figures.requestsOf(row));
    if (heirs.size === 0) return;
    this.#figures.merge(heirs);
    for (const [row, heir] of heirs) {
      this.#competition.give(row, heir);
      this.#giveUp(row, heir);
    }
  }
}
