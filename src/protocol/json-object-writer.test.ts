import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, fromStrictUtf8, latin1, utf8 } from "../lib/bytes.ts";
import { dumpedBytes } from "./dumped-bytes.ts";
import { JsonObjectWriter } from "./json-object-writer.ts";

function written(entries: readonly (readonly [Uint8Array, Uint8Array])[], forTerminal = false): string {
  const writer = new JsonObjectWriter(new ByteBuffer(1), { forTerminal });
  writer.begin();
  for (const [key, value] of entries) writer.entry(key, value);
  writer.end();
  return new TextDecoder("utf-8", { fatal: true }).decode(writer.out.view());
}

function string(bytes: Uint8Array, forTerminal = false): string {
  return written([[new Uint8Array(0), bytes]], forTerminal).slice('{"":'.length, -1);
}

/** As the WHATWG's decoder reads bytes; it keeps a byte order mark. */
function decoded(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

test("an object, entry by entry", () => {
  expect(written([])).toBe("{}");
  expect(written([[utf8("a"), utf8("b")]])).toBe('{"a":"b"}');
  const entries = [
    [utf8("key"), utf8("a value = 1")],
    [utf8("ü"), utf8("😀")],
    [utf8(""), utf8("")],
  ] as const;
  expect(written(entries)).toBe('{"key":"a value = 1","ü":"😀","":""}');
});

test("ranges of larger buffers", () => {
  const writer = new JsonObjectWriter(new ByteBuffer());
  writer.begin();
  writer.entry(utf8("xkeyx"), utf8("valuexx"), 1, 4, 0, 5);
  writer.end();
  expect(Buffer.from(writer.out.view()).toString()).toBe('{"key":"value"}');
});

test("the buffer may be exchanged between two entries", () => {
  const first = new ByteBuffer();
  const second = new ByteBuffer();
  const writer = new JsonObjectWriter(first);
  writer.begin();
  writer.entry(utf8("a"), utf8("1"));
  writer.out = second;
  writer.entry(utf8("b"), utf8("2"));
  writer.end();
  expect(Buffer.concat([first.view(), second.view()]).toString()).toBe('{"a":"1","b":"2"}');
});

describe("strings", () => {
  test("the longest text for so many bytes fits, whatever room there was", () => {
    // Pieces of 4,096 bytes have room for their longest text; the last sequence goes 3 bytes beyond the first piece.
    const bytes = Uint8Array.of(...new Uint8Array(4095).fill(0xff), 0xf4, 0x8f, 0xba, 0x80);
    const text = `{"${"\\udbff\\udeff".repeat(4095)}${["f4", "8f", "ba", "80"].map((byte) => `\\udbff\\ude${byte}`).join("")}":""}`;
    for (let roomBytes = 2 + 12 * 4096; roomBytes <= text.length; roomBytes++) {
      const writer = new JsonObjectWriter(new ByteBuffer(roomBytes));
      writer.begin();
      writer.entry(bytes, new Uint8Array(0));
      writer.end();
      expect(latin1(writer.out.view()) === text).toBe(true);
    }
  });

  test("ASCII is escaped as JSON.stringify does", () => {
    const ascii = Uint8Array.from({ length: 128 }, (_, i) => i);
    expect(string(ascii)).toBe(JSON.stringify(decoded(ascii)));
  });

  test.each([
    ["\xff", "\\udbff\\udeff"],
    ["\xfe", "\\udbff\\udefe"],
    ["\xef\xbf\xbd", "\ufffd"],
    ["a\xc3", "a\\udbff\\udec3"],
    ["\xc3(", "\\udbff\\udec3("],
    ["\xc0\xaf", "\\udbff\\udec0\\udbff\\udeaf"],
    ["\xe2\x82a", "\\udbff\\udee2\\udbff\\ude82a"],
    ["\xed\xa0\x80", "\\udbff\\udeed\\udbff\\udea0\\udbff\\ude80"],
    ["\xf0\x9f\x98\x80", "😀"],
    ["\xf4\x90\x80\x80", "\\udbff\\udef4\\udbff\\ude90\\udbff\\ude80\\udbff\\ude80"],
    ["\xf4\x8f\xbb\xbf", "\\udbff\\udef4\\udbff\\ude8f\\udbff\\udebb\\udbff\\udebf"],
    ["\xf4\x8f\xb9\xbf\xf4\x8f\xbc\x80", "\u{10fe7f}\u{10ff00}"],
    ["\xef\xbb\xbfa", "\ufeffa"],
    ["\x00\x1f\x7f\xc2\x9b", "\\u0000\\u001f\x7f\x9b"],
  ])("%j is %s", (bytes, text) => {
    expect(string(fromLatin1(bytes))).toBe(`"${text}"`);
    expect(latin1(dumpedBytes(JSON.parse(`"${text}"`)))).toBe(bytes);
  });

  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0xc2, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf3, 0xf4, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf),
    fc.constantFrom(0xf4, 0x8f, 0xba, 0xbb, 0x80),
  );

  test("of any bytes can be read again, and where they are UTF-8 they are that text", () => {
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 40 }),
        fc.nat(4200),
        fc.boolean(),
        (list, shift, forTerminal) => {
          // Shifted, so that sequences lie across the pieces a long string is written in.
          const bytes = new Uint8Array(shift + list.length).fill(0x61);
          bytes.set(list, shift);
          const parsed = JSON.parse(string(bytes, forTerminal));
          expect(latin1(dumpedBytes(parsed))).toBe(latin1(bytes));
          const text = fromStrictUtf8(bytes);
          if (text !== undefined && !/[\u{10fe80}-\u{10feff}]/u.test(text)) expect(parsed).toBe(text);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("that differ are never written alike", () => {
    const some = fc.array(fc.constantFrom(0x61, 0xf4, 0x8f, 0xba, 0xbb, 0x80, 0xff, 0xef, 0xbf, 0xbd), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(some, some, (one, other) => {
        const isSame = one.join() === other.join();
        expect(string(Uint8Array.from(one)) === string(Uint8Array.from(other))).toBe(isSame);
      }),
      { numRuns: 5000 },
    );
  });

  test("for a terminal have no control characters left", () => {
    const all = utf8(Array.from({ length: 0x120 }, (_, code) => String.fromCharCode(code)).join(""));
    const shown = string(all, true);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(shown).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(JSON.parse(shown)).toBe(JSON.parse(string(all)));
  });

  test("long ones are written in pieces, whatever they hold", () => {
    for (const unit of ["a", "\x01", "ü", "€", "😀", "\udc00"]) {
      const bytes = utf8(`x${unit.repeat(9000)}`);
      expect(JSON.parse(string(bytes))).toBe(decoded(bytes));
    }
  });
});
