import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Damage } from "./damage.ts";
import { checkTrees, PageFile, type Tree } from "./data-pages.ts";

/** Name of LMDB's file in its directory. */
export const DATA_FILE = "data.mdb";

/**
 * Checks that LMDB will be able to open the file and to read the pages that it refers to. LMDB maps the file into
 * memory: a page beyond its end kills the process (SIGBUS). If the first pages are not a database's, `lmdb` (3.5.6)
 * uses memory that it has freed. So this checks the meta pages, whether the file is as long as they say, and the
 * topmost pages of its trees. Checking the lower pages would take as long as reading the whole file.
 * @returns "absent" also for a file in which nothing was ever stored
 * @throws Error that says what is wrong, when it is not damage
 */
export function checkDataFile(directory: string): "absent" | "whole" | Damage {
  const path = join(directory, DATA_FILE);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return "absent";
  accessSync(path, constants.R_OK | constants.W_OK);
  const descriptor = openSync(path, "r");
  try {
    return checkFile(descriptor, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

function checkFile(descriptor: number, fileBytes: number): "absent" | "whole" | Damage {
  const metas = findMetas(descriptor);
  if (metas === undefined) throw new Error(`${DATA_FILE} is not an LMDB database, or is damaged`);
  const { pageBytes, copies } = metas;
  for (const [index, meta] of copies.entries()) {
    if (meta === undefined) return damage(index * pageBytes, "a meta page cannot be read");
    if (meta.version !== VERSION) {
      throw new Error(`${DATA_FILE} has version ${meta.version} of LMDB's format, not ${VERSION}`);
    }
    // A transaction writes the meta page of its number's parity, and the other one keeps the transaction before it.
    const isInTurn = meta.transaction === 0 || meta.transaction % META_PAGES === index;
    if (!isInTurn) return damage(index * pageBytes, "a meta page has the wrong transaction number");
  }
  const [first, second] = copies as [Meta, Meta];
  if (Math.abs(first.transaction - second.transaction) > 1) {
    return damage(0, `the meta pages are of transactions ${first.transaction} and ${second.transaction}`);
  }
  const meta = first.transaction > second.transaction ? first : second;
  if (meta.entries === 0 && meta.transaction <= 1) return "absent";
  const file = new PageFile(descriptor, pageBytes, fileBytes, meta.lastPage);
  // Free pages at the end of the file may be missing. If any page is missing, all pages in use are checked.
  const isShort = (meta.lastPage + 1) * pageBytes > fileBytes;
  const found = checkTrees(file, meta.trees, isShort ? Number.POSITIVE_INFINITY : PAGES_LOOKED_AT);
  if (found === undefined) return "whole";
  const hint = isShort ? ` (the file has ${fileBytes} bytes, of ${(meta.lastPage + 1) * pageBytes})` : "";
  return damage(found.page * pageBytes, `${found.what}${hint}`);
}

function damage(at: number, what: string): Damage {
  return {
    file: DATA_FILE,
    at,
    what: `${what}; all keys in the file are lost, except those that the journal also holds`,
  };
}

interface Meta {
  readonly version: number;
  readonly transaction: number;
  readonly lastPage: number;
  /** Number of tables. */
  readonly entries: number;
  readonly trees: readonly Tree[];
}

/** Reads the meta pages. Unreadable ones are undefined; the result is undefined when there are none. */
function findMetas(
  descriptor: number,
): { pageBytes: number; copies: readonly (Meta | undefined)[] } | undefined {
  const first = readMeta(descriptor, 0);
  if (first !== undefined) {
    const second = readMeta(descriptor, first.pageBytes);
    return { pageBytes: first.pageBytes, copies: [first.meta, second?.meta] };
  }
  for (let pageBytes = LEAST_PAGE_BYTES; pageBytes <= MOST_PAGE_BYTES; pageBytes *= 2) {
    const second = readMeta(descriptor, pageBytes);
    if (second?.pageBytes === pageBytes) return { pageBytes, copies: [undefined, second.meta] };
  }
  return undefined;
}

function readMeta(descriptor: number, at: number): { pageBytes: number; meta: Meta } | undefined {
  const page = new DataView(new ArrayBuffer(META_BYTES));
  if (readSync(descriptor, page, 0, META_BYTES, at) < META_BYTES) return undefined;
  const pageBytes = page.getUint32(PAGE_BYTES_OFFSET, true);
  const isMeta =
    page.getUint32(MAGIC_OFFSET, true) === MAGIC && page.getUint16(FLAGS_OFFSET, true) === META_FLAG;
  if (!isMeta || pageBytes < LEAST_PAGE_BYTES || pageBytes > MOST_PAGE_BYTES) return undefined;
  const trees: Tree[] = [FREE_TREE_OFFSET, MAIN_TREE_OFFSET].map((tree) => ({
    root: page.getBigUint64(tree + ROOT_OFFSET, true),
    depth: page.getUint16(tree + DEPTH_OFFSET, true),
  }));
  const meta: Meta = {
    version: page.getUint16(VERSION_OFFSET, true),
    transaction: Number(page.getBigUint64(TRANSACTION_OFFSET, true)),
    lastPage: Number(page.getBigUint64(LAST_PAGE_OFFSET, true)),
    entries: Number(page.getBigUint64(MAIN_TREE_OFFSET + ENTRIES_OFFSET, true)),
    trees,
  };
  return { pageBytes, meta };
}

/** A page header of 24 bytes, then `MDB_meta`, whose two `MDB_db` take 48 bytes each. */
const META_BYTES = 160;
const META_PAGES = 2;
const FLAGS_OFFSET = 18;
const META_FLAG = 8;
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;
const VERSION_OFFSET = 28;
const VERSION = 2;
const FREE_TREE_OFFSET = 48;
const MAIN_TREE_OFFSET = 96;
const PAGE_BYTES_OFFSET = FREE_TREE_OFFSET;
const DEPTH_OFFSET = 6;
const ENTRIES_OFFSET = 32;
const ROOT_OFFSET = 40;
const LAST_PAGE_OFFSET = 144;
const TRANSACTION_OFFSET = 152;
const LEAST_PAGE_BYTES = 256;
const MOST_PAGE_BYTES = 65_536;

/** How many of the topmost pages are checked when the file is long enough. That takes some milliseconds. */
const PAGES_LOOKED_AT = 256;
