import { equalBytes } from "../lib/bytes.ts";
import type { Flight } from "./flight.ts";

/**
 * The fills under way that further misses may join, at most one for each key. They are found by the key's hash and
 * told apart by its bytes: to make a string of each key would cost more than all else here.
 */
export class FlightTable {
  /** By hash, as a signed number; others of the same hash follow by `next`. */
  readonly #chains = new Map<number, Flight>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(bytes: Uint8Array, start: number, end: number, hash: number): Flight | undefined {
    let flight = this.#chains.get(hash | 0);
    while (flight !== undefined && !isFor(flight, bytes, start, end)) flight = flight.next;
    return flight;
  }

  /** There must be none of the same key. */
  add(flight: Flight): void {
    flight.next = this.#chains.get(flight.hash | 0);
    this.#chains.set(flight.hash | 0, flight);
    this.#size++;
  }

  /** Takes this very flight out, if it is there: another may have its place since an invalidation. */
  remove(flight: Flight): void {
    const hash = flight.hash | 0;
    const first = this.#chains.get(hash);
    if (first === flight) {
      if (flight.next === undefined) this.#chains.delete(hash);
      else this.#chains.set(hash, flight.next);
      this.#size--;
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next !== flight) continue;
      before.next = flight.next;
      this.#size--;
      return;
    }
  }

  clear(): void {
    this.#chains.clear();
    this.#size = 0;
  }
}

function isFor(flight: Flight, bytes: Uint8Array, start: number, end: number): boolean {
  const { key, keyStart, keyEnd } = flight;
  return keyEnd - keyStart === end - start && equalBytes(key, keyStart, keyEnd, bytes, start);
}
