import { expect, test } from "bun:test";
import { assert, bigInt, integer, property, uniqueArray } from "fast-check";
import { nextCursor, nodeBehind, readCursor } from "./scan-cursor.ts";

/** The cursors of redis-server and Valkey have less bits: some 14 more than a table of the node's keys. */
const MOST_INNER = (1n << 54n) - 1n;
const nodeNumber = integer({ min: 1, max: 1023 });

test("a cursor within a node is read as it was written", () => {
  assert(
    property(nodeNumber, bigInt(1n, MOST_INNER), (number, inner) => {
      const cursor = nextCursor(number, String(inner), [number]);
      expect(readCursor(cursor)).toEqual({ number, inner: String(inner) });
    }),
  );
});

test("behind a node's end comes the beginning of the next node, and behind the last one the end", () => {
  assert(
    property(uniqueArray(nodeNumber, { minLength: 1 }), (numbers) => {
      const visited: number[] = [];
      for (let cursor = nextCursor(0, "0", numbers); cursor !== "0"; ) {
        const { number, inner } = readCursor(cursor)!;
        expect(inner).toBe("0");
        visited.push(number);
        cursor = nextCursor(number, "0", numbers);
      }
      expect(visited).toEqual(numbers.toSorted((a, b) => a - b));
    }),
  );
});

test("a node that is not there any more has nodes behind it, too", () => {
  expect(nodeBehind(4, [7, 2, 5])).toBe(5);
  expect(nodeBehind(7, [7, 2, 5])).toBeUndefined();
  expect(nodeBehind(1, [])).toBeUndefined();
});

test.each(["", "-1", "+1", "1.0", "abc", " 1", "0x10", "18446744073709551616", "100000000000000000000"])(
  '"%s" is no cursor',
  (text) => {
    expect(readCursor(text)).toBeUndefined();
  },
);

test("the greatest cursor of 64 bits is one", () => {
  expect(readCursor("18446744073709551615")).toEqual({ number: 1023, inner: String(MOST_INNER) });
});
