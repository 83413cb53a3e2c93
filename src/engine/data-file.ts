import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Name of LMDB's file in its directory. */
export const DATA_FILE = "data.mdb";

/**
 * Makes sure that LMDB will be able to open the directory. Where it is not, `lmdb` (3.5.6) uses memory that it has
 * freed and takes the process with it, so what it would find is looked at before.
 * @throws Error that says what is wrong
 */
export function checkDataFile(directory: string): void {
  const path = join(directory, DATA_FILE);
  const length = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (length === 0) {
    // LMDB will write its first pages: there must be room, and leave to do so.
    const probe = join(directory, "probe");
    writeFileSync(probe, new Uint8Array(64 * 1024));
    unlinkSync(probe);
    return;
  }
  accessSync(path, constants.R_OK | constants.W_OK);
  const page = new DataView(new ArrayBuffer(HEADER_BYTES));
  const descriptor = openSync(path, "r");
  try {
    readSync(descriptor, page, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  if (page.getUint32(MAGIC_OFFSET, true) !== MAGIC || length < 2 * page.getUint32(PAGE_BYTES_OFFSET, true)) {
    throw new Error(`${DATA_FILE} is no LMDB database, or damaged`);
  }
  const version = page.getUint16(VERSION_OFFSET, true);
  if (version !== VERSION)
    throw new Error(`${DATA_FILE} has version ${version} of LMDB's format, not ${VERSION}`);
}

/** The beginning of LMDB's first meta page: a page header of 24 bytes, then `MDB_meta`. */
const HEADER_BYTES = 64;
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;
const VERSION_OFFSET = 28;
const VERSION = 2;
const PAGE_BYTES_OFFSET = 48;
