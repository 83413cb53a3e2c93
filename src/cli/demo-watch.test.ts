import { expect, test } from "bun:test";
import { changedKeys, readMonitorLine } from "./demo-watch.ts";

test.each([
  ['1.5 [0 127.0.0.1:60866] "GET" "a"', { client: "127.0.0.1:60866", words: ["GET", "a"] }],
  ['1.5 [0 [::1]:6] "SET" "a \\"b\\"" "c\\\\d"', { client: "[::1]:6", words: ["SET", 'a "b"', "c\\d"] }],
  ['1.5 [0 127.0.0.1:6] "GET" "\\xd0\\xba\\n\\t"', { client: "127.0.0.1:6", words: ["GET", "к\n\t"] }],
  ['1.5 [0 127.0.0.1:6] "GET" "\\xff"', { client: "127.0.0.1:6", words: ["GET", Uint8Array.of(255)] }],
  ['1.5 [0 127.0.0.1:6] "SET" "a" ""', { client: "127.0.0.1:6", words: ["SET", "a", ""] }],
  ["OK", undefined],
])("a line of MONITOR: %s", (line, request) => {
  expect(readMonitorLine(line)).toEqual(request as never);
});

test.each([
  ["SET a b EX 5", ["a"]],
  ["mset a 1 b 2", ["a", "b"]],
  ["PUT a b", ["a"]],
  ["DELETE a", ["a"]],
  ["RENAME a b", ["a", "b"]],
  ["GET a", []],
  ["MGET a b", []],
  ["MULTI", []],
  ["NOSUCH a", []],
  ["FLUSHALL", "all"],
])("keys that %s may change", (request, keys) => {
  expect(changedKeys(request.split(" "))).toEqual(keys as never);
});
