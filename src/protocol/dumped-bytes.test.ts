import { expect, test } from "bun:test";
import { dumpedBytes } from "./dumped-bytes.ts";

const BYTE_0 = 0x10fe00;

test.each([
  ["", []],
  ["aé", [0x61, 0xc3, 0xa9]],
  [String.fromCodePoint(BYTE_0 + 0x80, BYTE_0 + 0xff), [0x80, 0xff]],
  [`a${String.fromCodePoint(BYTE_0 + 0xc3)}b`, [0x61, 0xc3, 0x62]],
  // The neighbours of the characters that stand for bytes.
  [String.fromCodePoint(BYTE_0 + 0x7f), [0xf4, 0x8f, 0xb9, 0xbf]],
  [String.fromCodePoint(BYTE_0 + 0x100), [0xf4, 0x8f, 0xbc, 0x80]],
])("%j is dumped of its bytes", (text, bytes) => {
  expect([...dumpedBytes(text)]).toEqual(bytes);
});
