import { assert } from "../lib/assert.ts";
import type { NumberedBatch } from "./numbered-batch.ts";
import { OBJECT_LIMIT } from "./object-table.ts";
import { READ } from "./records.ts";

const CHUNK_RECORDS = 2 ** 18;
/** Set beside the object's number in records that are not reads. */
const IS_CHANGE = OBJECT_LIMIT + 1;
const DISTANCE_LIMIT = 2 ** 32 - 1;

/** A long array of 32-bit words, read and written in pieces. */
export interface WordStorage {
  write(at: number, words: Uint32Array, count: number): void;
  /** @throws Error if these words were not written */
  read(at: number, words: Uint32Array, count: number): void;
  close(): void;
}

/**
 * The distance from every record to the next read of its object, for any trace. Notes the records while the trace is
 * read forwards, computes the distances by going backwards, and is read forwards again. Takes four bytes per record
 * in a storage, and eight bytes of memory per object during the computation. With a file as storage, a trace may be
 * larger than memory. Distances above 2^32 − 2 count as that. An object that is written or deleted before it is read
 * again has no next access: its present copy is of no use.
 */
export class NextAccesses implements Disposable {
  readonly #words: WordStorage;
  readonly #chunk = new Uint32Array(CHUNK_RECORDS);
  #records = 0;
  /** Index of the next record to read. */
  #at = 0;
  #isFinished = false;

  /** @param words an empty storage; disposing of this object closes it */
  constructor(words: WordStorage) {
    this.#words = words;
  }

  /** Notes the next records of the trace. */
  append({ objects, operation, hasOperations, count }: NumberedBatch): void {
    assert(!this.#isFinished, "the whole trace has been noted");
    for (let from = 0; from < count; from += CHUNK_RECORDS) {
      const some = Math.min(CHUNK_RECORDS, count - from);
      for (let i = 0; i < some; i++) {
        const isChange = hasOperations && operation[from + i] !== READ;
        this.#chunk[i] = isChange ? objects[from + i]! + IS_CHANGE : objects[from + i]!;
      }
      this.#words.write(this.#records, this.#chunk, some);
      this.#records += some;
    }
  }

  /**
   * Computes the distances. The whole trace must have been noted.
   * @param objects the number of objects in it
   */
  finish(objects: number): void {
    // The record that reads each object next, counted from 1; 0 if none does.
    const upcoming = new Float64Array(objects + 1);
    for (let end = this.#records; end > 0; ) {
      const start = Math.max(0, end - CHUNK_RECORDS);
      this.#words.read(start, this.#chunk, end - start);
      turnIntoDistances(this.#chunk, start, end - start, upcoming);
      this.#words.write(start, this.#chunk, end - start);
      end = start;
    }
    this.#isFinished = true;
  }

  /** Reads the distances of the next records, beginning with the first of the trace. */
  take(target: Uint32Array, count: number): void {
    assert(this.#isFinished, "the trace has not been noted to its end");
    assert(this.#at + count <= this.#records, "the trace is longer than it was");
    this.#words.read(this.#at, target, count);
    this.#at += count;
  }

  [Symbol.dispose](): void {
    this.#words.close();
  }
}

function turnIntoDistances(chunk: Uint32Array, start: number, count: number, upcoming: Float64Array): void {
  for (let i = count - 1; i >= 0; i--) {
    const noted = chunk[i]!;
    const object = noted & OBJECT_LIMIT;
    const next = upcoming[object]!;
    const record = start + i + 1;
    chunk[i] = next === 0 ? 0 : Math.min(DISTANCE_LIMIT, next - record);
    upcoming[object] = noted === object ? record : 0;
  }
}

/** A storage in memory: for short traces, and for runtimes without files. */
export class WordsInMemory implements WordStorage {
  #words = new Uint32Array(1024);
  #count = 0;

  write(at: number, words: Uint32Array, count: number): void {
    if (at + count > this.#words.length) {
      const grown = new Uint32Array(Math.max(at + count, 2 * this.#words.length));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words.set(words.subarray(0, count), at);
    this.#count = Math.max(this.#count, at + count);
  }

  read(at: number, words: Uint32Array, count: number): void {
    assert(at + count <= this.#count, "words that were not written");
    words.set(this.#words.subarray(at, at + count));
  }

  close(): void {
    this.#words = new Uint32Array(0);
    this.#count = 0;
  }
}
