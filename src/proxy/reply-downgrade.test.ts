import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { downgradeReply } from "./reply-downgrade.ts";

function downgraded(reply: string): string {
  const bytes = fromLatin1(`junk${reply}`);
  const out = new ByteBuffer();
  expect(downgradeReply(bytes, 4, out)).toBe(bytes.length);
  return latin1(out.view());
}

describe("a RESP3 reply in RESP2", () => {
  test.each([
    ["a status", "+OK\r\n", "+OK\r\n"],
    ["an error", "-ERR no\r\n", "-ERR no\r\n"],
    ["an integer", ":-7\r\n", ":-7\r\n"],
    ["a string", "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n"],
    ["an empty string", "$0\r\n\r\n", "$0\r\n\r\n"],
    ["a null", "_\r\n", "$-1\r\n"],
    ["a null of RESP2's", "$-1\r\n", "$-1\r\n"],
    ["a null array of RESP2's", "*-1\r\n", "*-1\r\n"],
    ["true", "#t\r\n", ":1\r\n"],
    ["false", "#f\r\n", ":0\r\n"],
    ["a double", ",1.5\r\n", "$3\r\n1.5\r\n"],
    ["an infinite one", ",-inf\r\n", "$4\r\n-inf\r\n"],
    ["a big number", "(12345678901234567890\r\n", "$20\r\n12345678901234567890\r\n"],
    ["a verbatim text", "=7\r\ntxt:abc\r\n", "$3\r\nabc\r\n"],
    ["an error as a string", "!7\r\nERR abc\r\n", "-ERR abc\r\n"],
    ["an array", "*3\r\n:1\r\n_\r\n*0\r\n", "*3\r\n:1\r\n$-1\r\n*0\r\n"],
    ["a map", "%2\r\n+a\r\n:1\r\n+b\r\n_\r\n", "*4\r\n+a\r\n:1\r\n+b\r\n$-1\r\n"],
    ["a set", "~2\r\n+a\r\n#t\r\n", "*2\r\n+a\r\n:1\r\n"],
    ["a push", ">2\r\n+a\r\n+b\r\n", "*2\r\n+a\r\n+b\r\n"],
    ["an attribute", "|1\r\n+ttl\r\n:1\r\n$1\r\na\r\n", "$1\r\na\r\n"],
    ["an attribute within", "*2\r\n|1\r\n+a\r\n*1\r\n_\r\n:1\r\n:2\r\n", "*2\r\n:1\r\n:2\r\n"],
  ])("%s", (_, reply, expected) => {
    expect(downgraded(reply)).toBe(expected);
  });

  test("equals the reply that a command would have written in RESP2", () => {
    type Write = (writer: RespWriter) => void;
    const { value } = fc.letrec<{ value: Write }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant<Write>((writer) => writer.null()),
        fc.string().map(
          (text): Write =>
            (writer) =>
              writer.bulkText(text),
        ),
        fc.maxSafeInteger().map(
          (number): Write =>
            (writer) =>
              writer.integer(number),
        ),
        fc.double({ noNaN: true }).map(
          (number): Write =>
            (writer) =>
              writer.double(number),
        ),
        fc.boolean().map(
          (flag): Write =>
            (writer) =>
              writer.boolean(flag),
        ),
        fc.bigInt().map(
          (number): Write =>
            (writer) =>
              writer.integer(number),
        ),
        fc.string().map(
          (text): Write =>
            (writer) =>
              writer.verbatim("txt", text),
        ),
        fc.constantFrom("ERR x", "WRONGTYPE y").map(
          (text): Write =>
            (writer) =>
              writer.error(text),
        ),
        fc.array(tie("value"), { maxLength: 4 }).map(
          (items): Write =>
            (writer) => {
              writer.array(items.length);
              for (const item of items) item(writer);
            },
        ),
        fc.array(tie("value"), { maxLength: 4 }).map(
          (items): Write =>
            (writer) => {
              writer.set(items.length);
              for (const item of items) item(writer);
            },
        ),
        fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map(
          (pairs): Write =>
            (writer) => {
              writer.map(pairs.length);
              for (const item of pairs.flat()) item(writer);
            },
        ),
      ),
    }));
    fc.assert(
      fc.property(value, (write) => {
        const [two, three] = [new ByteBuffer(), new ByteBuffer()];
        write(new RespWriter(two, 2));
        write(new RespWriter(three, 3));
        expect(downgraded(latin1(three.view()))).toBe(latin1(two.view()));
      }),
    );
  });
});
