import { describe, expect, test } from "bun:test";
import { AssertionError } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, utf8 } from "../lib/bytes.ts";
import { TextWriter } from "./text-writer.ts";

function written(write: (writer: TextWriter) => void, options?: { bare?: boolean; prefix?: string }): string {
  const writer = new TextWriter(new ByteBuffer(1));
  writer.bare = options?.bare ?? false;
  writer.prefix = utf8(options?.prefix ?? "");
  write(writer);
  return Buffer.from(writer.out.view()).toString("latin1");
}

const value = utf8("..softwareEngineer..");

describe("each reply is one line", () => {
  test.each<[string, (writer: TextWriter) => void]>([
    ["OK\n", (w) => w.ok()],
    ["PONG\n", (w) => w.status("PONG")],
    ["softwareEngineer\n", (w) => w.bulk(value, 2, value.length - 2)],
    ["..softwareEngineer..\n", (w) => w.bulk(value)],
    ["\n", (w) => w.bulkText("")],
    ["\xc3\xbc\n", (w) => w.bulkText("ü")],
    ["No such key found\n", (w) => w.null()],
    ["No such key found\n", (w) => w.nullArray()],
    ["ERROR PUT needs a key\n", (w) => w.error("ERR PUT needs a key")],
    ["ERROR WRONGTYPE Operation\n", (w) => w.error("WRONGTYPE Operation")],
    ["ERROR a  b\n", (w) => w.error("ERR a\r\nb")],
    ["-12\n", (w) => w.integer(-12)],
    ["9007199254740993\n", (w) => w.integer(9007199254740993n)],
    ["1.5\n", (w) => w.double(1.5)],
    ["inf\n", (w) => w.double(Number.POSITIVE_INFINITY)],
    ["true\n", (w) => w.boolean(true)],
    ["false\n", (w) => w.boolean(false)],
    ["a b\n", (w) => w.verbatim("txt", "a b")],
  ])("%j", (line, write) => {
    expect(written(write)).toBe(line);
    expect(written(write, { bare: true })).toBe(line.slice(0, -1));
    expect(written(write, { prefix: "{Proxy Server} : " })).toBe(`{Proxy Server} : ${line}`);
  });

  test("a value may be delivered in place", () => {
    const writer = new TextWriter(new ByteBuffer(1));
    const deliver = () => {
      const out = writer.openValue(3);
      out.bytes.set(fromLatin1("abc"), out.length);
      out.length += 3;
      writer.closeValue();
    };
    deliver();
    writer.prefix = utf8("{Backend Server} : ");
    writer.bare = true;
    deliver();
    expect(Buffer.from(writer.out.view()).toString()).toBe("abc\n{Backend Server} : abc");
  });
});

describe("aggregates", () => {
  const nested = (w: TextWriter) => {
    w.array(3);
    w.bulkText("a");
    w.map(1);
    w.bulkText("k");
    w.set(1);
    w.integer(1);
    w.array(0);
  };

  test("are one element a line, with one prefix", () => {
    expect(written(nested, { prefix: "> " })).toBe("> a\nk\n1\n\n");
    expect(written(nested, { prefix: "> ", bare: true })).toBe("> a\nk\n1\n");
  });

  test("leave the next reply in order", () => {
    const twice = (w: TextWriter) => {
      nested(w);
      w.ok();
    };
    expect(written(twice, { prefix: "> " })).toBe("> a\nk\n1\n\n> OK\n");
  });

  test("that are empty are an empty line", () => {
    expect(written((w) => w.push(0))).toBe("\n");
    expect(written((w) => w.map(0), { prefix: "> " })).toBe("> \n");
  });

  test("have no attributes", () => {
    expect(() => written((w) => w.attribute())).toThrow(AssertionError);
  });
});

test("a reply may be written piece by piece, without the prefix", () => {
  const dump = (w: TextWriter) => {
    w.raw(utf8("{"));
    w.raw(utf8("xx}x"), 2, 3);
    w.endRaw();
  };
  expect(written(dump, { prefix: "> " })).toBe("{}\n");
  expect(written(dump, { bare: true })).toBe("{}");
});
