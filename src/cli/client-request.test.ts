import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fromLatin1, utf8 } from "../lib/bytes.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";
import { Request } from "../protocol/protocol.ts";
import { TextParser } from "../protocol/text-parser.ts";
import {
  isSecret,
  mayBlock,
  RequestProblem,
  requestOfLine,
  requestOfWords,
  type Word,
} from "./client-request.ts";

const command = (line: string) => requestOfLine(utf8(line))?.command;

describe("a line", () => {
  test.each([
    ["PUT shashank=softwareEngineer", ["SET", "shashank", "softwareEngineer"]],
    ["put a = b = c ", ["SET", "a", "b = c"]],
    ["PUT a key=a  value", ["SET", "a key", "a  value"]],
    ["PUT a=", ["SET", "a", ""]],
    ["PUT a b", ["SET", "a", "b"]],
    ["PUT a  b  c", ["SET", "a", "b  c"]],
    ['PUT "a=b" "c d"', ["SET", "a=b", "c d"]],
    ["PUT a 'b  c'", ["SET", "a", "b  c"]],
    ['PUT a it\'s "so"', ["SET", "a", 'it\'s "so"']],
    ['PUT a="b c"', ["SET", "a", '"b c"']],
    ["PUT 'a=b'", ["SET", "a", "b"]],
    ["PUT ä=ü\u00a0", ["SET", "ä", "ü\u00a0"]],
    ["GET a key", ["GET", "a key"]],
    ["  get \t x \r", ["GET", "x"]],
    ["GET 'it is'", ["GET", "it is"]],
    ["DELETE a", ["DEL", "a"]],
    ["delete a b", ["DEL", "a b"]],
    ["SET a 'b c' EX 10", ["SET", "a", "b c", "EX", "10"]],
    ['ECHO "\\x41\\n"', ["ECHO", "A\n"]],
    ["DUMP key", ["DUMP", "key"]],
    ["DUMP", []],
  ])("%s", (line, words) => {
    expect(command(line)).toEqual(words);
  });

  test("nothing, or a remark", () => {
    for (const line of ["", "  \t", "# GET a", "  #"]) expect(command(line)).toBeUndefined();
  });

  test("bytes that are not text stay unchanged", () => {
    const line = fromLatin1("PUT k\xff =\xa0v\xfe ");
    const words: Word[] = ["SET", fromLatin1("k\xff"), fromLatin1("\xa0v\xfe")];
    expect(requestOfLine(line)?.command.map((word) => [...word])).toEqual(words.map((word) => [...word]));
    expect(command('ECHO "\\xff"')).toEqual(["ECHO", new Uint8Array([0xff])]);
  });

  test.each([
    ["PUT", "PUT needs a key and a value: PUT key=value"],
    ["PUT a", "PUT needs a value after the key: PUT key=value"],
    ["PUT =b", "PUT needs a key before the equals sign: PUT key=value"],
    ["GET", "GET needs a key: GET key"],
    ["DELETE ''", "DELETE needs a key: DELETE key"],
    ['ECHO "a', "a quote is not closed, or no space follows it: \"…\" or '…'"],
  ])("a mistake: %s", (line, message) => {
    expect(() => command(line)).toThrow(new RequestProblem(message));
  });

  test("PUT, GET and DELETE mean the same as in the server's text protocol", () => {
    const piece = fc.string({
      unit: fc.constantFrom("a", "B", "=", " ", "\t", "\x0b", "é", "\u00a0", "\xff"),
    });
    const line = fc
      .tuple(fc.constantFrom("PUT", "get", "DELETE", " Put"), piece)
      .map(([verb, rest]) => `${verb} ${rest}`);
    fc.assert(
      fc.property(line, (text) => {
        const bytes = utf8(text);
        const request = new Request();
        new TextParser(DEFAULT_LIMITS.parser).finish(bytes, 0, bytes.length, request);
        // The server rejects `PUT a b`; the client accepts it.
        fc.pre(request.problem === "");
        const [, ...words] = Array.from({ length: request.count }, (_, index) => request.copy(index));
        const own = requestOfLine(bytes)!
          .command.slice(1)
          .map((word) => (typeof word === "string" ? utf8(word) : word));
        expect(own).toEqual(words);
      }),
    );
  });
});

describe("words of a command line", () => {
  test.each([
    [
      ["PUT", "a=b"],
      ["SET", "a", "b"],
    ],
    [
      ["PUT", "a=b", "c"],
      ["SET", "a", "b c"],
    ],
    [
      ["PUT", "a", "b=c"],
      ["SET", "a", "b=c"],
    ],
    [
      ["PUT", "a", "b", "c"],
      ["SET", "a", "b c"],
    ],
    [
      ["GET", "a", "key"],
      ["GET", "a key"],
    ],
    [
      ["ttl", "a"],
      ["ttl", "a"],
    ],
  ])("%p", (words, sent) => {
    expect(requestOfWords(words).command).toEqual(sent);
  });
});

test("requests that contain a password", () => {
  const secret = ["AUTH p", "hello 3 AUTH default p", "CONFIG SET requirepass p", "config set masterauth p"];
  for (const line of [...secret, "ACL SETUSER a >p", "MIGRATE h 1 k 0 5 AUTH2 u p"]) {
    expect(isSecret(line.split(" "))).toBe(true);
  }
  for (const line of [
    "GET AUTH",
    "PUT auth=1",
    "CONFIG GET requirepass",
    "HELLO 3",
    "CONFIG SET policy lru",
  ]) {
    expect(isSecret(line.split(" "))).toBe(false);
  }
});

test("commands that may wait for long", () => {
  expect(mayBlock(requestOfWords(["blpop", "a", "0"]))).toBe(true);
  expect(mayBlock(requestOfWords(["GET", "blpop"]))).toBe(false);
});
