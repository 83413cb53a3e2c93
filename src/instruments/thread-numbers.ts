import { Histogram } from "./histogram.ts";

/** A counter only grows, a gauge goes up and down, a histogram counts values. */
type NumberKind = "counter" | "gauge" | "histogram";

/** The numbers that each thread publishes, by name. */
export type NumberShape = Readonly<Record<string, NumberKind>>;

type NamesOf<Shape extends NumberShape, Kind extends NumberKind> = {
  [Name in keyof Shape]: Shape[Name] extends Kind ? Name : never;
}[keyof Shape];

/**
 * Numbers that threads publish by name, in shared memory. Each thread writes its own numbers; any thread reads them
 * without waiting for the writer. The counts of ended threads are kept. Each number is an aligned 64-bit float with
 * one writer, so no reader sees half of it.
 */
export class ThreadNumbers<Shape extends NumberShape> {
  readonly #shape: Shape;
  readonly #threads: number;
  readonly #places: ReadonlyMap<keyof Shape, number>;
  readonly #words: number;
  /** A row for each thread, and one for all ended threads. */
  readonly #numbers: Float64Array;

  /**
   * @param buffer has `bytes` bytes from `at` on
   * @param at a multiple of eight
   */
  constructor(shape: Shape, threads: number, buffer: ArrayBufferLike, at: number) {
    const places = new Map<keyof Shape, number>();
    let words = 0;
    for (const [name, kind] of Object.entries(shape)) {
      places.set(name, words);
      words += wordsOf(kind);
    }
    this.#shape = shape;
    this.#threads = threads;
    this.#places = places;
    this.#words = words;
    this.#numbers = new Float64Array(buffer, at, words * (threads + 1));
  }

  /** Bytes that the numbers of this many threads take. */
  static bytes(shape: NumberShape, threads: number): number {
    const words = Object.values(shape).reduce((sum, kind) => sum + wordsOf(kind), 0);
    return words * (threads + 1) * Float64Array.BYTES_PER_ELEMENT;
  }

  set(thread: number, name: NamesOf<Shape, "counter" | "gauge">, value: number): void {
    this.#numbers[this.#at(thread, name)] = value;
  }

  /** Returns a thread's histogram over its shared memory: the thread records into it, other threads read it. */
  histogram(thread: number, name: NamesOf<Shape, "histogram">): Histogram {
    const at = this.#at(thread, name);
    return new Histogram(this.#numbers.subarray(at, at + Histogram.WORDS));
  }

  /** Sums a number over all threads as last published. A counter includes the counts of ended threads. */
  sum(name: NamesOf<Shape, "counter" | "gauge">): number {
    let sum = 0;
    for (let row = 0; row <= this.#threads; row++) sum += this.#numbers[this.#at(row, name)]!;
    return sum;
  }

  /** Returns a copy with the values of all threads, ended ones included. */
  merged(name: NamesOf<Shape, "histogram">): Histogram {
    const merged = new Histogram();
    for (let row = 0; row <= this.#threads; row++) merged.add(this.histogram(row, name));
    return merged;
  }

  /** Adds an ended thread's counters and histograms to the row of ended threads; drops its gauges. */
  retire(thread: number): void {
    for (const [name, kind] of Object.entries(this.#shape)) {
      const from = this.#at(thread, name);
      if (kind === "counter") this.#numbers[this.#at(this.#threads, name)]! += this.#numbers[from]!;
      if (kind === "histogram") this.#histogram(this.#threads, name).add(this.#histogram(thread, name));
    }
    this.#clear(thread);
  }

  /** Clears the counts of ended threads. */
  resetEnded(): void {
    this.#clear(this.#threads);
  }

  #histogram(row: number, name: string): Histogram {
    return this.histogram(row, name as NamesOf<Shape, "histogram">);
  }

  #clear(row: number): void {
    this.#numbers.fill(0, row * this.#words, (row + 1) * this.#words);
  }

  #at(row: number, name: keyof Shape): number {
    return row * this.#words + this.#places.get(name)!;
  }
}

function wordsOf(kind: NumberKind): number {
  return kind === "histogram" ? Histogram.WORDS : 1;
}
