import { Histogram } from "./histogram.ts";

/** A counter only grows, a gauge goes up and down, a histogram counts values. */
export type NumberKind = "counter" | "gauge" | "histogram";

/** The numbers that each thread publishes, by name. */
export type NumberShape = Readonly<Record<string, NumberKind>>;

type NamesOf<Shape extends NumberShape, Kind extends NumberKind> = {
  [Name in keyof Shape]: Shape[Name] extends Kind ? Name : never;
}[keyof Shape];

/**
 * Numbers that threads publish by name, in shared memory. Each thread writes its own numbers; any thread reads them
 * without waiting for the writer. The counts of ended threads are kept, so a counter never goes back; `reset` only
 * notes where counting starts anew for `sumSinceReset`. Each number is an aligned 64-bit float with one writer, so no
 * reader sees half of it.
 */
export class ThreadNumbers<Shape extends NumberShape> {
  readonly #shape: Shape;
  readonly #threads: number;
  readonly #places: ReadonlyMap<keyof Shape, number>;
  readonly #words: number;
  /** Counters and gauges come first in a row. */
  readonly #scalars: number;
  /** A row for each thread, and one for all ended threads. */
  readonly #numbers: Float64Array;
  /** The counters and gauges of each row at its last reset. */
  readonly #resets: Float64Array;

  /**
   * @param buffer has `bytes` bytes from `at` on
   * @param at a multiple of eight
   */
  constructor(shape: Shape, threads: number, buffer: ArrayBufferLike, at: number) {
    const { places, scalars, words } = placesOf(shape);
    this.#shape = shape;
    this.#threads = threads;
    this.#places = places;
    this.#words = words;
    this.#scalars = scalars;
    const rows = threads + 1;
    this.#numbers = new Float64Array(buffer, at, words * rows);
    this.#resets = new Float64Array(
      buffer,
      at + words * rows * Float64Array.BYTES_PER_ELEMENT,
      scalars * rows,
    );
  }

  /** Bytes that the numbers of this many threads take. */
  static bytes(shape: NumberShape, threads: number): number {
    const { scalars, words } = placesOf(shape);
    return (words + scalars) * (threads + 1) * Float64Array.BYTES_PER_ELEMENT;
  }

  set(thread: number, name: NamesOf<Shape, "counter" | "gauge">, value: number): void {
    this.#numbers[this.#at(thread, name)] = value;
  }

  /** Sets the numbers that follow each other in the shape from `first` on; counters and gauges only. */
  setFrom(thread: number, first: NamesOf<Shape, "counter" | "gauge">, values: Float64Array): void {
    this.#numbers.set(values, this.#at(thread, first));
  }

  /** Returns a thread's histogram over its shared memory: the thread records into it, other threads read it. */
  histogram(thread: number, name: NamesOf<Shape, "histogram">): Histogram {
    const at = this.#at(thread, name);
    return new Histogram(this.#numbers.subarray(at, at + Histogram.WORDS));
  }

  /** Returns a thread's own number, as it published it last. */
  of(thread: number, name: NamesOf<Shape, "counter" | "gauge">): number {
    return this.#numbers[this.#at(thread, name)]!;
  }

  /** Sums a number over all threads as last published. A counter includes the counts of ended threads. */
  sum(name: NamesOf<Shape, "counter" | "gauge">): number {
    let sum = 0;
    for (let row = 0; row <= this.#threads; row++) sum += this.#numbers[this.#at(row, name)]!;
    return sum;
  }

  /** As `sum` of a counter, without what the rows had counted before their last reset. */
  sumSinceReset(name: NamesOf<Shape, "counter" | "gauge">): number {
    const place = this.#places.get(name)!;
    let before = 0;
    for (let row = 0; row <= this.#threads; row++) before += this.#resets[row * this.#scalars + place]!;
    return this.sum(name) - before;
  }

  /** Returns the largest value of any thread. */
  largest(name: NamesOf<Shape, "gauge">): number {
    let largest = 0;
    for (let row = 0; row < this.#threads; row++) {
      largest = Math.max(largest, this.#numbers[this.#at(row, name)]!);
    }
    return largest;
  }

  /** Returns a copy with the values of all threads, ended ones included. */
  merged(name: NamesOf<Shape, "histogram">): Histogram {
    const merged = new Histogram();
    for (let row = 0; row <= this.#threads; row++) merged.add(this.histogram(row, name));
    return merged;
  }

  /** Adds an ended thread's counters and histograms to the row of ended threads; drops its gauges. */
  retire(thread: number): void {
    const ended = this.#threads;
    for (const [name, kind] of Object.entries(this.#shape)) {
      const place = this.#places.get(name)!;
      if (kind === "histogram") this.#histogram(ended, name).add(this.#histogram(thread, name));
      if (kind !== "counter") continue;
      this.#numbers[this.#at(ended, name)]! += this.#numbers[this.#at(thread, name)]!;
      this.#resets[ended * this.#scalars + place]! += this.#resets[thread * this.#scalars + place]!;
    }
    this.#numbers.fill(0, thread * this.#words, (thread + 1) * this.#words);
    this.#resets.fill(0, thread * this.#scalars, (thread + 1) * this.#scalars);
  }

  /** Makes `sumSinceReset` start at 0 for a thread and for the ended ones. The thread has just published. */
  reset(thread: number): void {
    for (const row of [thread, this.#threads]) {
      const from = row * this.#words;
      this.#resets.set(this.#numbers.subarray(from, from + this.#scalars), row * this.#scalars);
    }
  }

  #histogram(row: number, name: string): Histogram {
    return this.histogram(row, name as NamesOf<Shape, "histogram">);
  }

  #at(row: number, name: keyof Shape): number {
    return row * this.#words + this.#places.get(name)!;
  }
}

/** Returns the place of each number in a row: counters and gauges, then histograms. */
function placesOf(shape: NumberShape): { places: Map<string, number>; scalars: number; words: number } {
  const places = new Map<string, number>();
  let scalars = 0;
  for (const [name, kind] of Object.entries(shape)) if (kind !== "histogram") places.set(name, scalars++);
  let words = scalars;
  for (const [name, kind] of Object.entries(shape)) {
    if (kind !== "histogram") continue;
    places.set(name, words);
    words += Histogram.WORDS;
  }
  return { places, scalars, words };
}
