import { randomFillSync } from "node:crypto";
import {
  closeSync,
  constants,
  fdatasync,
  ftruncateSync,
  openSync,
  unlinkSync,
  write,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { assert } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { StorageError } from "./engine.ts";
import {
  FILE_HEADER_BYTES,
  FILE_NAMES,
  FRAME_HEADER_BYTES,
  PUT,
  REMOVE,
  REMOVE_ALL,
  writeFileHeader,
  writeFrameHeader,
  writeUint32,
} from "./journal-format.ts";

/** Resolves when all that was written to a file, or all that is in a directory, is on disk. */
export type Synchronize = (descriptor: number) => Promise<void>;

/**
 * Writes that have been acknowledged and are not in the database yet (journal-format.ts). They are written in frames,
 * sequences of operations that belong together. Keys and records are bytes of the owner's own, not looked into here.
 *
 * One of two files is being written, while what the other one holds reaches the database; then they change places.
 * A file is written over instead of anew, for the sake of the file system: to synchronize what makes a file longer
 * takes twice the time and processor time of what does not.
 */
export class Journal {
  readonly #directory: string;
  readonly #synchronize: Synchronize;
  /** Room for the headers of a file and a frame, then operations. */
  readonly #frame = new ByteBuffer(64 * 1024);
  /** Large records of the frame, which are not copied into its buffer. */
  #large: LargeRecord[] = [];
  /** Where large records of frames that have been appended are still to be written. */
  #unwritten: Unwritten[] = [];
  readonly #salt = new Uint8Array(8);
  readonly #files: [JournalFile | undefined, JournalFile | undefined] = [undefined, undefined];
  /** Number of the use of a file that is being written, or of the next one. */
  #number: number;
  #use: Use | undefined;
  /** The use ended by `rotate`, until it has been synchronized. */
  #ended: Use | undefined;
  /** Uses that have not been discarded, the one being written included. */
  #kept: Use[] = [];
  #previousBytes = 0;
  #isSynchronizing = false;
  #isClosed = false;

  /**
   * @param directory holds no files of a journal
   * @param number of the first use of a file; none had this or a higher number
   * @param synchronize `fdatasync`, unless a test decides when and whether that succeeds
   */
  constructor(directory: string, number: number, synchronize: Synchronize = promisify(fdatasync)) {
    this.#directory = directory;
    this.#number = number;
    this.#synchronize = synchronize;
    this.#frame.length = OPERATIONS_START;
  }

  /** Length of what has not been discarded, in bytes. */
  get bytes(): number {
    let bytes = 0;
    for (const use of this.#kept) bytes += use.bytes;
    return bytes;
  }

  /** Length of its files, in bytes. */
  get diskBytes(): number {
    return (this.#files[0]?.bytes ?? 0) + (this.#files[1]?.bytes ?? 0);
  }

  /** @param record not to be changed before the operations have been appended; a large one, not before `writeLarge` */
  put(key: Uint8Array, record: Uint8Array): void {
    const frame = this.#frame;
    frame.reserve(9);
    frame.bytes[frame.length] = PUT;
    writeUint32(frame.bytes, frame.length + 1, key.length);
    writeUint32(frame.bytes, frame.length + 5, record.length);
    frame.length += 9;
    frame.append(key);
    if (record.length < LARGE_BYTES) frame.append(record);
    else this.#large.push({ at: frame.length, record });
  }

  remove(key: Uint8Array): void {
    const frame = this.#frame;
    frame.reserve(5);
    frame.bytes[frame.length] = REMOVE;
    writeUint32(frame.bytes, frame.length + 1, key.length);
    frame.length += 5;
    frame.append(key);
  }

  removeAll(): void {
    const frame = this.#frame;
    frame.reserve(1);
    frame.bytes[frame.length++] = REMOVE_ALL;
  }

  /**
   * Hands the operations since the last call to the operating system as one frame, so that they survive the
   * death of the process; with large records in it, only once these have been written, by `writeLarge` or in the
   * course of `synchronize`.
   * @throws what the file system throws; the frame may then be there in part, and nothing may be written after it
   */
  append(): void {
    const frame = this.#frame;
    const { bytes, length } = frame;
    if (length === OPERATIONS_START) return;
    this.#use ??= this.#begin();
    const use = this.#use;
    const { descriptor } = use.file;
    const large = this.#large;
    this.#large = [];
    this.#writeFrameHeader(use, large);
    // The first frame goes with the file's header.
    let from = use.bytes === 0 ? 0 : FILE_HEADER_BYTES;
    for (const { at, record } of large) {
      use.bytes += writeAll(descriptor, bytes, from, at, use.bytes);
      this.#unwritten.push({ descriptor, record, position: use.bytes });
      use.bytes += record.length;
      from = at;
    }
    use.bytes += writeAll(descriptor, bytes, from, length, use.bytes);
    use.file.bytes = Math.max(use.file.bytes, use.bytes);
    frame.length = OPERATIONS_START;
    if (bytes.length > KEPT_FRAME_BYTES) frame.bytes = new Uint8Array(KEPT_FRAME_BYTES);
  }

  #writeFrameHeader(use: Use, large: readonly LargeRecord[]): void {
    const { bytes, length } = this.#frame;
    let checksum = use.seed;
    let operationBytes = length - OPERATIONS_START;
    let from = OPERATIONS_START;
    for (const { at, record } of large) {
      checksum = crc32(record, crc32(bytes.subarray(from, at), checksum));
      operationBytes += record.length;
      from = at;
    }
    checksum = crc32(bytes.subarray(from, length), checksum);
    writeFrameHeader(bytes, FILE_HEADER_BYTES, use.number, operationBytes, checksum);
  }

  /** Hands large records that have been appended to the operating system. @throws as `append` */
  writeLarge(): void {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    for (const { descriptor, record, position } of unwritten) {
      writeAll(descriptor, record, 0, record.length, position);
    }
  }

  /** The same without keeping others waiting. */
  async #writeLargeElsewhere(): Promise<void> {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    try {
      for (const { descriptor, record, position } of unwritten) {
        for (let at = 0; at < record.length; ) {
          at += await writeElsewhere(descriptor, record, at, record.length - at, position + at);
        }
      }
    } catch (error) {
      throw new StorageError(`writing to the journal failed: ${(error as Error).message}`);
    }
  }

  /** Begins the next use of a file, whose header is then at the beginning of the frame's buffer. */
  #begin(): Use {
    const number = this.#number;
    const index = (number % 2) as 0 | 1;
    this.#files[index] ??= this.#makeFile(FILE_NAMES[index]);
    const file = this.#files[index];
    assert(!this.#kept.some((kept) => kept.file === file), "what is written over has been discarded");
    randomFillSync(this.#salt);
    const seed = writeFileHeader(this.#frame.bytes, number, this.#salt, this.#previousBytes);
    const use = { number, file, seed, bytes: 0, synchronizedBytes: 0 };
    this.#kept.push(use);
    return use;
  }

  #makeFile(name: string): JournalFile {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const descriptor = openSync(join(this.#directory, name), flags, 0o600);
    return { name, descriptor, bytes: 0, isListed: false };
  }

  /** Ends the use being written. @returns its number; every operation appended so far is in a use up to it */
  rotate(): number {
    if (this.#use === undefined) return this.#number - 1;
    this.#ended = this.#use;
    this.#previousBytes = this.#use.bytes;
    this.#use = undefined;
    return this.#number++;
  }

  /**
   * Brings what was appended before to disk. To be called after each `rotate`, and not again before it is done.
   * @throws as a rejection what the file system answers; nothing may be written after it
   */
  async synchronize(): Promise<void> {
    const use = this.#ended ?? this.#use;
    if (use === undefined) return;
    const { bytes, file } = use;
    this.#isSynchronizing = true;
    try {
      if (this.#unwritten.length > 0) await this.#writeLargeElsewhere();
      await this.#synchronize(file.descriptor);
      if (!file.isListed) await this.#synchronizeDirectory();
      file.isListed = true;
      use.synchronizedBytes = bytes;
      if (use === this.#ended) this.#ended = undefined;
    } finally {
      this.#isSynchronizing = false;
      if (this.#isClosed) this.#closeFiles();
    }
  }

  async #synchronizeDirectory(): Promise<void> {
    const descriptor = openSync(this.#directory, "r");
    try {
      await this.#synchronize(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** What uses up to a number hold is in the database: their files may be written over. */
  discard(upTo: number): void {
    for (const { number, file } of this.#kept) {
      if (number > upTo || file.bytes <= KEPT_FILE_BYTES) continue;
      ftruncateSync(file.descriptor, KEPT_FILE_BYTES);
      file.bytes = KEPT_FILE_BYTES;
    }
    this.#kept = this.#kept.filter(({ number }) => number > upTo);
  }

  /**
   * Ends after a failure. A frame that was written in part is taken back, and with `toDisk` those that are not on
   * disk: of what nobody was told should nothing be found.
   */
  giveUp(toDisk: boolean): void {
    for (const { file, bytes, synchronizedBytes } of this.#kept) {
      try {
        ftruncateSync(file.descriptor, toDisk ? synchronizedBytes : bytes);
      } catch {
        // What could not be taken back may be found: it was neither confirmed nor denied.
      }
    }
    this.close();
  }

  /** Ends; deletes the files when all that they hold has been discarded. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isSynchronizing) this.#closeFiles();
  }

  #closeFiles(): void {
    for (const file of this.#files) {
      if (file === undefined) continue;
      closeSync(file.descriptor);
      if (this.#kept.length === 0) unlinkSync(join(this.#directory, file.name));
    }
  }
}

/** Writes source[start, end) at a position of a file. @returns how many bytes */
function writeAll(
  descriptor: number,
  source: Uint8Array,
  start: number,
  end: number,
  position: number,
): number {
  for (let at = start; at < end; ) {
    at += writeSync(descriptor, source, at, end - at, position + at - start);
  }
  return end - start;
}

/** Writes source[offset, offset + length) at a position of a file, in a thread of its own. @returns how many bytes it wrote */
function writeElsewhere(
  descriptor: number,
  source: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, source, offset, length, position, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

/** A record that belongs at a place of the frame's buffer. */
interface LargeRecord {
  readonly at: number;
  readonly record: Uint8Array;
}

interface Unwritten {
  readonly descriptor: number;
  readonly record: Uint8Array;
  readonly position: number;
}

interface JournalFile {
  readonly name: string;
  readonly descriptor: number;
  /** Its length. */
  bytes: number;
  /** The directory has it, even after a crash of the machine. */
  isListed: boolean;
}

/** What a file is used for from one change of places to the next. */
interface Use {
  readonly number: number;
  readonly file: JournalFile;
  /** What the checksums of its frames begin with. */
  readonly seed: number;
  /** Length of the header and its whole frames. */
  bytes: number;
  /** How many of these bytes are on disk. */
  synchronizedBytes: number;
}

const OPERATIONS_START = FILE_HEADER_BYTES + FRAME_HEADER_BYTES;
/** A larger frame's buffer is given back after it was written. */
const KEPT_FRAME_BYTES = 1024 * 1024;
/** So much of a file is kept to be written over. */
const KEPT_FILE_BYTES = 64 * 1024 ** 2;
