import { PartWriter, STAR } from "./key-parts.ts";
import { ID, NOW_ID, type WordPlaces } from "./word-places.ts";

/** A longer name ends in `*`. */
export const FAMILY_NAME_BYTES = 96;
/** What follows after so many parts is one `*`. */
const PART_LIMIT = 8;
/** The longest name, and a part that turns out to be too much. */
const SCRATCH_BYTES = FAMILY_NAME_BYTES + 68;

/** FNV-1a, 32 bits (Fowler, Noll, Vo). Names are few, and nothing but accuracy depends on their hashes. */
const HASH_START = 0x811c_9dc5 | 0;
const HASH_FACTOR = 0x0100_0193;
/** Words that end a key are at another place than words that lead on. */
const LEAF_SALT = 0x5bd1_e995;

/** A place that has just turned out to have ids: name[0, partStart) stands before them. */
export interface FullPlace {
  readonly place: number;
  readonly prefix: Uint8Array;
  /** Whether its words end the keys. */
  readonly isLeaf: boolean;
}

/**
 * Finds the name of a key's family: its parts, with `*` for ids, such as `user:*:cart` for `user:17:cart`. An id is
 * what looks like one (`PartWriter`), and every word at a place with too many different words (`WordPlaces`). When
 * a place turns out to have ids, names change that have a word there; `onFullPlace` is told first.
 */
export class FamilyNames {
  /** The latest name is name[0, length). */
  readonly name: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  length = 0;
  /** Of the latest name. */
  hash = 0;
  readonly #writer = new PartWriter();
  readonly #places: WordPlaces;
  readonly #onFullPlace: (full: FullPlace) => void;

  constructor(places: WordPlaces, onFullPlace: (full: FullPlace) => void) {
    this.#places = places;
    this.#onFullPlace = onFullPlace;
  }

  /** Makes `name` that of the family of the key bytes[start, end). */
  read(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const { name } = this;
    const writer = this.#writer;
    let hash = HASH_START;
    let at = 0;
    let from = start;
    for (let parts = 1; ; parts++) {
      const partStart = at;
      at = writer.write(bytes, from, end, name, at);
      const to = writer.partEnd;
      if (at >= FAMILY_NAME_BYTES - 1 || (parts === PART_LIMIT && to < end)) {
        name[partStart] = STAR;
        this.length = partStart + 1;
        this.hash = hashName(name, partStart, this.length, hash);
        return;
      }
      const wordHash = hashName(name, partStart, at, hash);
      if (at > partStart && !(at === partStart + 1 && name[partStart] === STAR)) {
        const place = placeOf(hash, to === end);
        const found = this.#places.see(place, wordHash, nowMs);
        if (found === NOW_ID) {
          this.#onFullPlace({ place, prefix: name.slice(0, partStart), isLeaf: to === end });
        }
        // The place's owner may keep this very word, so it is asked again.
        if (found === ID || (found === NOW_ID && this.#places.see(place, wordHash, nowMs) === ID)) {
          name[partStart] = STAR;
          at = partStart + 1;
          hash = hashName(name, partStart, at, hash);
        } else hash = wordHash;
      } else hash = wordHash;
      if (to === end) break;
      name[at] = bytes[to]!;
      hash = hashName(name, at, at + 1, hash);
      at++;
      from = to + 1;
    }
    this.length = at;
    this.hash = hash;
  }
}

/** Returns the hash of name[0, end), given that of name[0, start). */
export function hashName(name: Uint8Array, start: number, end: number, hash: number = HASH_START): number {
  let h = hash;
  for (let at = start; at < end; at++) h = Math.imul(h ^ name[at]!, HASH_FACTOR);
  return h;
}

function placeOf(prefixHash: number, isLeaf: boolean): number {
  return isLeaf ? prefixHash ^ LEAF_SALT : prefixHash;
}
