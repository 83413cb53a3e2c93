import { expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, latin1, utf8 } from "../lib/bytes.ts";
import {
  writeBlob,
  writeByte,
  writeDecimal,
  writeHeader,
  writeLineEnd,
  writeLineText,
  writeText,
  writeTextBlob,
} from "./encoding.ts";

const TYPE = "$".charCodeAt(0);
const LONGEST = "x".repeat(300);
const SOURCE = fromLatin1("..abc..");

test.each<[name: string, write: (out: ByteBuffer) => void, written: string]>([
  ["a byte", (out) => writeByte(out, TYPE), "$"],
  ["a line's end", writeLineEnd, "\r\n"],
  ["the largest number", (out) => writeDecimal(out, 2 ** 53), "9007199254740992"],
  ["the least number", (out) => writeDecimal(out, -(2 ** 53)), "-9007199254740992"],
  ["a header", (out) => writeHeader(out, TYPE, -(2 ** 53)), "$-9007199254740992\r\n"],
  ["a short header", (out) => writeHeader(out, TYPE, 9), "$9\r\n"],
  ["ASCII", (out) => writeText(out, "abc"), "abc"],
  ["a long text", (out) => writeText(out, LONGEST), LONGEST],
  ["UTF-8", (out) => writeText(out, "aé€"), latin1(utf8("aé€"))],
  ["one line", (out) => writeLineText(out, "a\r\nb"), "a  b"],
  ["bytes", (out) => writeBlob(out, TYPE, SOURCE, 2, 5), "$3\r\nabc\r\n"],
  ["no bytes", (out) => writeBlob(out, TYPE, SOURCE, 2, 2), "$0\r\n\r\n"],
  ["a framed text", (out) => writeTextBlob(out, TYPE, "abc"), "$3\r\nabc\r\n"],
  ["a framed UTF-8 text", (out) => writeTextBlob(out, TYPE, "é"), `$2\r\n${latin1(utf8("é"))}\r\n`],
  ["a framed long text", (out) => writeTextBlob(out, TYPE, LONGEST), `$300\r\n${LONGEST}\r\n`],
])("%s is whole, whatever room the buffer had", (_name, write, written) => {
  for (let roomBytes = 0; roomBytes <= written.length + 8; roomBytes++) {
    const out = new ByteBuffer(7 + roomBytes);
    out.append(fromLatin1("before:"));
    write(out);
    expect(latin1(out.view())).toBe(`before:${written}`);
  }
});
