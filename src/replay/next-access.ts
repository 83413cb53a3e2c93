import { assert } from "../lib/assert.ts";
import type { NumberedBatch } from "./numbered-batch.ts";
import { OBJECT_LIMIT } from "./object-table.ts";
import { READ } from "./records.ts";

const CHUNK_RECORDS = 2 ** 18;
/** Set beside the object's number in records that are no reads. */
const IS_CHANGE = OBJECT_LIMIT + 1;
const DISTANCE_LIMIT = 2 ** 32 - 1;

/** A long row of words of 32 bits, from which some are read or written at a time. */
export interface WordStorage {
  write(at: number, words: Uint32Array, count: number): void;
  /** @throws Error when they were not written */
  read(at: number, words: Uint32Array, count: number): void;
  close(): void;
}

/**
 * How far ahead every record's object is read next, for any trace: written down while the trace is read forwards,
 * worked out by going through it backwards, read forwards again. It lies in a storage of four bytes a record, and
 * takes eight bytes of memory an object while it is worked out; so with a file for a storage a trace may be larger than
 * memory. A distance beyond 2^32 − 2 counts as that much.
 *
 * What is written or deleted before it is read again has no next access: the copy kept so far is of no use.
 */
export class NextAccesses implements Disposable {
  readonly #words: WordStorage;
  readonly #chunk = new Uint32Array(CHUNK_RECORDS);
  #records = 0;
  /** Where the next record is read. */
  #at = 0;
  #isFinished = false;

  /** @param words empty; closed when this is disposed of */
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

  /** The trace has been noted to its end. @param objects how many it has */
  finish(objects: number): void {
    // The record that reads each object next, as counted from 1; 0: none.
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

  /** Tells the distances of the next records of the trace, from its beginning. */
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

/** In memory: for short traces, and where there are no files. */
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
