import { readSync } from "node:fs";

/** The root of one of LMDB's B-trees. */
export interface Tree {
  /** Page number; `NO_PAGE` when the tree is empty. */
  readonly root: bigint;
  /** Levels; 1 when the root is a leaf. */
  readonly depth: number;
}

/** A page with unexpected contents. */
export interface BrokenPage {
  readonly page: number;
  readonly what: string;
}

/** LMDB's file, page by page. */
export class PageFile {
  readonly pageBytes: number;
  readonly #descriptor: number;
  readonly #fileBytes: number;
  readonly #lastPage: number;

  constructor(descriptor: number, pageBytes: number, fileBytes: number, lastPage: number) {
    this.#descriptor = descriptor;
    this.pageBytes = pageBytes;
    this.#fileBytes = fileBytes;
    this.#lastPage = lastPage;
  }

  /** Whether the file holds `count` pages from `page` on. */
  has(page: bigint, count: number): boolean {
    const end = Number(page) + count;
    return page >= FIRST_PAGE && end - 1 <= this.#lastPage && end * this.pageBytes <= this.#fileBytes;
  }

  read(page: bigint): DataView {
    const view = new DataView(new ArrayBuffer(this.pageBytes));
    readSync(this.#descriptor, view, 0, this.pageBytes, Number(page) * this.pageBytes);
    return view;
  }
}

/**
 * Follows trees down from their roots, level by level, those of tables included, until `most` pages have been read.
 * @param visitsKept after so many visits, those made are forgotten
 * @returns the first page that is missing or is not what its parent says
 */
export function checkTrees(
  file: PageFile,
  trees: readonly Tree[],
  most: number,
  visitsKept = 100_000,
): BrokenPage | undefined {
  // Only the second tree, the main one, has records that are tables.
  const waiting: Visit[] = trees.map(({ root, depth }, i) => ({ page: root, level: depth, isMain: i === 1 }));
  for (let read = 0; read < most && read < waiting.length; read++) {
    const visit = waiting[read]!;
    if (visit.page === NO_PAGE) continue;
    const broken = checkPage(file, visit, waiting);
    if (broken !== undefined) return { page: Number(visit.page), what: broken };
    if (read >= visitsKept) {
      waiting.splice(0, read + 1);
      most -= read + 1;
      read = -1;
    }
  }
  return undefined;
}

interface Visit {
  readonly page: bigint;
  /** 1 for a leaf. */
  readonly level: number;
  readonly isMain: boolean;
}

/** Queues the pages that a page refers to. @returns what is wrong with the page */
function checkPage(file: PageFile, { page, level, isMain }: Visit, waiting: Visit[]): string | undefined {
  if (!file.has(page, 1)) return "a page in use lies beyond the end of the file";
  const view = file.read(page);
  const isLeaf = level === 1;
  const flags = view.getUint16(FLAGS_OFFSET, true) & (BRANCH | LEAF | OVERFLOW | META);
  if (view.getBigUint64(0, true) !== page || flags !== (isLeaf ? LEAF : BRANCH))
    return "a page cannot be read";
  const lower = PAGE_HEADER_BYTES + view.getUint16(LOWER_OFFSET, true);
  const upper = PAGE_HEADER_BYTES + view.getUint16(UPPER_OFFSET, true);
  if (lower > upper || upper > file.pageBytes || lower % 2 !== 0) {
    return "a page cannot be read";
  }
  for (let at = PAGE_HEADER_BYTES; at < lower; at += 2) {
    const node = PAGE_HEADER_BYTES + view.getUint16(at, true);
    if (node < upper || node + NODE_HEADER_BYTES > file.pageBytes) return "a page cannot be read";
    const low = view.getUint16(node, true) + view.getUint16(node + 2, true) * 0x1_0000;
    const nodeFlags = view.getUint16(node + 4, true);
    if (!isLeaf) {
      const child = BigInt(low) + (BigInt(nodeFlags) << 32n);
      waiting.push({ page: child, level: level - 1, isMain });
      continue;
    }
    const data = node + NODE_HEADER_BYTES + view.getUint16(node + 6, true);
    const dataBytes = (nodeFlags & BIG_DATA) !== 0 ? 8 : low;
    if (data + dataBytes > file.pageBytes) return "a page cannot be read";
    if ((nodeFlags & BIG_DATA) !== 0) {
      const first = view.getBigUint64(data, true);
      const pages = Math.ceil((PAGE_HEADER_BYTES + low) / file.pageBytes);
      if (!file.has(first, pages)) return "a page refers to one beyond the end of the file";
    } else if (isMain && (nodeFlags & SUBTREE) !== 0 && low >= TREE_BYTES) {
      const depth = view.getUint16(data + TREE_DEPTH_OFFSET, true);
      waiting.push({ page: view.getBigUint64(data + TREE_ROOT_OFFSET, true), level: depth, isMain: false });
    }
  }
  return undefined;
}

/** Root of an empty tree. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
/** The first page after the meta pages. */
const FIRST_PAGE = 2n;
/** Length of a page's header. Offsets in a page are counted from its end. */
const PAGE_HEADER_BYTES = 24;
const FLAGS_OFFSET = 18;
const LOWER_OFFSET = 20;
const UPPER_OFFSET = 22;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
const META = 8;
/** Data length or page number (4 bytes), flags (2), key length (2); then the key and the data. */
const NODE_HEADER_BYTES = 8;
const BIG_DATA = 1;
const SUBTREE = 2;
const TREE_BYTES = 48;
const TREE_DEPTH_OFFSET = 6;
const TREE_ROOT_OFFSET = 40;
