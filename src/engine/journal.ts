import { randomFillSync } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { assert } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { StorageError } from "./engine.ts";
import { type JournalDisk, systemDisk } from "./journal-disk.ts";
import {
  beginFrameHeader,
  endFrameHeader,
  FILE_NAMES,
  FRAME_HEADER_BYTES,
  FRAMES_AT,
  HEADER_BYTES,
  PUT,
  REMOVE,
  REMOVE_ALL,
  SECOND_HEADER_AT,
  TAG_BYTES,
  writeUint32,
  writeUseHeader,
} from "./journal-format.ts";

/**
 * Acknowledged writes that are not in the database yet (journal-format.ts). They are written in frames: sequences of
 * operations that belong together. The journal does not interpret keys and records.
 *
 * There are two files. While one is written, the contents of the other reach the database; then they change places. A
 * file is overwritten instead of made anew, because synchronizing a growing file takes twice the time and processor
 * time.
 */
export class Journal {
  readonly #directory: string;
  readonly #disk: JournalDisk;
  /** Room for the header of a use, the header of a frame, and the operations. */
  readonly #frame = new ByteBuffer(64 * 1024);
  /** Large records of the frame; they are not copied into its buffer. */
  #large: LargeRecord[] = [];
  /** Large records of appended frames that have not been written yet. */
  #unwritten: Unwritten[] = [];
  /** The two files; empty until `make`. */
  readonly #files: JournalFile[] = [];
  /** Number of the use being written, or of the next one. */
  #number: number;
  #use: Use | undefined;
  /** The use ended by `rotate`, until it has been synchronized. */
  #ended: Use | undefined;
  /** Uses that have not been discarded, including the one being written. */
  #kept: Use[] = [];
  /** Where the next use begins in the journal as a whole. */
  #position = 0;
  #previousBytes = 0;
  /** The position up to which everything is on disk. */
  #synchronized = 0;
  #isSynchronizing = false;
  #isClosed = false;
  #isRemoved = false;

  /**
   * @param directory has no journal files yet
   * @param number of the first use; higher than all earlier numbers
   */
  constructor(directory: string, number: number, disk: JournalDisk = systemDisk) {
    this.#directory = directory;
    this.#number = number;
    this.#disk = disk;
    this.#frame.length = OPERATIONS_START;
  }

  /** Makes the two files; resolves when they are on disk. Call it once, before anything is appended. */
  async make(): Promise<void> {
    const blank = new Uint8Array(FRAMES_AT);
    writeUseHeader(blank, 0, drawTag(), 0, 0);
    blank.copyWithin(SECOND_HEADER_AT, 0, HEADER_BYTES);
    for (const name of FILE_NAMES) {
      const descriptor = this.#disk.make(join(this.#directory, name));
      this.#files.push({ name, descriptor, bytes: blank.length });
      this.#writeAll(descriptor, blank, 0, blank.length, 0);
      await this.#disk.synchronize(descriptor);
    }
    const descriptor = this.#disk.openDirectory(this.#directory);
    try {
      await this.#disk.synchronize(descriptor);
    } finally {
      this.#disk.close(descriptor);
    }
  }

