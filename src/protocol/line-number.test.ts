import { describe, expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import { INCOMPLETE, INVALID, LineNumber } from "./line-number.ts";

/** Reads a line that begins at the offset 2. @returns the bytes of the line, or why there are none; and the number */
function read(line: string, number = new LineNumber()): [number, number] {
  const bytes = fromLatin1(`..${line}`);
  const behind = number.read(bytes, 2, bytes.length);
  return [behind < 0 ? behind : behind - 2, number.value];
}

describe("a line", () => {
  test.each([
    ["*0\r\n", 0],
    ["*9\r\n", 9],
    ["*10\r\n", 10],
    ["*12345678\r\n", 12_345_678],
    ["*123456789\r\n", 123_456_789],
    ["*1234567890\r\n", 1_234_567_890],
    ["*9007199254740991\r\n", 9_007_199_254_740_991],
    ["*-1\r\n", -1],
  ])("%j has a number", (line, value) => {
    expect(read(line)).toEqual([line.length, value]);
    expect(read(`${line}$1`)).toEqual([line.length, value]);
  });

  test.each([
    "*\r\n",
    "*00\r\n",
    "*01\r\n",
    "*-0\r\n",
    "*1x\r\n",
    "*:\r\n",
    "*/\r\n",
    "*1:\r\n",
    "*1/\r\n",
    "*1\rx",
  ])("%j has none", (line) => {
    expect(read(line)).toEqual([INVALID, 0]);
  });

  test.each(["*", "*1", "*1\r", "*123456789", "*1234567890", "*123456789\r", "*x"])(
    "%j is incomplete",
    (line) => {
      expect(read(line)).toEqual([INCOMPLETE, 0]);
    },
  );
});

test("a line in pieces is not searched from the beginning", () => {
  const number = new LineNumber();
  expect(read("*", number)).toEqual([INCOMPLETE, 0]);
  expect(number.searched).toBe(0);
  expect(read("*12345678901", number)).toEqual([INCOMPLETE, 0]);
  expect(number.searched).toBe(11);
  expect(read("*12345678901\r", number)).toEqual([INCOMPLETE, 0]);
  expect(number.searched).toBe(11);
  expect(read("*12345678901\r\n", number)).toEqual([14, 12_345_678_901]);
  expect(number.searched).toBe(0);
});

test("an invalid line tells its length, in one piece or in several", () => {
  const [whole, pieces] = [new LineNumber(), new LineNumber()];
  expect(read("*1x3\r\n", whole)[0]).toBe(INVALID);
  read("*1x", pieces);
  expect(read("*1x3\r\n", pieces)[0]).toBe(INVALID);
  expect([whole.searched, pieces.searched]).toEqual([3, 3]);
});

test("a short number leaves nothing of a line in pieces for the next line", () => {
  const number = new LineNumber();
  read("*12", number);
  expect(read("*12\r\n", number)).toEqual([5, 12]);
  expect(number.searched).toBe(0);
});

test("nothing is read behind the end of what was received", () => {
  const bytes = fromLatin1("*12\r\n");
  for (let end = 0; end < bytes.length; end++) {
    expect(new LineNumber().read(bytes, 0, end)).toBe(INCOMPLETE);
  }
});
