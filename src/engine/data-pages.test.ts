import { describe, expect, test } from "bun:test";
import { checkTrees, PageFile } from "./data-pages.ts";

const PAGE_BYTES = 4096;
const HEADER_BYTES = 24;
const NODE_BYTES = 8;
const CHILDREN = 7;
const LEVELS = 3;
const ROOT = 2;
/** The root, its children, and theirs. */
const PAGES = 1 + CHILDREN + CHILDREN ** 2;

/** A tree whose pages lie one behind the other, level by level. Notes which are read. */
class Tree extends PageFile {
  readonly pagesRead: number[] = [];
  readonly #broken: number;

  constructor(broken = 0) {
    super(-1, PAGE_BYTES, (ROOT + PAGES) * PAGE_BYTES, ROOT + PAGES - 1);
    this.#broken = broken;
  }

  override read(page: bigint): DataView {
    const number = Number(page);
    this.pagesRead.push(number);
    const view = new DataView(new ArrayBuffer(PAGE_BYTES));
    view.setBigUint64(0, number === this.#broken ? 0n : page, true);
    const isLeaf = number >= ROOT + 1 + CHILDREN;
    view.setUint16(18, isLeaf ? 2 : 1, true);
    const count = isLeaf ? 0 : CHILDREN;
    const upper = PAGE_BYTES - HEADER_BYTES - count * NODE_BYTES;
    view.setUint16(20, count * 2, true);
    view.setUint16(22, upper, true);
    const firstChild = ROOT + 1 + (number - ROOT) * CHILDREN;
    for (let i = 0; i < count; i++) {
      const node = upper + i * NODE_BYTES;
      view.setUint16(HEADER_BYTES + i * 2, node, true);
      view.setUint16(HEADER_BYTES + node, firstChild + i, true);
    }
    return view;
  }
}

const TREES = [{ root: BigInt(ROOT), depth: LEVELS }];
const ALL = Array.from({ length: PAGES }, (_, index) => ROOT + index);

describe("trees", () => {
  test.each([1, 2, 3, 10, 55, 56, 57, 58, 1000])(
    "are read page by page, each once, if %d visits are kept",
    (visitsKept) => {
      const tree = new Tree();
      expect(checkTrees(tree, TREES, Number.POSITIVE_INFINITY, visitsKept)).toBeUndefined();
      expect(tree.pagesRead).toEqual(ALL);
    },
  );

  test.each([1, 2, 3, 10, 1000])("are read up to the most pages, if %d visits are kept", (visitsKept) => {
    for (const most of [0, 1, 2, 3, 4, 5, 8, 9, 56, 57, 58]) {
      const tree = new Tree();
      checkTrees(tree, TREES, most, visitsKept);
      expect([most, tree.pagesRead.length]).toEqual([most, Math.min(most, PAGES)]);
    }
  });

  test("are found broken at any page", () => {
    for (const page of ALL) {
      const broken = { page, what: "a page cannot be read" };
      expect(checkTrees(new Tree(page), TREES, Number.POSITIVE_INFINITY, 5)).toEqual(broken);
    }
  });
});