  /** Length of all uses that have not been discarded, in bytes. */
  get bytes(): number {
    let bytes = 0;
    for (const use of this.#kept) bytes += use.bytes;
    return bytes;
  }

  /** Length of the files, in bytes. */
  get diskBytes(): number {
    return this.#files.reduce((bytes, file) => bytes + file.bytes, 0);
  }

  /** Whether everything appended is on disk. */
  get isSynchronized(): boolean {
    const end = this.#use === undefined ? this.#position : this.#use.position + this.#use.bytes;
    assert(this.#synchronized <= end, "no more is on disk than was written");
    return this.#synchronized === end;
  }

  /**
   * Adds an operation to the next frame.
   * @param record must not change until `append` returns; a large one, until it has been written
   */
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
   * Hands the operations since the last call to the operating system as one frame, so that they survive the death of
   * the process. A frame with large records survives only once `writeLarge` or `synchronize` has written these.
   * @throws whatever the file system throws. The frame may then be there in part, and nothing may be written after
   *   it.
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
    let from = HEADER_BYTES;
    let position = use.bytes;
    if (use.frames === 0) {
      this.#writeAll(descriptor, bytes, 0, HEADER_BYTES, 0);
      // The second copy of the header is written together with the first frame.
      from = 0;
      position = SECOND_HEADER_AT;
    }
    for (const { at, record } of large) {
      position += this.#writeAll(descriptor, bytes, from, at, position);
      this.#unwritten.push({ descriptor, record, position });
      position += record.length;
      from = at;
    }
    position += this.#writeAll(descriptor, bytes, from, length, position);
    assert(position > use.bytes, "a frame lies behind all before it");
    use.bytes = position;
    use.frames++;
    use.file.bytes = Math.max(use.file.bytes, use.bytes);
    frame.length = OPERATIONS_START;
    if (bytes.length > KEPT_FRAME_BYTES) frame.bytes = new Uint8Array(KEPT_FRAME_BYTES);
  }

  #writeFrameHeader(use: Use, large: readonly LargeRecord[]): void {
    const { bytes, length } = this.#frame;
    let operationBytes = length - OPERATIONS_START;
    for (const { record } of large) operationBytes += record.length;
    let checksum = beginFrameHeader(bytes, HEADER_BYTES, use, this.#synchronized, use.frames, operationBytes);
    let from = OPERATIONS_START;
    for (const { at, record } of large) {
      checksum = crc32(record, crc32(bytes.subarray(from, at), checksum));
      from = at;
    }
    endFrameHeader(bytes, HEADER_BYTES, crc32(bytes.subarray(from, length), checksum));
  }

  /** Hands the large records appended so far to the operating system. @throws as `append` */
  writeLarge(): void {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    for (const { descriptor, record, position } of unwritten) {
      this.#writeAll(descriptor, record, 0, record.length, position);
    }
  }

  /** Does the same on another thread. */
  async #writeLargeElsewhere(): Promise<void> {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    try {
      for (const { descriptor, record, position } of unwritten) {
        for (let at = 0; at < record.length; ) {
          at += await this.#disk.writeElsewhere(descriptor, record, at, record.length - at, position + at);
        }
      }
    } catch (error) {
      throw new StorageError(`writing to the journal failed: ${(error as Error).message}`);
    }
  }

  /** Begins the next use of a file, and puts its header at the beginning of the frame's buffer. */
  #begin(): Use {
    const number = this.#number;
    const file = this.#files[number % 2];
    assert(file !== undefined, "the files have been made");
    assert(!this.#kept.some((kept) => kept.file === file), "what is written over has been discarded");
    const tag = drawTag();
    const position = this.#position;
    const seed = writeUseHeader(this.#frame.bytes, number, tag, position, this.#previousBytes);
    const use = {
      number,
      file,
      tag,
      seed,
      position,
      frames: 0,
      bytes: FRAMES_AT,
      synchronizedBytes: FRAMES_AT,
    };
    this.#kept.push(use);
    return use;
  }

  /** Ends the use being written. @returns its number; uses up to this number hold every operation appended so far */
  rotate(): number {
    if (this.#use === undefined) return this.#number - 1;
    this.#ended = this.#use;
    this.#previousBytes = this.#use.bytes;
    this.#position += this.#use.bytes;
    this.#use = undefined;
    return this.#number++;
  }

  /**
   * Brings everything appended before to disk. Call it after each `rotate`, one call at a time.
   * @throws as a rejection whatever the file system throws; nothing may be written after it
   */
  async synchronize(): Promise<void> {
    const use = this.#ended ?? this.#use;
    if (use === undefined) return;
    const { bytes, file } = use;
    this.#isSynchronizing = true;
    try {
      if (this.#unwritten.length > 0) await this.#writeLargeElsewhere();
      await this.#disk.synchronize(file.descriptor);
      assert(use.position + bytes >= this.#synchronized, "what is on disk only grows");
      use.synchronizedBytes = bytes;
      this.#synchronized = use.position + bytes;
      if (use === this.#ended) this.#ended = undefined;
    } finally {
      this.#isSynchronizing = false;
      if (this.#isClosed) this.#closeFiles();
    }
  }

  /** Discards the uses up to a number, because the database has their contents: their files may be overwritten. */
  discard(upTo: number): void {
    for (const { number, file } of this.#kept) {
      if (number > upTo || file.bytes <= KEPT_FILE_BYTES) continue;
      this.#disk.truncate(file.descriptor, KEPT_FILE_BYTES);
      file.bytes = KEPT_FILE_BYTES;
    }
    this.#kept = this.#kept.filter(({ number }) => number > upTo);
  }

  /**
   * Ends the journal after a failure. Takes back a frame that was written in part; with `toDisk` also frames that are
   * not on disk, because recovery should not find writes that nobody was told of.
   */
  giveUp(toDisk: boolean): void {
    for (const { file, bytes, synchronizedBytes } of this.#kept) {
      try {
        this.#disk.truncate(file.descriptor, toDisk ? synchronizedBytes : bytes);
      } catch {
        // Recovery may find these writes. They were neither confirmed nor denied.
      }
    }
    this.close();
  }

  /** Ends the journal, and leaves its files. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isSynchronizing) this.#closeFiles();
  }

  /** Ends the journal, and deletes its files. All uses must have been discarded. */
  closeEmpty(): void {
    assert(this.#kept.length === 0, "nothing is left in the journal");
    this.#isRemoved = true;
    this.close();
  }

  #closeFiles(): void {
    for (const { descriptor, name } of this.#files) {
      this.#disk.close(descriptor);
      if (this.#isRemoved) this.#disk.remove(join(this.#directory, name));
    }
  }

  /** Writes source[start, end) at a position of a file. @returns how many bytes */
  #writeAll(descriptor: number, source: Uint8Array, start: number, end: number, position: number): number {
    for (let at = start; at < end; ) {
      at += this.#disk.write(descriptor, source, at, end - at, position + at - start);
    }
    return end - start;
  }
}

function drawTag(): Uint8Array {
  return randomFillSync(new Uint8Array(TAG_BYTES));
}

/** A record that belongs at a place in the frame's buffer. */
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
}

/** One use of a file, from one change of places to the next. */
interface Use {
  readonly number: number;
  readonly file: JournalFile;
  /** The tag that its frames begin with. */
  readonly tag: Uint8Array;
  /** Where it begins in the journal as a whole. */
  readonly position: number;
  /** How many frames it has. */
  frames: number;
  /** The value that its frames' checksums begin with. */
  readonly seed: number;
  /** Where its last frame ends in the file. */
  bytes: number;
  /** How many of these bytes are on disk. */
  synchronizedBytes: number;
}

const OPERATIONS_START = HEADER_BYTES + FRAME_HEADER_BYTES;
/** A buffer larger than this is given back after its frame has been written. */
const KEPT_FRAME_BYTES = 1024 * 1024;
/** How much of a file is kept, to be overwritten by the next use. */
const KEPT_FILE_BYTES = 64 * 1024 ** 2;
