import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AssertionError } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, utf8 } from "../lib/bytes.ts";
import { RespWriter } from "./resp-writer.ts";

function written(version: 2 | 3, write: (writer: RespWriter) => void): string {
  // A buffer of one byte: every writer must make room for itself.
  const writer = new RespWriter(new ByteBuffer(1), version);
  write(writer);
  return Buffer.from(writer.out.view()).toString("latin1");
}

const every = Uint8Array.from({ length: 256 }, (_, i) => i);

describe("replies of both versions", () => {
  test.each<[string, (writer: RespWriter) => void]>([
    ["+OK\r\n", (w) => w.ok()],
    ["+PONG\r\n", (w) => w.status("PONG")],
    ["+QUEUED\r\n", (w) => w.status("QUEUED")],
    ["+Background saving started\r\n", (w) => w.status("Background saving started")],
    ["+a  b\r\n", (w) => w.status("a\r\nb")],
    ["-ERR unknown command\r\n", (w) => w.error("ERR unknown command")],
    ["-ERR a  b \r\n", (w) => w.error("ERR a\r\nb\n")],
    ["-ERR \xc3\xbc\r\n", (w) => w.error("ERR ü")],
    [":0\r\n", (w) => w.integer(0)],
    [":9\r\n", (w) => w.integer(9)],
    [":10\r\n", (w) => w.integer(10)],
    [":-1\r\n", (w) => w.integer(-1)],
    [":2147483647\r\n", (w) => w.integer(2147483647)],
    [":2147483648\r\n", (w) => w.integer(2147483648)],
    [":-2147483648\r\n", (w) => w.integer(-2147483648)],
    [":9007199254740991\r\n", (w) => w.integer(Number.MAX_SAFE_INTEGER)],
    [":-9007199254740991\r\n", (w) => w.integer(Number.MIN_SAFE_INTEGER)],
    [":5\r\n", (w) => w.integer(5n)],
    [":9223372036854775807\r\n", (w) => w.integer(9223372036854775807n)],
    [":-9223372036854775808\r\n", (w) => w.integer(-9223372036854775808n)],
    ["$0\r\n\r\n", (w) => w.bulk(new Uint8Array(0))],
    ["$3\r\n\x01\x02\x03\r\n", (w) => w.bulk(every, 1, 4)],
    [`$256\r\n${Buffer.from(every).toString("latin1")}\r\n`, (w) => w.bulk(every)],
    ["$5\r\nhello\r\n", (w) => w.bulkText("hello")],
    ["$0\r\n\r\n", (w) => w.bulkText("")],
    ["$5\r\na\xc3\xbc\xc3\x9f\r\n", (w) => w.bulkText("aüß")],
    ["$3\r\n\xef\xbf\xbd\r\n", (w) => w.bulkText("\ud800")],
    [`$300\r\n${"a".repeat(300)}\r\n`, (w) => w.bulkText("a".repeat(300))],
    [`$600\r\n${"\xc3\xbc".repeat(300)}\r\n`, (w) => w.bulkText("ü".repeat(300))],
    ["*0\r\n", (w) => w.array(0)],
    ["*123456\r\n", (w) => w.array(123_456)],
  ])("%j", (bytes, write) => {
    expect(written(2, write)).toBe(bytes);
    expect(written(3, write)).toBe(bytes);
  });
});

describe("replies that differ", () => {
  const huge = 123_456_789_012_345_678_901_234_567_890n;

  test.each<[string, string, (writer: RespWriter) => void]>([
    ["_\r\n", "$-1\r\n", (w) => w.null()],
    ["_\r\n", "*-1\r\n", (w) => w.nullArray()],
    ["%2\r\n", "*4\r\n", (w) => w.map(2)],
    ["~2\r\n", "*2\r\n", (w) => w.set(2)],
    [">3\r\n", "*3\r\n", (w) => w.push(3)],
    ["#t\r\n", ":1\r\n", (w) => w.boolean(true)],
    ["#f\r\n", ":0\r\n", (w) => w.boolean(false)],
    [",3.14\r\n", "$4\r\n3.14\r\n", (w) => w.double(3.14)],
    [",-0\r\n", "$2\r\n-0\r\n", (w) => w.double(-0)],
    [",1e+21\r\n", "$5\r\n1e+21\r\n", (w) => w.double(1e21)],
    [",inf\r\n", "$3\r\ninf\r\n", (w) => w.double(Number.POSITIVE_INFINITY)],
    [",-inf\r\n", "$4\r\n-inf\r\n", (w) => w.double(Number.NEGATIVE_INFINITY)],
    [",nan\r\n", "$3\r\nnan\r\n", (w) => w.double(Number.NaN)],
    ["=8\r\ntxt:some\r\n", "$4\r\nsome\r\n", (w) => w.verbatim("txt", "some")],
    ["=6\r\ntxt:\xc3\xbc\r\n", "$2\r\n\xc3\xbc\r\n", (w) => w.verbatim("txt", "ü")],
    [`(${huge}\r\n`, `$30\r\n${huge}\r\n`, (w) => w.integer(huge)],
    [`(-${huge}\r\n`, `$31\r\n-${huge}\r\n`, (w) => w.integer(-huge)],
  ])("%j %j", (version3, version2, write) => {
    expect(written(3, write)).toBe(version3);
    expect(written(2, write)).toBe(version2);
  });

  test("attributes are RESP3's alone", () => {
    expect(written(3, (w) => w.attribute(1))).toBe("|1\r\n");
    expect(() => written(2, (w) => w.attribute(1))).toThrow(AssertionError);
  });

  test("a verbatim text needs a format of three letters", () => {
    expect(() => written(3, (w) => w.verbatim("text", ""))).toThrow(AssertionError);
  });
});

test("a value may be delivered in place", () => {
  const writer = new RespWriter(new ByteBuffer(1));
  const out = writer.openValue(3);
  expect(out).toBe(writer.out);
  out.bytes.set(fromLatin1("abc"), out.length);
  out.length += 3;
  writer.closeValue();
  writer.openValue(0);
  writer.closeValue();
  expect(Buffer.from(out.view()).toString()).toBe("$3\r\nabc\r\n$0\r\n\r\n");
});

test("version and buffer may change between two replies", () => {
  const first = new ByteBuffer();
  const second = new ByteBuffer();
  const writer = new RespWriter(first);
  writer.null();
  writer.version = 3;
  writer.null();
  writer.out = second;
  writer.ok();
  expect(first.view()).toEqual(utf8("$-1\r\n_\r\n"));
  expect(second.view()).toEqual(utf8("+OK\r\n"));
});

test("whole numbers are written as JavaScript writes them", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(written(2, (w) => w.integer(value))).toBe(`:${value}\r\n`);
    }),
  );
  for (let power = 1; power < 2 ** 53; power *= 10) {
    for (const value of [power - 1, power, power + 1, -power]) {
      expect(written(2, (w) => w.integer(value))).toBe(`:${value}\r\n`);
    }
  }
});
