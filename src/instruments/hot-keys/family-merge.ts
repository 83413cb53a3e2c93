import { equalBytes } from "../../lib/bytes.ts";
import { type FullPlace, hashName } from "./family-names.ts";
import { endOfPart, STAR } from "./key-parts.ts";
import type { KeySlots } from "./key-slots.ts";
import type { WordPlaces } from "./word-places.ts";

/** A word with so much of the requests at its place may remain a word. */
const LARGE_SHARE = 0.05;
/** A word that leads on to so many families is not an id. */
const OWN_FAMILIES = 4;

interface Word {
  readonly hash: number;
  readonly end: number;
  readonly rows: number[];
  requests: number;
  /** What follows the word has ids in it. */
  leadsToIds: boolean;
}

/**
 * Merges families whose names have a word at a place that has turned out to have ids: `tenant7x:user` and
 * `tenant8y:user` become `*:user`. A word remains if it has much of the requests there and leads on to ids or several
 * families, as the name of a part of the data does, and a large tenant. So somebody who sends random keys
 * does not merge what is much used.
 * @returns for each row to give up, the one that gets what it had. Other rows may have another name now.
 */
export function mergeFamilies(
  { place, prefix, isLeaf }: FullPlace,
  rows: KeySlots,
  places: WordPlaces,
  requestsOf: (row: number) => number,
): Map<number, number> {
  const words = wordsAt(prefix, isLeaf, rows, requestsOf);
  const total = words.reduce((sum, { requests }) => sum + requests, 0);
  const isKept = ({ requests, leadsToIds, rows: { length } }: Word): boolean =>
    !isLeaf && requests >= LARGE_SHARE * total && (leadsToIds || length >= OWN_FAMILIES);
  places.keep(
    place,
    words.filter(isKept).map(({ hash }) => hash),
  );
  const heirs = new Map<number, number>();
  for (const word of words) {
    if (isKept(word)) continue;
    for (const row of word.rows) {
      const heir = rename(row, prefix.length, word.end, rows);
      if (heir !== row) heirs.set(row, heir);
    }
  }
  return heirs;
}

/** Finds the words that stand behind the prefix, with their families. */
function wordsAt(
  prefix: Uint8Array,
  isLeaf: boolean,
  rows: KeySlots,
  requestsOf: (row: number) => number,
): Word[] {
  const words = new Map<number, Word>();
  rows.forEach((row) => {
    const name = rows.bytesOf(row);
    const from = prefix.length;
    if (name.length <= from || !equalBytes(prefix, 0, from, name, 0)) return;
    const end = endOfPart(name, from, name.length);
    const isStar = end === from + 1 && name[from] === STAR;
    if (end === from || isStar || (end === name.length) !== isLeaf) return;
    const hash = hashName(name, 0, end);
    const word = words.get(hash) ?? { hash, end, rows: [], requests: 0, leadsToIds: false };
    words.set(hash, word);
    word.rows.push(row);
    word.requests += requestsOf(row);
    word.leadsToIds ||= name.indexOf(STAR, end) >= 0;
  });
  return [...words.values()];
}

/** Puts `*` for the word name[from, to) of a row. @returns the row that has the new name: another one, or the same */
function rename(row: number, from: number, to: number, rows: KeySlots): number {
  const name = rows.bytesOf(row);
  const merged = new Uint8Array(name.length - (to - from) + 1);
  merged.set(name.subarray(0, from));
  merged[from] = STAR;
  merged.set(name.subarray(to), from + 1);
  const hash = hashName(merged, 0, merged.length);
  const heir = rows.find(hash, merged, 0, merged.length);
  if (heir !== 0) return heir;
  rows.rename(row, hash, merged, 0, merged.length);
  return row;
}
