import { Histogram } from "./histogram.ts";

/** A counter only grows, a gauge goes up and down, a histogram counts values. */
type NumberKind = "counter" | "gauge" | "histogram";

/** What each thread publishes, by name. */
export type NumberShape = Readonly<Record<string, NumberKind>>;

type NamesOf<Shape extends NumberShape, Kind extends NumberKind> = {
  [Name in keyof Shape]: Shape[Name] extends Kind ? Name : never;
}[keyof Shape];

/**
 * Numbers that threads publish under names, in shared memory. Each thread writes its own, and anybody reads without
 * waiting for it. What a thread that has ended counted is kept. Each number is an aligned 64-bit float written by one
 * thread, so that no other thread sees half of one.
 */
export class ThreadNumbers<Shape extends NumberShape> {
  readonly #shape: Shape;
  readonly #threads: number;
  readonly #places: ReadonlyMap<keyof Shape, number>;
  readonly #words: number;
  /** A row for each thread, and one for those that have ended. */
  readonly #numbers: Float64Array;

  /** @param buffer has `bytes` from `at`, a multiple of eight */
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

  /** Bytes that the numbers of so many threads take. */
  static bytes(shape: NumberShape, threads: number): number {
    const words = Object.values(shape).reduce((sum, kind) => sum + wordsOf(kind), 0);
    return words * (threads + 1) * Float64Array.BYTES_PER_ELEMENT;
  }

  set(thread: number, name: NamesOf<Shape, "counter" | "gauge">, value: number): void {
    this.#numbers[this.#at(thread, name)] = value;
  }

  /** A thread's histogram, in its place in shared memory: the thread records into it, and others read. */
  histogram(thread: number, name: NamesOf<Shape, "histogram">): Histogram {
    const at = this.#at(thread, name);
    return new Histogram(this.#numbers.subarray(at, at + Histogram.WORDS));
  }

  /** Over all threads, as they published it last; of a counter also what ended threads have counted. */
  sum(name: NamesOf<Shape, "counter" | "gauge">): number {
    let sum = 0;
    for (let row = 0; row <= this.#threads; row++) sum += this.#numbers[this.#at(row, name)]!;
    return sum;
  }

  /** A copy: the values of all threads, and of those that have ended. */
  merged(name: NamesOf<Shape, "histogram">): Histogram {
    const merged = new Histogram();
    for (let row = 0; row <= this.#threads; row++) merged.add(this.histogram(row, name));
    return merged;
  }

  /** A thread has ended: what it counted is kept, what goes up and down is not. */
  retire(thread: number): void {
    for (const [name, kind] of Object.entries(this.#shape)) {
      const from = this.#at(thread, name);
      if (kind === "counter") this.#numbers[this.#at(this.#threads, name)]! += this.#numbers[from]!;
      if (kind === "histogram") this.#histogram(this.#threads, name).add(this.#histogram(thread, name));
    }
    this.#clear(thread);
  }

  /** Forgets what threads that have ended counted. */
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
