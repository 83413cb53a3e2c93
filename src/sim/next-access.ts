import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "../lib/assert.ts";
import type { NumberedBatch } from "./numbered-batch.ts";
import { OBJECT_LIMIT } from "./object-table.ts";
import { READ } from "./records.ts";

const BYTES_EACH = 4;
const CHUNK_RECORDS = 2 ** 18;
/** Set beside the object's number in records that are no reads. */
const IS_CHANGE = OBJECT_LIMIT + 1;
const DISTANCE_LIMIT = 2 ** 32 - 1;

/**
 * How far ahead every record's object is read next, for any trace: written down while the trace is read forwards,
 * worked out by going through it backwards, read forwards again. It lies in a temporary file of four bytes a record
 * (in the system's directory for such files, TMPDIR), and takes eight bytes of memory an object while it is worked
 * out; so a trace may be larger than memory. A distance beyond 2^32 − 2 counts as that much.
 *
 * What is written or deleted before it is read again has no next access: the copy kept so far is of no use.
 */
export class NextAccessFile implements Disposable {
  readonly #directory: string;
  readonly #file: number;
  readonly #chunk = new Uint32Array(CHUNK_RECORDS);
  #records = 0;
  /** Where the next record is read. */
  #at = 0;
  #isFinished = false;

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), "glasscache-next-access-"));
    this.#file = openSync(join(this.#directory, "distances"), "wx+", 0o600);
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
      this.#write(this.#records, some);
      this.#records += some;
    }
  }

  /** The trace has been noted to its end. @param objects how many it has */
  finish(objects: number): void {
    // The record that reads each object next, as counted from 1; 0: none.
    const upcoming = new Float64Array(objects + 1);
    for (let end = this.#records; end > 0; ) {
      const start = Math.max(0, end - CHUNK_RECORDS);
      this.#read(start, end - start);
      turnIntoDistances(this.#chunk, start, end - start, upcoming);
      this.#write(start, end - start);
      end = start;
    }
    this.#isFinished = true;
  }

  /** Tells the distances of the next records of the trace, from its beginning. */
  take(target: Uint32Array, count: number): void {
    assert(this.#isFinished, "the trace has not been noted to its end");
    assert(this.#at + count <= this.#records, "the trace is longer than it was");
    transfer(readSync, this.#file, target, count, this.#at);
    this.#at += count;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #write(start: number, count: number): void {
    transfer(writeSync, this.#file, this.#chunk, count, start);
  }

  #read(start: number, count: number): void {
    transfer(readSync, this.#file, this.#chunk, count, start);
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

/** Reads or writes so many words, in as many steps as the system takes. */
function transfer(
  step: (file: number, bytes: Uint8Array, from: number, count: number, position: number) => number,
  file: number,
  words: Uint32Array,
  count: number,
  position: number,
): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, count * BYTES_EACH);
  for (let done = 0; done < bytes.length; ) {
    const some = step(file, bytes, done, bytes.length - done, position * BYTES_EACH + done);
    if (some === 0) throw new Error("the temporary file for next accesses is shorter than it should be");
    done += some;
  }
}
