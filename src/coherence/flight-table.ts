import type { KeyRef } from "../lib/key-ref.ts";
import type { Flight } from "./flight.ts";
import { isSameVariant, type Variant } from "./variant.ts";

/** A power of two: more than there usually are flights at once, so that chains are short. */
const BUCKETS = 4096;

/**
 * The fills under way that further misses may join, at most one for each question about a key. They are found by the
 * key's hash and told apart by bytes: to make a string of each key would cost more than all else here.
 *
 * Buckets of its own rather than a `Map`: with one that is filled and emptied for ever, what misses leave behind was
 * collected only with the whole heap, which grew by hundreds of megabytes in between.
 */
export class FlightTable<Asked extends Variant> {
  /** Flights of the same bucket follow by `next`. */
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

  /** A flight of this key, whatever is asked; `after` has the others. */
  first(key: KeyRef): Flight<Asked> | undefined {
    return nextOf(this.#buckets[key.hash & (BUCKETS - 1)], key);
  }

  /** The next flight of the same key. */
  after(flight: Flight<Asked>): Flight<Asked> | undefined {
    return nextOf(flight.next, flight.key);
  }

  /** There must be none of the same key and question. */
  add(flight: Flight<Asked>): void {
    const bucket = flight.key.hash & (BUCKETS - 1);
    flight.next = this.#buckets[bucket];
    this.#buckets[bucket] = flight;
    this.#size++;
  }

  /** Takes this very flight out, if it is there: another may have its place since an invalidation. */
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

  clear(): void {
    this.#buckets.fill(undefined);
    this.#size = 0;
  }
}

/** The first flight of a key from here on. */
function nextOf<Asked extends Variant>(
  from: Flight<Asked> | undefined,
  key: KeyRef,
): Flight<Asked> | undefined {
  let flight = from;
  while (flight !== undefined && !flight.key.equals(key)) flight = flight.next;
  return flight;
}
