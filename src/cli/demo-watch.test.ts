import { expect, test } from "bun:test";
import { readMonitorLine } from "./demo-watch.ts";

test.each([
  ['1.5 [0 127.0.0.1:60866] "GET" "a"', { client: "127.0.0.1:60866", words: ["GET", "a"] }],
  ['1.5 [0 [::1]:6] "SET" "a \\"b\\"" "c\\\\d"', { client: "[::1]:6", words: ["SET", 'a "b"', "c\\d"] }],
  ["OK", undefined],
])("a line of MONITOR: %s", (line, request) => {
  expect(readMonitorLine(line)).toEqual(request as never);
});
