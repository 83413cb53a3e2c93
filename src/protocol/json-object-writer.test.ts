import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, utf8 } from "../lib/bytes.ts";
import { JsonObjectWriter } from "./json-object-writer.ts";

function written(entries: readonly (readonly [Uint8Array, Uint8Array])[]): string {
  const writer = new JsonObjectWriter(new ByteBuffer(1));
  writer.begin();
  for (const [key, value] of entries) writer.entry(key, value);
  writer.end();
  return new TextDecoder("utf-8", { fatal: true }).decode(writer.out.view());
}

function string(bytes: Uint8Array): string {
  return written([[new Uint8Array(0), bytes]]).slice('{"":'.length, -1);
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
  test("ASCII is escaped as JSON.stringify does", () => {
    const ascii = Uint8Array.from({ length: 128 }, (_, i) => i);
    expect(string(ascii)).toBe(JSON.stringify(decoded(ascii)));
  });

  test.each([
    ["\xff", "�"],
    ["a\xc3", "a�"],
    ["\xc3(", "�("],
    ["\xc0\xaf", "��"],
    ["\xe2\x82", "�"],
    ["\xe2\x82a", "�a"],
    ["\xe2\x28\xa1", "�(�"],
    ["\xed\xa0\x80", "���"],
    ["\xf0\x9f\x98", "�"],
    ["\xf0\x9f\x98\x80", "😀"],
    ["\xf4\x90\x80\x80", "����"],
    ["\xe0\x80\xaf", "���"],
    ["\xef\xbb\xbfa", "\ufeffa"],
  ])("%j is %j", (bytes, text) => {
    expect(JSON.parse(string(fromLatin1(bytes)))).toBe(text);
  });

  test("of random bytes are what the decoder makes of them", () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xc2, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf3, 0xf4, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), fc.nat(4200), (list, shift) => {
        // Shifted, so that sequences lie across the pieces a long string is written in.
        const bytes = new Uint8Array(shift + list.length).fill(0x61);
        bytes.set(list, shift);
        expect(JSON.parse(string(bytes))).toBe(decoded(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("long ones are written in pieces, whatever they hold", () => {
    for (const unit of ["a", "\x01", "ü", "€", "😀", "\udc00"]) {
      const bytes = utf8(`x${unit.repeat(9000)}`);
      expect(JSON.parse(string(bytes))).toBe(decoded(bytes));
    }
  });
});
