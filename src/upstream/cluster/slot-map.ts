import { HASH_SLOTS } from "../../lib/hash-slot.ts";
import { SharedText } from "../../lib/shared-text.ts";
import { MOST_NODES } from "../origin.ts";
import type { Primary } from "./topology.ts";

const VERSION = 0;
const OWNERS_AT = 8;
const NAMES_AT = OWNERS_AT + HASH_SLOTS * 2;
const MOST_NAMES_BYTES = MOST_NODES * 512;

/** The number of no primary: nobody knows who owns the slot. */
export const UNKNOWN = 0;

/** A change of hands: the slot's owner is now the primary; undefined: nobody knows. */
export interface Assignment {
  readonly slot: number;
  readonly primary: Primary | undefined;
}

/**
 * Who owns which hash slot, in memory that all threads of a proxy share. What one thread learns, all others act on from
 * the next request on: none goes on asking a primary that was replaced, after another thread has had a write
 * acknowledged by the one that replaced it.
 *
 * Primaries have numbers from 1 on. Only when all have been given, those of primaries that own nothing are given anew.
 */
export class SlotMap {
  /** The number of each slot's owner. */
  readonly owners: Uint16Array;
  readonly #version: Int32Array;
  readonly #names: SharedText;
  #primaries: readonly (Primary | undefined)[] = [];
  #readVersion = -1;

  constructor(memory: SharedArrayBuffer) {
    this.#version = new Int32Array(memory, 0, 1);
    this.owners = new Uint16Array(memory, OWNERS_AT, HASH_SLOTS);
    this.#names = new SharedText(memory, NAMES_AT);
  }

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(NAMES_AT + SharedText.bytes(MOST_NAMES_BYTES));
  }

  /** Grows with each change by any thread. */
  get version(): number {
    return Atomics.load(this.#version, VERSION);
  }

  ownerOf(slot: number): number {
    return Atomics.load(this.owners, slot);
  }

  /** The primaries by their numbers. */
  get primaries(): readonly (Primary | undefined)[] {
    if (this.#readVersion !== this.#names.version) {
      const { version, text } = this.#names.read();
      this.#primaries =
        text === "" ? [] : (JSON.parse(text) as (Primary | null)[]).map((one) => one ?? undefined);
      this.#readVersion = version;
    }
    return this.#primaries;
  }

  primaryOf(slot: number): Primary | undefined {
    return this.primaries[this.ownerOf(slot)];
  }

  /**
   * Notes changes of hands. The caller then drops what was fetched of the slots, before it asks their new owners.
   * @param seen primaries as they describe themselves now
   * @param isDue is asked again under the lock, with the present owner, whether a change is still due
   * @returns the slots whose owner has changed
   */
  assign(
    assignments: readonly Assignment[],
    seen: readonly Primary[],
    isDue: (assignment: Assignment, present: Primary | undefined) => boolean,
  ): number[] {
    return this.#names.locked(() => {
      const primaries = [...this.primaries];
      const before = JSON.stringify(primaries);
      for (const [number, primary] of primaries.entries()) {
        const now = primary && seen.find((one) => isSame(one, primary));
        if (now !== undefined) primaries[number] = now;
      }
      const numbers = new Map<Primary | undefined, number>([[undefined, UNKNOWN]]);
      const changes = new Map<number, number>();
      for (const assignment of assignments) {
        const { slot, primary } = assignment;
        if (!isDue(assignment, primaries[this.owners[slot]!])) continue;
        const number = numbers.get(primary) ?? this.#numberOf(primaries, primary!, changes);
        numbers.set(primary, number);
        if (this.owners[slot] !== number) changes.set(slot, number);
      }
      const after = JSON.stringify(primaries);
      if (after === before && changes.size === 0) return [];
      // The names first: a thread that sees a number must find its primary.
      if (after !== before) this.#names.write(after);
      for (const [slot, number] of changes) Atomics.store(this.owners, slot, number);
      Atomics.add(this.#version, VERSION, 1);
      return [...changes.keys()];
    });
  }

  /** Finds the primary's number, or gives it one. @param changes numbers that are about to be in use */
  #numberOf(
    primaries: (Primary | undefined)[],
    primary: Primary,
    changes: ReadonlyMap<number, number>,
  ): number {
    let number = primaries.findIndex((one) => one !== undefined && isSame(one, primary));
    if (number < 0) number = Math.max(1, primaries.length);
    if (number >= MOST_NODES) {
      const inUse = new Set([...this.owners, ...changes.values()]);
      number = primaries.findIndex((_, one) => one > 0 && !inUse.has(one));
      if (number < 0) throw new RangeError(`the cluster has more than ${MOST_NODES - 1} primaries`);
    }
    while (primaries.length < number) primaries.push(undefined);
    primaries[number] = primary;
    return number;
  }
}

/** What counts is where a node is reached: another one there has other connections. */
function isSame(one: Primary, other: Primary): boolean {
  return one.host === other.host && one.port === other.port;
}
