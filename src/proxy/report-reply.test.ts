import { expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { writeReport } from "./report-reply.ts";

test.each([
  ["nothing", null, "_\r\n"],
  ["what is absent", undefined, "_\r\n"],
  ["a text", "a b", "$3\r\na b\r\n"],
  ["a truth", true, "#t\r\n"],
  ["a falsehood", false, "#f\r\n"],
  ["a whole number", 3, ":3\r\n"],
  ["a fraction", 0.5, ",0.5\r\n"],
  ["a list", [1, [], "a"], "*3\r\n:1\r\n*0\r\n$1\r\na\r\n"],
  [
    "an object, without its absent fields",
    { a: 1, b: undefined, c: null },
    "%2\r\n$1\r\na\r\n:1\r\n$1\r\nc\r\n_\r\n",
  ],
])("a report shows %s", (_, report, expected) => {
  const out = new ByteBuffer();
  writeReport(new RespWriter(out, 3), report);
  expect(latin1(out.view())).toBe(expected);
});
