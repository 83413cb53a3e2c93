import { describe, expect, test } from "bun:test";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { ProtocolError } from "../protocol/protocol.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { readInvalidation } from "./invalidation.ts";

/** Reads a push message that lies between other bytes. */
function read(message: string, behind = ""): { isInvalidation: boolean; keys: string[]; all: number } {
  const bytes = fromLatin1(`+OK\r\n${message}${behind}`);
  const reader = new ReplyReader();
  expect(reader.next(bytes, 5, bytes.length)).toBe(bytes.length - behind.length);
  const keys: string[] = [];
  let all = 0;
  const isInvalidation = readInvalidation(
    bytes,
    reader,
    (source, start, end) => keys.push(latin1(source, start, end)),
    () => all++,
  );
  return { isInvalidation, keys, all };
}

describe("readInvalidation", () => {
  test.each([
    ["one key", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nfoo\r\n", ["foo"]],
    ["several", ">2\r\n$10\r\ninvalidate\r\n*3\r\n$1\r\na\r\n$0\r\n\r\n$2\r\nbb\r\n", ["a", "", "bb"]],
    [
      "binary",
      ">2\r\n$10\r\ninvalidate\r\n*2\r\n$6\r\n\r\n\x00\xff$1\r\n$1\r\n*\r\n",
      ["\r\n\x00\xff$1", "*"],
    ],
    ["none", ">2\r\n$10\r\ninvalidate\r\n*0\r\n", []],
    ["behind an attribute", "|1\r\n+a\r\n+b\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", ["k"]],
  ])("%s", (_, message, keys) => {
    expect(read(message)).toEqual({ isInvalidation: true, keys, all: 0 });
  });

  test.each([
    ["RESP3's null", ">2\r\n$10\r\ninvalidate\r\n_\r\n"],
    ["a null array", ">2\r\n$10\r\ninvalidate\r\n*-1\r\n"],
    ["a null string", ">2\r\n$10\r\ninvalidate\r\n$-1\r\n"],
  ])("%s means all keys", (_, message) => {
    expect(read(message)).toEqual({ isInvalidation: true, keys: [], all: 1 });
  });

  test.each([
    ["a message of a channel", ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"],
    ["a kind of the same length", ">2\r\n$10\r\ninvalidatE\r\n*1\r\n$1\r\na\r\n"],
    ["a kind that begins otherwise", ">2\r\n$10\r\nInvalidate\r\n*1\r\n$1\r\na\r\n"],
    ["a kind that is no string", ">2\r\n:1\r\n*1\r\n$1\r\na\r\n"],
    ["an empty message", ">0\r\n"],
  ])("%s is none", (_, message) => {
    expect(read(message)).toEqual({ isInvalidation: false, keys: [], all: 0 });
  });

  test("an empty message is none, whatever follows it", () => {
    const behind = "$10\r\ninvalidate\r\n";
    expect(read(">0\r\n", behind)).toEqual({ isInvalidation: false, keys: [], all: 0 });
  });

  test.each([
    ["no keys", ">1\r\n$10\r\ninvalidate\r\n"],
    ["too much", ">3\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n:1\r\n"],
    ["keys that are no strings", ">2\r\n$10\r\ninvalidate\r\n*1\r\n:1\r\n"],
    ["a key that is null", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$-1\r\n"],
    ["something else than keys", ">2\r\n$10\r\ninvalidate\r\n:5\r\n"],
  ])("with %s is malformed", (_, message) => {
    expect(() => read(message)).toThrow(ProtocolError);
  });
});
