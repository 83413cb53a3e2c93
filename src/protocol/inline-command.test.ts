import { describe, expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import { parseInline, splitInline } from "./inline-command.ts";
import { Request } from "./protocol.ts";

/** The arguments of a line that other bytes surround; undefined: the quotes are not balanced. */
function split(line: string): string[] | undefined {
  const request = new Request();
  const bytes = fromLatin1(`"x${line}y"`);
  request.reset(bytes);
  if (!splitInline(bytes, 2, bytes.length - 2, request)) return undefined;
  return Array.from({ length: request.count }, (_, index) => request.text(index));
}

describe("a line is split", () => {
  test.each([
    ["", []],
    [" \t ", []],
    ['""', [""]],
    ["''", [""]],
    [" 'a' ", ["a"]],
    ["''\v\"b\"", ["", "b"]],
    ["a\v'b'", ["a\vb"]],
    ['a\t"b"', ["a", "b"]],
    ['a\r"b"', ["a", "b"]],
    ['a\n"b"', ["a", "b"]],
    ['"\\x4A"', ["J"]],
    ['"\\xfF"', ["\xff"]],
    ['"\\x0g"', ["x0g"]],
    ['"\\xg0"', ["xg0"]],
    ['"\\x00"', ["\0"]],
    ["'\\x41'", ["\\x41"]],
    [`'\\"'`, ['\\"']],
    [`"\\'"`, ["'"]],
    ['"\\c\\\\"', ["c\\"]],
    ["\\'a'", ["\\a"]],
  ])("%j", (line, expected) => {
    expect(split(line)).toEqual(expected);
  });

  test.each(['"', "'", '"\\', '"a\\"', "'a\\'", '"\\x4', "''a", '""\'', '"a" "'])(
    "not if its quotes are not balanced: %j",
    (line) => {
      expect(split(line)).toBeUndefined();
    },
  );
});

describe("a command within its limits", () => {
  const parse = (line: string, requestBytes: number, argumentCount = 10): number => {
    const request = new Request();
    const bytes = fromLatin1(`..${line}`);
    request.reset(bytes);
    parseInline(bytes, 2, bytes.length, { requestBytes, argumentCount, argumentBytes: 1 }, request);
    return request.count;
  };

  test("has as many bytes and arguments as it may", () => {
    expect(parse("a b", 3, 2)).toBe(2);
    expect(() => parse("a b", 2, 2)).toThrow("too big inline request");
    expect(() => parse("a b", 3, 1)).toThrow("too big inline request");
  });

  test("is no request of HTTP, whatever white space surrounds it", () => {
    for (const line of ["GET / HTTP/1.1", " GET / HTTP/1.1 ", "Host: a", '"Host:"', '"POST" /']) {
      expect(() => parse(line, 100)).toThrow();
    }
    expect(parse("GET a", 100)).toBe(2);
  });
});
