import {
  closeSync,
  fdatasync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { ByteBuffer } from "../lib/byte-buffer.ts";

/** Resolves when all that was written to a file, or all that is in a directory, is on disk. */
export type Synchronize = (descriptor: number) => Promise<void>;

/**
 * Writes that have been acknowledged and are not in the database yet: numbered files, written in order and
 * never changed. A file is a sequence of frames, a frame a sequence of operations that belong together:
 *
 *     frame      length of the operations (4 bytes), their CRC-32 (4 bytes), the operations
 *     operation  kind (1 byte); put: key length (4), record length (4), key, record; remove: key length (4), key
 *
 * Numbers are little-endian. Reading stops at the first frame that is cut short or does not match its checksum,
 * and what follows it is void, in later files too: what is recovered is always all that was written up to some
 * moment. Keys and records are bytes of the owner's own, not looked into here.
 */
export class Journal {
  readonly #directory: string;
  readonly #frame = new ByteBuffer(64 * 1024);
  /** Number of the file being written, or of the next one when none is open. */
  #sequence: number;
  #file: OpenFile | undefined;
  /** The file ended by `rotate`, until it has been synchronized. */
  #ended: OpenFile | undefined;
  #isSynchronizing = false;
  #isClosed = false;
  /** Length of the files that have not been discarded. */
  #bytes = 0;
  readonly #synchronize: Synchronize;

  /**
   * @param sequence number of the first file to be written; none with this or a higher number exists
   * @param synchronize `fdatasync`, unless a test decides when and whether that succeeds
   */
  constructor(directory: string, sequence: number, synchronize: Synchronize = promisify(fdatasync)) {
    this.#directory = directory;
    this.#sequence = sequence;
    this.#synchronize = synchronize;
    this.#frame.length = FRAME_HEADER_BYTES;
  }

  /** Length of what is kept, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  put(key: Uint8Array, record: Uint8Array): void {
    const frame = this.#frame;
    frame.reserve(9);
    frame.bytes[frame.length] = PUT;
    writeUint32(frame.bytes, frame.length + 1, key.length);
    writeUint32(frame.bytes, frame.length + 5, record.length);
    frame.length += 9;
    frame.append(key);
    frame.append(record);
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
   * death of the process.
   * @throws what the file system throws; the frame may then be there in part, and nothing may be written after it
   */
  append(): void {
    const frame = this.#frame;
    const length = frame.length;
    if (length === FRAME_HEADER_BYTES) return;
    const operations = frame.bytes.subarray(FRAME_HEADER_BYTES, length);
    writeUint32(frame.bytes, 0, operations.length);
    writeUint32(frame.bytes, 4, crc32(operations));
    this.#file ??= this.#openFile();
    const file = this.#file;
    for (let at = 0; at < length; ) at += writeSync(file.descriptor, frame.bytes, at, length - at);
    file.bytes += length;
    this.#bytes += length;
    frame.length = FRAME_HEADER_BYTES;
    if (frame.bytes.length > KEPT_FRAME_BYTES) frame.bytes = new Uint8Array(KEPT_FRAME_BYTES);
  }

  #openFile(): OpenFile {
    const descriptor = openSync(journalPath(this.#directory, this.#sequence), "wx", 0o600);
    return { descriptor, bytes: 0, synchronizedBytes: 0, isListed: false };
  }

  /** Ends the file being written. @returns its number; every operation appended so far is in a file up to it */
  rotate(): number {
    if (this.#file === undefined) return this.#sequence - 1;
    this.#ended = this.#file;
    this.#file = undefined;
    return this.#sequence++;
  }

  /**
   * Brings what was appended before to disk. To be called after each `rotate`, and not again before it is done.
   * @throws as a rejection what the file system answers; nothing may be written after it
   */
  async synchronize(): Promise<void> {
    const file = this.#ended ?? this.#file;
    if (file === undefined) return;
    const { bytes } = file;
    this.#isSynchronizing = true;
    try {
      await this.#synchronize(file.descriptor);
      if (!file.isListed) await this.#synchronizeDirectory();
      file.isListed = true;
      file.synchronizedBytes = bytes;
      if (file === this.#ended) {
        closeSync(file.descriptor);
        this.#ended = undefined;
      }
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

  /** Deletes the files up to a number: what they hold is in the database. */
  discard(upTo: number): void {
    this.#bytes -= discardJournal(this.#directory, upTo);
  }

  /**
   * Ends after a failure. A frame that was written in part is taken back, and with `toDisk` those that are not on
   * disk: of what nobody was told should nothing be found.
   */
  giveUp(toDisk: boolean): void {
    for (const file of [this.#ended, this.#file]) {
      if (file === undefined) continue;
      try {
        ftruncateSync(file.descriptor, toDisk ? file.synchronizedBytes : file.bytes);
      } catch {
        // What could not be taken back may be found: it was neither confirmed nor denied.
      }
    }
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isSynchronizing) this.#closeFiles();
  }

  #closeFiles(): void {
    for (const file of [this.#ended, this.#file]) if (file !== undefined) closeSync(file.descriptor);
    this.#ended = undefined;
    this.#file = undefined;
  }
}

/** A file of the journal while it is written, or waits to be synchronized. */
interface OpenFile {
  readonly descriptor: number;
  /** Length of its whole frames. */
  bytes: number;
  /** How many of these bytes are on disk. */
  synchronizedBytes: number;
  /** The directory has it, even after a crash of the machine. */
  isListed: boolean;
}

/** What is told of a journal's operations, in the order in which they were made. The views are not to be kept. */
export interface JournalReader {
  put(key: Uint8Array, record: Uint8Array): void;
  remove(key: Uint8Array): void;
  removeAll(): void;
}

/** Numbers of the journal files in a directory, ascending. */
export function journalSequences(directory: string): number[] {
  const sequences: number[] = [];
  for (const name of readdirSync(directory)) {
    const match = FILE_NAME.exec(name);
    if (match !== null) sequences.push(Number(match[1]));
  }
  return sequences.sort((a, b) => a - b);
}

/** Deletes journal files up to a number. @returns their length in bytes */
export function discardJournal(directory: string, upTo: number): number {
  let bytes = 0;
  for (const sequence of journalSequences(directory)) {
    if (sequence > upTo) break;
    const path = journalPath(directory, sequence);
    bytes += statSync(path).size;
    unlinkSync(path);
  }
  return bytes;
}

/**
 * Reads the journal files behind a number, up to the first damage. Files are numbered without gaps: what follows a
 * gap has lost its ground as well, and is not read.
 * @returns how many bytes of the damaged file were void; 0 when it was whole
 */
export function readJournals(directory: string, after: number, reader: JournalReader): number {
  let sequence = after;
  for (const found of journalSequences(directory)) {
    if (found <= after) continue;
    if (found !== ++sequence) return 0;
    const voidBytes = readJournal(directory, sequence, reader);
    if (voidBytes > 0) return voidBytes;
  }
  return 0;
}

/** Reads a journal file. @returns how many bytes at its end were void; 0 when all of it was whole */
export function readJournal(directory: string, sequence: number, reader: JournalReader): number {
  const bytes = readFileSync(journalPath(directory, sequence));
  let at = 0;
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    const start = at + FRAME_HEADER_BYTES;
    const end = start + readUint32(bytes, at);
    // A frame without operations is never written; a file system that lost the tail may leave zeros for it.
    if (end === start || end > bytes.length) break;
    if (crc32(bytes.subarray(start, end)) !== readUint32(bytes, at + 4)) break;
    readFrame(bytes, start, end, reader);
    at = end;
  }
  return bytes.length - at;
}

function readFrame(bytes: Uint8Array, start: number, end: number, reader: JournalReader): void {
  for (let at = start; at < end; ) {
    const kind = bytes[at]!;
    if (kind === PUT) {
      const keyEnd = at + 9 + readUint32(bytes, at + 1);
      const recordEnd = keyEnd + readUint32(bytes, at + 5);
      reader.put(bytes.subarray(at + 9, keyEnd), bytes.subarray(keyEnd, recordEnd));
      at = recordEnd;
    } else if (kind === REMOVE) {
      const keyEnd = at + 5 + readUint32(bytes, at + 1);
      reader.remove(bytes.subarray(at + 5, keyEnd));
      at = keyEnd;
    } else {
      reader.removeAll();
      at++;
    }
  }
}

function journalPath(directory: string, sequence: number): string {
  return join(directory, `journal-${sequence}`);
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

function readUint32(source: Uint8Array, at: number): number {
  return (source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)) >>> 0;
}

const FILE_NAME = /^journal-([0-9]{1,15})$/;
const FRAME_HEADER_BYTES = 8;
/** A larger frame's buffer is given back after it was written. */
const KEPT_FRAME_BYTES = 1024 * 1024;
const PUT = 1;
const REMOVE = 2;
const REMOVE_ALL = 3;
