import {
  COALESCED,
  FILLED,
  HIT,
  isDeparture,
  isRun,
  MISS,
  type StoryRecord,
  splitRun,
} from "./story-record.ts";

/** Words of a record besides its time: kind, place and reads; a; b; c. */
const WORDS = 4;
const PLACE_SHIFT = 8;
const READS_SHIFT = 16;
const BYTE = 0xff;
const LONGEST_MS = 2 ** 32 - 1;
/**
 * A read that is coalesced is reported as a miss first, at most this long before: requests that arrived together have
 * the time at which their batch began.
 */
const COALESCED_AFTER_MS = 50;

/**
 * The last records of each of a number of stories, in fixed memory. Within a story they are in order of time, whatever
 * the order they come in: each thread's events come together.
 */
export class Stories {
  readonly #length: number;
  readonly #times: Float64Array;
  readonly #words: Int32Array;
  /** Of each story: where its oldest record is, how many records it has, how many events it has forgotten. */
  readonly #firsts: Uint16Array;
  readonly #counts: Uint16Array;
  readonly #forgotten: Float64Array;
  /** Runs do not continue beyond this time: something happened to all keys. */
  breakMs = 0;

  /**
   * @param count of stories
   * @param length records in each; at most 65,535
   */
  constructor(count: number, length: number) {
    this.#length = length;
    this.#times = new Float64Array(count * length);
    this.#words = new Int32Array(count * length * WORDS);
    this.#firsts = new Uint16Array(count);
    this.#counts = new Uint16Array(count);
    this.#forgotten = new Float64Array(count);
  }

  /** Empties a story. */
  clear(story: number): void {
    this.#firsts[story] = 0;
    this.#counts[story] = 0;
    this.#forgotten[story] = 0;
  }

  /** How many events of a story were forgotten. */
  forgottenOf(story: number): number {
    return this.#forgotten[story]!;
  }

  /** The time of a story's latest record; 0: it has none. */
  latestMs(story: number): number {
    const count = this.#counts[story]!;
    return count === 0 ? 0 : this.#endMs(this.#place(story, count - 1));
  }

