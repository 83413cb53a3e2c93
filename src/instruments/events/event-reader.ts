import { Event } from "./event.ts";
import type { EventRing } from "./event-ring.ts";

/** Words to read from one ring before the next one has its turn. */
const TURN_WORDS = 2 ** 14;

/** Reads the rings of all threads. */
export class EventReader {
  readonly #rings: readonly EventRing[];
  readonly #event = new Event();

  /** Begins with the events that are written from now on. */
  constructor(rings: readonly EventRing[]) {
    this.#rings = rings;
    for (const ring of rings) ring.skip();
  }

  /** Records that found no room, in all. */
  get dropped(): number {
    return this.#rings.reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** Reads of all threads, in all. */
  get reads(): number {
    return this.#rings.reduce((sum, { reads }) => sum + reads, 0);
  }

  /**
   * Reads the events that wait, in the order of each thread.
   * @param most about how many words to read in all
   * @param read the event is valid during the call only
   * @returns the number of words read
   */
  drain(nowMs: number, most: number, read: (event: Event) => void): number {
    const event = this.#event;
    let words = 0;
    for (let before = -1; words !== before && words < most; ) {
      before = words;
      for (const ring of this.#rings) {
        words += ring.drain((at) => {
          event.read(ring, at, nowMs);
          read(event);
        }, TURN_WORDS);
      }
    }
    return words;
  }
}
