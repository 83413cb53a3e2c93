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
 * Large entries are read and written little by little, with the lock released in between. Such an entry is pinned: if
 * it is evicted, overwritten or removed meanwhile, it leaves index and policy at once, but its chunks stay unchanged
 * until the last pin is gone. A row of the shard's pin table says which thread has pinned which entry, and how often,
 * so that the pins of a dead thread can be found. All functions expect the shard's lock to be held.
 *
 * Pinned entries are larger than a page, so their first chunk fills one. Such chunks never move, so a pinned entry
 * keeps its slot.
 */

const PIN_SLOT = 0;
const PIN_HOLDER = 1;
const PIN_COUNT = 2;
/** Incremented when the row is given up: pins with another serial are void. */
const PIN_SERIAL = 3;
const PIN_STATE = 4;

/** In the index, like any other entry. */
const RESIDENT = 0;
/** No longer in the index. */
const DETACHED = 1;
/** Not in the index yet. */
const GROWING = 2;

export const NO_PIN = -1;

/** The largest share of a shard that pinned entries may take, so that any other entry up to that size still fits. */
const PINNED_SHARE = 1 / 2;

/** @returns the row, for `unpin`; NO_PIN if too much is pinned already */
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

/** Pins an entry that is not in the index yet. @param chargedBytes its final size */
export function pinGrowing(memory: ShardMemory, slot: number, holder: number, chargedBytes: number): number {
  return addRow(memory, slot, holder, GROWING, chargedBytes);
}

/** Whether an entry of this size can be pinned now. */
export function mayPin(memory: ShardMemory, chargedBytes: number): boolean {
  const limit = memory.words[PAGE_LIMIT]! * memory.sizes.pageBytes * PINNED_SHARE;
  return memory.floats[PINS]! < PIN_ROWS && memory.floats[PINNED_BYTES]! + chargedBytes <= limit;
}

/** Pins the entry of a row once more. */
export function pinAgain(memory: ShardMemory, row: number): void {
  memory.words[rowWord(row) + PIN_COUNT]!++;
}

export function serialOf(memory: ShardMemory, row: number): number {
  return memory.words[rowWord(row) + PIN_SERIAL]!;
}

/** Notes that the growing entry of a row is now in the index. */
export function markResident(memory: ShardMemory, row: number): void {
  memory.words[rowWord(row) + PIN_STATE] = RESIDENT;
}

/** Notes that a pinned entry has left the index. */
export function detach(memory: ShardMemory, slot: number): void {
  const { words } = memory;
  for (let row = 0; row < PIN_ROWS; row++) {
    if (words[rowWord(row) + PIN_SLOT] === slot) words[rowWord(row) + PIN_STATE] = DETACHED;
  }
}

/** Voids all pins. Their memory is freed by other means. */
export function voidPins(memory: ShardMemory): void {
  const { words, floats } = memory;
  for (let row = 0; row < PIN_ROWS; row++) {
    if (words[rowWord(row) + PIN_SLOT] !== 0) clearRow(memory, row);
  }
  floats[PINNED_BYTES] = 0;
}

/** Visits the rows in use, for checks. */
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

/** @param chargedBytes 0 if the entry is pinned already */
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

/** Removes one pin. @returns whether it was the row's last one: the caller then calls `dropRow` */
export function releaseRow(memory: ShardMemory, row: number): boolean {
  return --memory.words[rowWord(row) + PIN_COUNT]! === 0;
}

/** Whether the entry of a row in use has left the index. */
export function isDetached(memory: ShardMemory, row: number): boolean {
  const at = rowWord(row);
  return memory.words[at + PIN_SLOT] !== 0 && memory.words[at + PIN_STATE] === DETACHED;
}

export function isHeldBy(memory: ShardMemory, row: number, holder: number): boolean {
  const at = rowWord(row);
  return memory.words[at + PIN_SLOT] !== 0 && memory.words[at + PIN_HOLDER] === holder;
}

/**
 * Removes a row. If no other row has its entry, the entry is no longer pinned; the caller subtracts its bytes.
 * @returns the slot of an entry that is no longer pinned, negative if its chunks must be freed; 0: none
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
