import { expect, test } from "bun:test";
import { array, assert, integer, property, string } from "fast-check";
import { latin1, utf8 } from "../../lib/bytes.ts";
import { decodeReply } from "../../protocol/reply-value.ts";
import {
  anyOf,
  concatenation,
  first,
  inAll,
  isError,
  type Join,
  least,
  sum,
  sumsByName,
  union,
} from "./joined-replies.ts";

function joined(join: Join, ...replies: readonly string[]): string {
  const bytes = join(replies.map((reply) => utf8(reply)));
  return latin1(bytes, 0, bytes.length);
}

test("the first of all", () => {
  expect(joined(first, "+OK\r\n", "+OK\r\n")).toBe("+OK\r\n");
});

test("the sum of integers", () => {
  assert(
    property(array(integer({ min: 0, max: 2 ** 31 }), { minLength: 1 }), (numbers) => {
      const replies = numbers.map((number) => `:${number}\r\n`);
      expect(joined(sum, ...replies)).toBe(`:${numbers.reduce((total, number) => total + number, 0)}\r\n`);
    }),
  );
});

test.each([
  [[1, 1, 1], 1],
  [[1, 0, 1], 0],
])("the least of integers: %p is %p", (numbers, expected) => {
  expect(joined(least, ...numbers.map((number) => `:${number}\r\n`))).toBe(`:${expected}\r\n`);
});

test("one array of all elements, in the order of the parts", () => {
  const texts = array(string());
  assert(
    property(array(texts, { minLength: 1 }), (parts) => {
      const replies = parts.map((part) => {
        const elements = part.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`);
        return utf8(`*${part.length}\r\n${elements.join("")}`);
      });
      const bytes = concatenation(replies);
      expect(decodeReply(bytes, 0, bytes.length, { text: true })).toEqual(parts.flat());
    }),
  );
});

test("an array of what is in all arrays", () => {
  expect(joined(inAll, "*3\r\n:1\r\n:1\r\n:0\r\n", "*3\r\n:1\r\n:0\r\n:0\r\n")).toBe(
    "*3\r\n:1\r\n:0\r\n:0\r\n",
  );
  expect(joined(inAll, "*0\r\n", "*0\r\n")).toBe("*0\r\n");
});

test.each([
  ["RESP3", "_\r\n"],
  ["RESP2", "$-1\r\n"],
])("any reply that is no null of %s", (_, none) => {
  const [one, other] = ["$1\r\na\r\n", "$1\r\n-\r\n"] as const;
  const last = anyOf({ next: () => 0.999 });
  const earliest = anyOf({ next: () => 0 });
  expect(joined(last, none, one, none, other, none)).toBe(other);
  expect(joined(earliest, none, one, none, other, none)).toBe(one);
  expect(joined(last, none, none)).toBe(none);
});

test.each([
  ["-ERR no\r\n", true],
  ["!6\r\nERR no\r\n", true],
  ["+OK\r\n", false],
  ["$3\r\n-ER\r\n", false],
])("%j: an error %p", (reply, expected) => {
  expect(isError(utf8(reply))).toBe(expected);
});

test("the byte strings of all, each once, whatever their bytes", () => {
  expect(joined(union, "*2\r\n$1\r\na\r\n$2\r\n\r\n\r\n", "*1\r\n$1\r\na\r\n", "*0\r\n")).toBe(
    "*2\r\n$1\r\na\r\n$2\r\n\r\n\r\n",
  );
  expect(joined(union, "*0\r\n", "*0\r\n")).toBe("*0\r\n");
});

test("the sum for each name", () => {
  const reply = (a: number, b: number): string => `*4\r\n$1\r\na\r\n:${a}\r\n$1\r\nb\r\n:${b}\r\n`;
  expect(joined(sumsByName, reply(1, 0), reply(2, 0), reply(3, 5))).toBe(reply(6, 5));
  expect(joined(sumsByName, "*0\r\n", "*0\r\n")).toBe("*0\r\n");
});