  /** Returns a story's records, the oldest first. */
  read(story: number): StoryRecord[] {
    return Array.from({ length: this.#counts[story]! }, (_, index) =>
      this.#record(this.#place(story, index)),
    );
  }

  /** Replaces a story by the last records of another one. */
  copy(story: number, from: Stories, fromStory: number): void {
    this.clear(story);
    this.#forgotten[story] = from.forgottenOf(fromStory);
    for (const record of from.read(fromStory)) this.#insert(story, this.#counts[story]!, record);
  }

  /** Adds a record of one event where it belongs by its time. */
  put(story: number, record: StoryRecord): void {
    if (record.kind === COALESCED) this.#takeMiss(story, record.atMs);
    const index = this.#indexFor(story, record);
    if (isRun(record.kind) && this.#joinRun(story, index, record)) return;
    if (index > 0 && this.#splitRun(story, index - 1, record.atMs)) {
      // The split may have made the story forget its oldest record.
      this.#insert(story, this.#indexFor(story, record), record);
    } else {
      this.#insert(story, index, record);
    }
  }

  /**
   * Events of the same millisecond stay in the order in which they come, except for departures, which come from a log
   * of their own: an entry is read before it leaves, and asked for again afterwards.
   */
  #indexFor(story: number, { kind, atMs, a }: StoryRecord): number {
    let index = this.#counts[story]!;
    while (index > 0 && this.#times[this.#place(story, index - 1)]! > atMs) index--;
    const end = index;
    let begin = index;
    while (begin > 0 && this.#times[this.#place(story, begin - 1)] === atMs) begin--;
    if (kind === HIT) {
      while (index > begin && isDeparture(this.#kindAt(story, index - 1))) index--;
      return index;
    }
    if (!isDeparture(kind)) return index;
    index = begin;
    // An entry of age 0 was filled in this very millisecond.
    if (a === 0) while (index < end && this.#kindAt(story, index) !== FILLED) index++;
    if (a === 0 && index < end) index++;
    while (index < end && ![MISS, COALESCED, FILLED].includes(this.#kindAt(story, index))) index++;
    return index;
  }

  /** Adds an event to the run before or behind `index`. @returns whether there is one */
  #joinRun(story: number, index: number, { kind, atMs, b, c }: StoryRecord): boolean {
    const words = this.#words;
    if (index > 0 && this.#kindAt(story, index - 1) === kind) {
      const place = this.#place(story, index - 1);
      if (this.#isBroken(this.#endMs(place), atMs)) return false;
      const lengthMs = Math.max(words[place * WORDS + 1]! >>> 0, atMs - this.#times[place]!);
      words[place * WORDS + 1] = Math.min(LONGEST_MS, lengthMs);
      words[place * WORDS + 2]! += b;
      words[place * WORDS + 3] = c;
      return true;
    }
    if (index === this.#counts[story] || this.#kindAt(story, index) !== kind) return false;
    const place = this.#place(story, index);
    if (this.#isBroken(atMs, this.#times[place]!)) return false;
    words[place * WORDS + 1] = Math.min(LONGEST_MS, this.#endMs(place) - atMs);
    this.#times[place] = atMs;
    words[place * WORDS + 2]! += b;
    return true;
  }

  #isBroken(fromMs: number, toMs: number): boolean {
    return fromMs < this.breakMs && this.breakMs <= toMs;
  }

  /** @returns whether something else happened within the run */
  #splitRun(story: number, index: number, atMs: number): boolean {
    const place = this.#place(story, index);
    // Hardly ever: so it is told before any object is made.
    if (this.#endMs(place) <= atMs) return false;
    const parts = splitRun(this.#record(place), atMs);
    if (parts === undefined) return false;
    this.#write(place, parts[0]);
    this.#insert(story, index + 1, parts[1]);
    return true;
  }

  /** Removes the miss that has turned out to be coalesced. */
  #takeMiss(story: number, atMs: number): void {
    for (let index = this.#counts[story]! - 1; index >= 0; index--) {
      const place = this.#place(story, index);
      if (this.#times[place]! < atMs - COALESCED_AFTER_MS) return;
      if (this.#kindAt(story, index) !== MISS || this.#times[place]! > atMs) continue;
      this.#remove(story, index);
      return;
    }
  }

  #insert(story: number, index: number, record: StoryRecord): void {
    let to = index;
    if (this.#counts[story] === this.#length) {
      if (index === 0) {
        this.#forgotten[story]! += eventsOf(record);
        return;
      }
      this.#forgotten[story]! += eventsOf(this.#record(this.#place(story, 0)));
      this.#firsts[story] = (this.#firsts[story]! + 1) % this.#length;
      this.#counts[story]!--;
      to--;
    }
    for (let i = this.#counts[story]!; i > to; i--) this.#move(story, i - 1, i);
    this.#counts[story]!++;
    this.#write(this.#place(story, to), record);
  }

  #remove(story: number, index: number): void {
    const count = this.#counts[story]!;
    for (let i = index + 1; i < count; i++) this.#move(story, i, i - 1);
    this.#counts[story] = count - 1;
  }

  #move(story: number, from: number, to: number): void {
    const source = this.#place(story, from);
    const target = this.#place(story, to);
    this.#times[target] = this.#times[source]!;
    this.#words.copyWithin(target * WORDS, source * WORDS, (source + 1) * WORDS);
  }

  #write(place: number, { kind, atMs, a, b, c, reads, place: queue }: StoryRecord): void {
    const words = this.#words;
    const at = place * WORDS;
    this.#times[place] = atMs;
    words[at] = kind | (queue << PLACE_SHIFT) | (reads << READS_SHIFT);
    words[at + 1] = Math.min(LONGEST_MS, a);
    words[at + 2] = b;
    words[at + 3] = c;
  }

  #record(place: number): StoryRecord {
    const words = this.#words;
    const at = place * WORDS;
    const head = words[at]!;
    return {
      kind: head & BYTE,
      atMs: this.#times[place]!,
      a: words[at + 1]! >>> 0,
      b: words[at + 2]!,
      c: words[at + 3]!,
      reads: head >>> READS_SHIFT,
      place: (head >>> PLACE_SHIFT) & BYTE,
    };
  }

  #endMs(place: number): number {
    const word = place * WORDS;
    return this.#times[place]! + (isRun(this.#words[word]! & BYTE) ? this.#words[word + 1]! >>> 0 : 0);
  }

  #kindAt(story: number, index: number): number {
    return this.#words[this.#place(story, index) * WORDS]! & BYTE;
  }

  /** Where a story's record is: `index` 0 is the oldest one. */
  #place(story: number, index: number): number {
    const at = this.#firsts[story]! + index;
    return story * this.#length + (at < this.#length ? at : at - this.#length);
  }
}

function eventsOf({ kind, b }: StoryRecord): number {
  return isRun(kind) ? b : 1;
}
