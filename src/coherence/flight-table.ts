import type { KeyRef } from "../lib/key-ref.ts";
import type { Flight } from "./flight.ts";
import { isSameVariant, type Variant } from "./variant.ts";

/** A power of two, larger than the usual number of flights at once, so that chains stay short. */
const BUCKETS = 4096;

/**
 * The fills under way that further misses may join, at most one per key and question. The table finds them by the
 * key's hash and compares bytes: making a string of each key would cost more than everything else here.
 *
 * It has its own buckets because a `Map` that is filled and emptied all the time left garbage that only a full
 * collection freed; the heap grew by hundreds of megabytes in between.
 */
export class FlightTable<Asked extends Variant> {
  /** Flights in one bucket are linked by `next`. */
  readonly #buckets: (Flight<Asked> | undefined)[] = new Array<Flight<Asked> | undefined>(BUCKETS).fill(
    undefined,
  );
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(key: KeyRef, variant: Asked): Flight<Asked> | undefined {
    let flight = this.first(key);
    while (flight !== undefined && !isSameVariant(flight.variant, variant)) flight = this.after(flight);
    return flight;
  }

  /** Returns the first flight of this key, with any question; `after` returns the others. */
  first(key: KeyRef): Flight<Asked> | undefined {
    return nextOf(this.#buckets[key.hash & (BUCKETS - 1)], key);
  }

  /** Returns the next flight of the same key. */
  after(flight: Flight<Asked>): Flight<Asked> | undefined {
    return nextOf(flight.next, flight.key);
  }

  /** Adds a flight. The table must hold none of the same key and question. */
  add(flight: Flight<Asked>): void {
    const bucket = flight.key.hash & (BUCKETS - 1);
    flight.next = this.#buckets[bucket];
    this.#buckets[bucket] = flight;
    this.#size++;
  }

  /**
   * Removes this flight if the table still holds it. After an invalidation another flight may have taken its place.
   */
  remove(flight: Flight<Asked>): void {
    const bucket = flight.key.hash & (BUCKETS - 1);
    let before: Flight<Asked> | undefined;
    let at = this.#buckets[bucket];
    while (at !== undefined && at !== flight) {
      before = at;
      at = at.next;
    }
    if (at === undefined) return;
    if (before === undefined) this.#buckets[bucket] = flight.next;
    else before.next = flight.next;
    flight.next = undefined;
    this.#size--;
  }

  /** Removes the flights that meet a condition. */
  removeIf(isGone: (flight: Flight<Asked>) => boolean): void {
    for (let flight of this.#buckets) {
      while (flight !== undefined) {
        const { next } = flight as Flight<Asked>;
        if (isGone(flight)) this.remove(flight);
        flight = next;
      }
    }
  }

  clear(): void {
    this.#buckets.fill(undefined);
    this.#size = 0;
  }
}

/** Returns the first flight of a key in the rest of a chain. */
function nextOf<Asked extends Variant>(
  from: Flight<Asked> | undefined,
  key: KeyRef,
): Flight<Asked> | undefined {
  let flight = from;
  while (flight !== undefined && !flight.key.equals(key)) flight = flight.next;
  return flight;
}
