import { expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { readSwapCount } from "./swap-count.ts";

const TOLD = "$6\r\nswapdb\r\n*4\r\n$5\r\ncalls\r\n:12\r\n$14\r\nhistogram_usec\r\n*0\r\n";

test.each([
  ["a map", `%1\r\n${TOLD}`, 12],
  ["an array", `*2\r\n${TOLD}`, 12],
  ["a map, before the first swap", "%0\r\n", 0],
  ["an array, before the first swap", "*0\r\n", 0],
  ["something without a count", "*1\r\n+swapdb\r\n", undefined],
  ["a text", "$15\r\n5\r\ncalls\r\n:12\r\n\r\n", undefined],
  ["an error", "-ERR unknown command\r\n", undefined],
  ["a status", "+OK\r\n", undefined],
])("the number of swaps is read from %s", (_, reply, count) => {
  const bytes = fromLatin1(reply);
  const reader = new ReplyReader();
  reader.next(bytes, 0, bytes.length);
  expect(readSwapCount(bytes, reader)).toBe(count);
});
