import { existsSync, readdirSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../lib/assert.ts";
import type { Damage } from "./damage.ts";
import {
  FILE_NAMES,
  FRAME_HEADER_BYTES,
  FRAMES_AT,
  frameOperationBytes,
  PUT,
  REMOVE,
  REMOVE_ALL,
  readUint32,
  readUseHeader,
  SECOND_HEADER_AT,
  type UseHeader,
} from "./journal-format.ts";
import { type ScannedUse, scanUse } from "./journal-scan.ts";

/** Receives a journal's operations in their original order. The views are valid only during the call. */
export interface JournalReader {
  put(key: Uint8Array, record: Uint8Array): void;
  remove(key: Uint8Array): void;
  removeAll(): void;
}

/** The contents of the journal's two files that the database lacks. */
export interface FoundJournal {
  /** Parts that were on disk and cannot be read. */
  readonly damages: readonly Damage[];
  /** Header copies that cannot be read. The other copy can, so nothing is lost. */
  readonly repairs: readonly Damage[];
  /** Unfinished bytes after a crash, which nobody was promised; 0 with damage, when nothing is cut. */
  readonly voidBytes: number;
  /** The highest number of a use found. */
  readonly lastNumber: number;
  /** Whole frames behind the first damage; 0 without damage. */
  readonly framesBehind: number;
  /** Uses that the database does not contain, in order. */
  readonly uses: readonly ScannedUse[];
}

/** The uses that the database knows of. */
export interface KnownUses {
  /** The first use since the files were made. */
  readonly first: number;
  /** The last use that the database contains. */
  readonly contained: number;
}

/** Reads the journal's files from a directory. See `inspectJournal`. */
export function findJournal(directory: string, known: KnownUses | undefined): FoundJournal {
  const files = new Map<string, Buffer>();
  for (const name of FILE_NAMES) {
    const path = join(directory, name);
    if (existsSync(path)) files.set(name, readFileSync(path));
  }
  return inspectJournal(files, known);
}

/**
 * Inspects the journal's files.
 * @param files the existing files, by name
 * @param known undefined when the database is lost: then it lacks everything in the files
 */
export function inspectJournal(
  files: ReadonlyMap<string, Buffer>,
  known: KnownUses | undefined,
): FoundJournal {
  const damages: Damage[] = [];
  const repairs: Damage[] = [];
  const found: ScannedUse[] = [];
  let lastNumber = 0;
  for (const name of FILE_NAMES) {
    const bytes = files.get(name);
    if (bytes === undefined) {
      damages.push({ file: name, at: undefined, what: `the file is missing, ${PERHAPS_LOST}` });
      continue;
    }
    const header = readHeader(name, bytes, damages, repairs);
    if (header === undefined) continue;
    lastNumber = Math.max(lastNumber, header.number);
    const expected = known && latestOf(name, known);
    if (expected !== undefined && header.number < expected) {
      const what = `the file is older than data.mdb: it holds use ${header.number} of the journal, not ${expected}`;
      damages.push({ file: name, at: 0, what });
    }
    if (header.number > (known?.contained ?? 0)) found.push(scanUse(name, header, bytes));
  }
  const uses = found.sort((a, b) => a.header.number - b.header.number);
  if (known !== undefined) damages.push(...damagesOf(uses, known.contained));
  const wholeEnds = wholePart(uses, known?.contained ?? 0);
  let voidBytes = 0;
  let framesBehind = 0;
  uses.forEach((use, i) => {
    voidBytes += use.begunEnd - wholeEnds[i]!;
    framesBehind += use.starts.filter((start) => start >= wholeEnds[i]!).length;
  });
  if (damages.length === 0) framesBehind = 0;
  else voidBytes = 0;
  return { damages, repairs, voidBytes, lastNumber, framesBehind, uses };
}

/**
 * Passes the journal's operations to a reader: without damage all frames up to the first broken one, with damage
 * every whole frame. A frame sets the keys that it names to values, so a lost frame does not spoil the later ones.
 */
export function replayJournal(found: FoundJournal, contained: number, reader: JournalReader): void {
  const ends = wholePart(found.uses, contained);
  found.uses.forEach(({ bytes, starts }, i) => {
    for (const start of starts) {
      if (found.damages.length === 0 && start >= ends[i]!) break;
      const operations = start + FRAME_HEADER_BYTES;
      readOperations(bytes, operations, operations + frameOperationBytes(bytes, start), reader);
    }
  });
}

/** Deletes all files of the journal. */
export function removeJournals(directory: string): void {
  for (const name of readdirSync(directory)) if (isJournal(name)) unlinkSync(join(directory, name));
}

/** Whether a directory has journal files of any version. */
export function hasJournals(directory: string): boolean {
  return readdirSync(directory).some(isJournal);
}

/** Version 1 had a file for each use. */
function isJournal(name: string): boolean {
  return FILE_NAMES.includes(name) || /^journal-[0-9]{1,15}$/.test(name);
}

/** Returns the newer of the header's two copies. */
function readHeader(
  name: string,
  bytes: Uint8Array,
  damages: Damage[],
  repairs: Damage[],
): UseHeader | undefined {
  const places = [0, SECOND_HEADER_AT];
  const copies = places.map((at) => readUseHeader(bytes, at));
  const readable = copies.filter((copy) => copy !== undefined);
  if (readable.length === 0) {
    const what =
      bytes.length < FRAMES_AT
        ? `the file ends at byte ${bytes.length}, before its header does; all writes in it are lost`
        : "neither copy of the header can be read; all writes in the file are lost";
    damages.push({ file: name, at: 0, what });
    return undefined;
  }
  copies.forEach((copy, i) => {
    if (copy === undefined)
      repairs.push({ file: name, at: places[i], what: "a copy of the header cannot be read" });
  });
  // If the copies differ, a crash has kept the newer header from one of them.
  return readable.reduce((a, b) => (a.number >= b.number ? a : b));
}

/** Returns the last use of a file that must have reached it, because the database contains it; undefined for none. */
function latestOf(name: string, { first, contained }: KnownUses): number | undefined {
  const parity = FILE_NAMES.indexOf(name);
  const latest = contained % 2 === parity ? contained : contained - 1;
  return latest >= first ? latest : undefined;
}

/** Returns for each use where its whole part ends. A use after a gap has none. */
function wholePart(uses: readonly ScannedUse[], contained: number): number[] {
  let isJoined = true;
  return uses.map((use, i) => {
    const before = uses[i - 1];
    isJoined &&=
      before === undefined
        ? use.header.number === contained + 1
        : before.header.number + 1 === use.header.number &&
          before.header.position + before.wholeEnd === use.header.position;
    return isJoined ? use.wholeEnd : FRAMES_AT;
  });
}

/** Finds the unreadable parts that were on disk according to later frames. */
function damagesOf(uses: readonly ScannedUse[], contained: number): Damage[] {
  const damages: Damage[] = [];
  const synchronized = Math.max(0, ...uses.map((use) => use.synchronized));
  for (const { name, header } of uses) {
    if (header.number <= contained + 2) continue;
    const what = `the file holds use ${header.number} of the journal, and data.mdb contains no more than ${contained}: what came in between is lost`;
    damages.push({ file: name, at: 0, what });
  }
  const [first] = uses;
  if (first !== undefined && first.header.number === contained + 2) {
    const { position, previousBytes } = first.header;
    if (synchronized > position - previousBytes) {
      const file = FILE_NAMES[(contained + 1) % 2]!;
      const what = `use ${contained + 1} of the journal is gone from the file; ${previousBytes} bytes of writes are lost`;
      damages.push({ file, at: 0, what });
    }
  }
  uses.forEach((use, i) => {
    const { name, header, holes, lastEnd } = use;
    // The use was on disk up to here.
    const next = uses[i + 1]?.header.position ?? Number.POSITIVE_INFINITY;
    const durableEnd = Math.min(synchronized, next) - header.position;
    for (const { start, end, frames } of holes) {
      if (start >= durableEnd) continue;
      damages.push({ file: name, at: start, what: lostText(Math.min(end, durableEnd) - start, frames) });
    }
    if (lastEnd < durableEnd) {
      damages.push({ file: name, at: lastEnd, what: lostText(durableEnd - lastEnd, undefined) });
    }
    if (header.position + lastEnd > next) {
      damages.push({
        file: name,
        at: next - header.position,
        what: "the file is longer than the next one says",
      });
    }
  });
  return damages;
}

function lostText(bytes: number, frames: number | undefined): string {
  const which = frames === undefined ? "" : ` in ${frames} ${frames === 1 ? "frame" : "frames"}`;
  return `${bytes} bytes${which} cannot be read, though they were on disk; the writes in them are lost, how many cannot be told`;
}

/** Passes the operations bytes[start, end) to a reader. */
export function readOperations(bytes: Uint8Array, start: number, end: number, reader: JournalReader): void {
  let at = start;
  while (at < end) {
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
      assert(kind === REMOVE_ALL, "a whole frame holds operations that are known");
      reader.removeAll();
      at++;
    }
  }
  assert(at === end, "a whole frame ends with an operation's end");
}

const PERHAPS_LOST = "and with it the acknowledged writes that it held";
