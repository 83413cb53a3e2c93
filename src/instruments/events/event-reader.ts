import { Event } from "./event.ts";
import { LOST, READS } from "./event-kinds.ts";
import type { EventRing } from "./event-ring.ts";

/** Words to read from one ring before the next one has its turn. */
const TURN_WORDS = 2 ** 14;

/** Bounds of no keys and of all keys. */
const NONE = -(2 ** 31);
const ALL = 2 ** 31 - 1;

/** Reads the rings of all threads. */
export class EventReader {
  readonly #rings: readonly EventRing[];
  readonly #event = new Event();
  /** The reads of each ring up to the event that was read last. */
  readonly #reads: number[];
  /** Reads of all threads whose events may have been lost. */
  #lostReads = 0;
  /** The bound of the sample where each ring is being read. */
  readonly #bounds: number[];
  #leastBound = NONE;
  /** The lost records of each ring whose loss its events have told of. */
  readonly #droppedTold: number[];

  /** Begins with the events that are written from now on. */
  constructor(rings: readonly EventRing[]) {
    this.#rings = rings;
    for (const ring of rings) ring.skip();
    this.#reads = rings.map(({ reads }) => reads);
    this.#bounds = rings.map(() => NONE);
    this.#droppedTold = rings.map(({ dropped }) => dropped);
  }

  /** Records that found no room, in all. */
  get dropped(): number {
    return this.#rings.reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** Reads of all threads up to the events that were read last, within 256 for each thread. */
  get reads(): number {
    return this.#reads.reduce((sum, reads) => sum + reads, 0);
  }

  /** As `reads`, without those whose events may have been lost. */
  get seenReads(): number {
    return this.reads - this.#lostReads;
  }

  /** All events of keys whose position lies below this were among those that the last `drain` read. */
  get bound(): number {
    return this.#leastBound;
  }

  /**
   * Reads the events that wait, in the order of each thread.
   * @param most about how many words to read in all
   * @param read the event is valid during the call only
   * @returns the number of words read
   */
  drain(nowMs: number, most: number, read: (event: Event) => void): number {
    const event = this.#event;
    this.#leastBound = ALL;
    let words = 0;
    for (let before = -1; words !== before && words < most; ) {
      before = words;
      this.#rings.forEach((ring, index) => {
        const isUnread = ring.fill > 0;
        words += ring.drain((at) => {
          event.read(ring, at, nowMs);
          if (event.kind === READS) this.#marked(index, event);
          else {
            // What comes before the first mark was written under another bound.
            if (this.#bounds[index]! < this.#leastBound) this.#leastBound = this.#bounds[index]!;
            if (event.kind === LOST) this.#lost(index, event);
            read(event);
          }
        }, TURN_WORDS);
        if (isUnread && this.#bounds[index]! < this.#leastBound) this.#leastBound = this.#bounds[index]!;
      });
    }
    this.#rings.forEach((ring, index) => {
      // Without a backlog the events tell of all reads; reads that come right now make no difference.
      if (ring.fill === 0 && ring.dropped === this.#droppedTold[index]) this.#reads[index] = ring.reads;
    });
    return words;
  }

  #marked(index: number, { detail, second }: Event): void {
    this.#reads[index] = completed(detail, this.#reads[index]!);
    this.#bounds[index] = second;
  }

  #lost(index: number, { detail, second, third }: Event): void {
    const before = this.#reads[index]!;
    // The loss may have begun before this reader did.
    const from = Math.max(before, before + ((detail - before) | 0));
    const to = completed(second, from);
    this.#lostReads += to - from;
    this.#reads[index] = to;
    this.#droppedTold[index] = third >>> 0;
  }
}

/** Completes the low 32 bits of a count that only grows. */
function completed(low: number, before: number): number {
  return before + ((low - before) >>> 0);
}
