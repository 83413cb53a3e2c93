import { IS_PINNED, VALUE_BYTES } from "./entry-layout.ts";
import {
  PAGE_LIMIT,
  PIN_ROWS,
  PIN_TABLE,
  PIN_WORDS,
  PINNED_BYTES,
  PINS,
  type ShardMemory,
} from "./shard-memory.ts";

/**
 * Large entries are read and written little by little, with the lock released in between. Such an entry is pinned:
 * when it is evicted, overwritten or removed meanwhile it leaves index and policy at once, but its chunks stay as they
 * are until nobody holds it any more. A row of the shard's pin table tells which thread holds which entry and how
 * often, so that what a dead thread held is found. Called with the shard's lock held.
 *
 * Pinned entries are larger than a page, so their first chunk fills one, and chunks that fill a page never move: a
 * pinned entry keeps its slot.
 */

const PIN_SLOT = 0;
const PIN_HOLDER = 1;
const PIN_COUNT = 2;
/** Counts how often the row was given up: a hold on what it stood for before is void. */
const PIN_SERIAL = 3;
const PIN_STATE = 4;

/** In the index, as any other entry. */
const RESIDENT = 0;
/** Not in the index any more. */
const DETACHED = 1;
/** Not in the index yet. */
const GROWING = 2;

export const NO_PIN = -1;

/** Pinned entries take at most this share of a shard, so that there is room for any other entry up to that size. */
const PINNED_SHARE = 1 / 2;

/** @returns the row, which `unpin` takes back; NO_PIN where too much is pinned already */
export function pinEntry(memory: ShardMemory, slot: number, holder: number, chargedBytes: number): number {
  const { words } = memory;
  if ((words[slot * 2 + VALUE_BYTES]! & IS_PINNED) === 0) {
    return addRow(memory, slot, holder, RESIDENT, chargedBytes);
  }
  let state = RESIDENT;
  for (let row = 0; row < PIN_ROWS; row++) {
    const at = rowWord(row);
    if (words[at + PIN_SLOT] !== slot) continue;
    if (words[at + PIN_HOLDER] === holder) {
      words[at + PIN_COUNT]!++;
      return row;
    }
    state = words[at + PIN_STATE]!;
  }
  return addRow(memory, slot, holder, state, 0);
}

/** Pins an entry that is not in the index yet. @param chargedBytes what it is going to take */
export function pinGrowing(memory: ShardMemory, slot: number, holder: number, chargedBytes: number): number {
  return addRow(memory, slot, holder, GROWING, chargedBytes);
}

/** Whether an entry of this size could be pinned now. */
export function mayPin(memory: ShardMemory, chargedBytes: number): boolean {
  const limit = memory.words[PAGE_LIMIT]! * memory.sizes.pageBytes * PINNED_SHARE;
  return memory.floats[PINS]! < PIN_ROWS && memory.floats[PINNED_BYTES]! + chargedBytes <= limit;
}

/** Holds a row once more. */
export function pinAgain(memory: ShardMemory, row: number): void {
  memory.words[rowWord(row) + PIN_COUNT]!++;
}

export function serialOf(memory: ShardMemory, row: number): number {
  return memory.words[rowWord(row) + PIN_SERIAL]!;
}

/** The growing entry of a row is in the index from now on. */
export function settleGrowing(memory: ShardMemory, row: number): void {
  memory.words[rowWord(row) + PIN_STATE] = RESIDENT;
}

/** An entry that is pinned has left the index. */
export function detach(memory: ShardMemory, slot: number): void {
  const { words } = memory;
  for (let row = 0; row < PIN_ROWS; row++) {
    if (words[rowWord(row) + PIN_SLOT] === slot) words[rowWord(row) + PIN_STATE] = DETACHED;
  }
}

/** All holds are void; the memory is given back otherwise. */
export function voidPins(memory: ShardMemory): void {
  const { words, floats } = memory;
  for (let row = 0; row < PIN_ROWS; row++) {
    if (words[rowWord(row) + PIN_SLOT] !== 0) clearRow(memory, row);
  }
  floats[PINNED_BYTES] = 0;
}

/** Visits the rows in use: for checks. */
export function forEachPin(
  memory: ShardMemory,
  visit: (slot: number, isResident: boolean, isGrowing: boolean) => void,
): void {
  const { words } = memory;
  for (let row = 0; row < PIN_ROWS; row++) {
    const at = rowWord(row);
    const state = words[at + PIN_STATE];
    if (words[at + PIN_SLOT] !== 0) visit(words[at + PIN_SLOT]!, state === RESIDENT, state === GROWING);
  }
}

function rowWord(row: number): number {
  return PIN_TABLE + row * PIN_WORDS;
}

/** @param chargedBytes 0 where the entry is pinned already */
function addRow(
  memory: ShardMemory,
  slot: number,
  holder: number,
  state: number,
  chargedBytes: number,
): number {
  const { words, floats } = memory;
  if (!mayPin(memory, chargedBytes)) return NO_PIN;
  let row = 0;
  while (words[rowWord(row) + PIN_SLOT] !== 0) row++;
  const at = rowWord(row);
  words[at + PIN_SLOT] = slot;
  words[at + PIN_HOLDER] = holder;
  words[at + PIN_COUNT] = 1;
  words[at + PIN_STATE] = state;
  floats[PINS]!++;
  floats[PINNED_BYTES]! += chargedBytes;
  words[slot * 2 + VALUE_BYTES]! |= IS_PINNED;
  return row;
}

/** Lets go once. @returns whether that was the row's last hold: `dropRow` then */
export function releaseRow(memory: ShardMemory, row: number): boolean {
  return --memory.words[rowWord(row) + PIN_COUNT]! === 0;
}

/** Whether a row in use is of an entry that has left the index. */
export function isDetached(memory: ShardMemory, row: number): boolean {
  const at = rowWord(row);
  return memory.words[at + PIN_SLOT] !== 0 && memory.words[at + PIN_STATE] === DETACHED;
}

export function isHeldBy(memory: ShardMemory, row: number, holder: number): boolean {
  const at = rowWord(row);
  return memory.words[at + PIN_SLOT] !== 0 && memory.words[at + PIN_HOLDER] === holder;
}

/**
 * Takes a row out. Where no other one is of the same entry, that is pinned no longer; the caller takes its bytes off.
 * @returns the slot of an entry that is pinned no longer, negative when its chunks must be given back; 0 for none
 */
export function takeRow(memory: ShardMemory, row: number): number {
  const { words } = memory;
  const slot = words[rowWord(row) + PIN_SLOT]!;
  const isResident = words[rowWord(row) + PIN_STATE] === RESIDENT;
  clearRow(memory, row);
  for (let other = 0; other < PIN_ROWS; other++) if (words[rowWord(other) + PIN_SLOT] === slot) return 0;
  words[slot * 2 + VALUE_BYTES]! &= ~IS_PINNED;
  return isResident ? slot : -slot;
}

function clearRow(memory: ShardMemory, row: number): void {
  const { words, floats } = memory;
  words[rowWord(row) + PIN_SLOT] = 0;
  words[rowWord(row) + PIN_SERIAL]!++;
  floats[PINS]!--;
}
