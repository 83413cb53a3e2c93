import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bytewise, countingReads, pieces, receive } from "../../test/support/stream-feed.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1 } from "../lib/bytes.ts";
import { type ParserLimits, Request } from "./protocol.ts";
import { writeCommand } from "./request-writer.ts";
import { RespParser } from "./resp-parser.ts";

const LIMITS: ParserLimits = { requestBytes: 100_000, argumentCount: 50, argumentBytes: 5000 };

function parse(stream: string, limits: ParserLimits = LIMITS) {
  return receive(new RespParser(limits), [fromLatin1(stream)]);
}

function parseInline(stream: string, limits: ParserLimits = LIMITS) {
  return receive(new RespParser(limits), [fromLatin1(stream)]);
}

function errorOf(stream: string, limits?: ParserLimits): string {
  const last = parse(stream, limits).at(-1);
  return last !== undefined && "error" in last ? last.error : "no error";
}

describe("multibulk requests", () => {
  test("are split into arguments, also when pipelined", () => {
    expect(parse("*2\r\n$3\r\nGET\r\n$8\r\nshashank\r\n*1\r\n$4\r\nPING\r\n")).toEqual([
      ["GET", "shashank"],
      ["PING"],
    ]);
  });

  test("hold any bytes", () => {
    const every = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    expect(parse(`*2\r\n$256\r\n${every}\r\n$0\r\n\r\n`)).toEqual([[every, ""]]);
  });

  test("that are empty ask for nothing", () => {
    expect(parse("*0\r\n*-1\r\n*-7\r\n*1\r\n$1\r\na\r\n*0\r\n")).toEqual([["a"]]);
  });

  test("may have empty lines between them", () => {
    expect(parse("\r\n*1\r\n$1\r\na\r\n\r\n\n*1\r\n$1\r\nb\r\n")).toEqual([["a"], ["b"]]);
  });

  test("are ranges of the bytes they were received in", () => {
    const bytes = fromLatin1("...*2\r\n$3\r\nGET\r\n$1\r\na\r\n...");
    const request = new Request();
    expect(new RespParser(LIMITS).parse(bytes, 3, bytes.length, request)).toBe(bytes.length - 3);
    expect(request.bytes).toBe(bytes);
    expect([...request.starts.subarray(0, 2)]).toEqual([11, 20]);
    expect(request.oneShot).toBe(false);
  });

  test("do not read behind the end of what was received", () => {
    const bytes = fromLatin1("*1\r\n$1\r\na\r\n");
    const request = new Request();
    for (let end = 0; end < bytes.length; end++) {
      expect(new RespParser(LIMITS).parse(bytes, 0, end, request)).toBe(-1);
      expect(request.count).toBe(0);
    }
  });

  test("say how many bytes a large value will need", () => {
    const parser = new RespParser(LIMITS);
    const bytes = fromLatin1("*2\r\n$3\r\nSET\r\n$1000\r\nabc");
    expect(parser.parse(bytes, 0, bytes.length, new Request())).toBe(-1);
    expect(parser.neededBytes).toBe(bytes.length - 3 + 1002);
  });
});

describe("malformed requests", () => {
  test.each([
    ["*x\r\n", "invalid multibulk length"],
    ["*\r\n", "invalid multibulk length"],
    ["*03\r\n", "invalid multibulk length"],
    ["*+3\r\n", "invalid multibulk length"],
    ["*3 \r\n", "invalid multibulk length"],
    ["*3\rx", "invalid multibulk length"],
    ["*2147483648\r\n", "invalid multibulk length"],
    ["*99999999999999999999\r\n", "invalid multibulk length"],
    ["*1\r\nx", "expected '$', got 'x'"],
    ["*1\r\n:3\r\n", "expected '$', got ':'"],
    ["*2\r\n$1\r\na\r\n*1\r\n", "expected '$', got '*'"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*1\r\n$\r\n", "invalid bulk length"],
    ["*1\r\n$abc\r\n", "invalid bulk length"],
    ["*1\r\n$00\r\n\r\n", "invalid bulk length"],
    ["*1\r\n$1\rxa\r\n", "invalid bulk length"],
    ["*1\r\n$1\r\nabc", "invalid bulk length"],
    ["*1\r\n$1\r\na\nx", "invalid bulk length"],
  ])("%j", (stream, message) => {
    expect(errorOf(stream)).toBe(message);
    expect(receive(new RespParser(LIMITS), bytewise(fromLatin1(stream)))).toEqual([{ error: message }]);
  });

  test("are found after good ones", () => {
    expect(parse("*1\r\n$1\r\na\r\n*a\r\n")).toEqual([["a"], { error: "invalid multibulk length" }]);
  });

  test("a line without an end is given up at 64 KB", () => {
    const long = "1".repeat(64 * 1024);
    expect(parse(`*${long.slice(1)}`)).toEqual([]);
    expect(errorOf(`*${long}`)).toBe("too big mbulk count string");
    expect(parse(`*1\r\n$${long.slice(1)}`)).toEqual([]);
    expect(errorOf(`*1\r\n$${long}`)).toBe("too big bulk count string");
  });
});

describe("limits", () => {
  test("arguments of one request", () => {
    const limits = { ...LIMITS, argumentCount: 2 };
    expect(parse("*2\r\n$1\r\na\r\n$1\r\nb\r\n", limits)).toEqual([["a", "b"]]);
    expect(errorOf("*3\r\n", limits)).toBe("invalid multibulk length");
  });

  test("bytes of one argument", () => {
    const limits = { ...LIMITS, argumentBytes: 3 };
    expect(parse("*1\r\n$3\r\nabc\r\n", limits)).toEqual([["abc"]]);
    expect(errorOf("*1\r\n$4\r\n", limits)).toBe("invalid bulk length");
  });

  test("bytes of one request, before they have come", () => {
    const request = "*2\r\n$3\r\nabc\r\n$4\r\ndefg\r\n";
    expect(parse(request, { ...LIMITS, requestBytes: request.length })).toEqual([["abc", "defg"]]);
    const limits = { ...LIMITS, requestBytes: request.length - 1 };
    expect(errorOf(request.slice(0, -6), limits)).toBe(
      `too big request: more than ${request.length - 1} bytes`,
    );
  });

  test("may change while a request is under way", () => {
    const parser = new RespParser({ ...LIMITS, argumentBytes: 1 });
    const bytes = fromLatin1("*1\r\n$3\r\nabc\r\n");
    const request = new Request();
    expect(parser.parse(bytes, 0, 4, request)).toBe(-1);
    parser.limits = LIMITS;
    expect(parser.parse(bytes, 0, bytes.length, request)).toBe(bytes.length);
  });
});

describe("inline commands", () => {
  test.each([
    ["PING\r\n", [["PING"]]],
    ["PING\n", [["PING"]]],
    ["  set  a\tb \r\n", [["set", "a", "b"]]],
    ["\r\n\n   \r\nPING\r\n", [["PING"]]],
    ['set a "b c"\r\n', [["set", "a", "b c"]]],
    ['set a ""\r\n', [["set", "a", ""]]],
    ['set a "\\x41\\xff\\x0a\\n\\r\\t\\b\\a\\\\\\"\\q"\r\n', [["set", "a", 'A\xff\n\n\r\t\b\x07\\"q']]],
    ['set a "\\xZZ\\x4"\n', [["set", "a", "xZZx4"]]],
    [`set a 'b\\n\\'c"'\n`, [["set", "a", `b\\n'c"`]]],
    [`se"t" a'b'\n`, [["set", "ab"]]],
    ["a\\b\n", [["a\\b"]]],
    ["*1\r\n$1\r\na\r\nPING\r\n*1\r\n$1\r\nb\r\n", [["a"], ["PING"], ["b"]]],
    ["a\vb\fc \vd\n", [["a\vb\fc", "d"]]],
  ])("%j", (stream, requests) => {
    expect(parseInline(stream)).toEqual(requests);
    expect(receive(new RespParser(LIMITS), bytewise(fromLatin1(stream)))).toEqual(requests);
  });

  test.each(['set a "b\r\n', "set a 'b\r\n", 'set "a"b\r\n', `set 'a'"b"\r\n`, '"\\"\n', "'\\'\n"])(
    "with unbalanced quotes: %j",
    (stream) => {
      expect(parseInline(stream)).toEqual([{ error: "unbalanced quotes in request" }]);
    },
  );

  test("without quotes are ranges of the bytes they were received in", () => {
    const bytes = fromLatin1("...set a b\n");
    const request = new Request();
    expect(new RespParser(LIMITS).parse(bytes, 3, bytes.length, request)).toBe(bytes.length);
    expect(request.bytes).toBe(bytes);
    expect([...request.starts.subarray(0, 3)]).toEqual([3, 7, 9]);
  });

  test("leave the received bytes as they are", () => {
    const bytes = fromLatin1('echo "a\\x41"\n');
    const before = bytes.slice();
    const request = new Request();
    new RespParser(LIMITS).parse(bytes, 0, bytes.length, request);
    expect(request.text(1)).toBe("aA");
    expect(bytes).toEqual(before);
  });

  test("a line of white space is nothing, whatever lies where the request before it had its name", () => {
    const parser = new RespParser(LIMITS);
    const request = new Request();
    const parse = (text: string) => parser.parse(fromLatin1(text), 0, text.length, request);
    expect([parse("  PING\n"), request.count]).toEqual([7, 1]);
    expect([parse(" \nPOST"), request.count]).toEqual([2, 0]);
  });

  test("are given up at 64 KB, with an end or without", () => {
    const long = "a".repeat(64 * 1024);
    expect(parseInline(`${long}\n`)).toEqual([[long]]);
    expect(parseInline(`${long}a`)).toEqual([{ error: "too big inline request" }]);
    expect(parseInline(`${long}a\n`)).toEqual([{ error: "too big inline request" }]);
    expect(parseInline("abcd", { ...LIMITS, requestBytes: 3 })).toEqual([
      { error: "too big inline request" },
    ]);
  });

  test("keep to the limit of arguments", () => {
    const limits = { ...LIMITS, argumentCount: 2 };
    expect(parseInline("a b\n", limits)).toEqual([["a", "b"]]);
    expect(parseInline("a b c\n", limits)).toEqual([{ error: "too big inline request" }]);
  });
});

describe("requests in pieces", () => {
  const argument = fc.uint8Array({ maxLength: 60 });
  const requests = fc.array(fc.array(argument, { minLength: 1, maxLength: 20 }), { maxLength: 6 });

  test("are the same requests, wherever they are cut", () => {
    fc.assert(
      fc.property(requests, fc.array(fc.nat(2000), { maxLength: 12 }), (commands, cuts) => {
        const out = new ByteBuffer();
        for (const command of commands) writeCommand(out, command);
        const expected = commands.map((command) =>
          command.map((bytes) => Buffer.from(bytes).toString("latin1")),
        );
        const stream = out.view();
        expect(receive(new RespParser(LIMITS), [stream])).toEqual(expected);
        expect(receive(new RespParser(LIMITS), pieces(stream, cuts))).toEqual(expected);
        expect(receive(new RespParser(LIMITS), bytewise(stream))).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test("are read once: a byte at a time costs a bounded number of looks a byte", () => {
    const out = new ByteBuffer();
    writeCommand(out, [..."abcdefghijklmnopqrstuvwxyz", "x".repeat(3000)]);
    const { bytes, reads } = countingReads(out.view());
    const parser = new RespParser(LIMITS);
    const request = new Request();
    for (let end = 1; end < bytes.length; end++) expect(parser.parse(bytes, 0, end, request)).toBe(-1);
    expect(parser.parse(bytes, 0, bytes.length, request)).toBe(bytes.length);
    expect(request.count).toBe(27);
    expect(reads()).toBeLessThan(20 * bytes.length);
  });

  test.each([
    ["*", "too big mbulk count string"],
    ["a", "too big inline request"],
  ])("a line of %j without an end is read once too", (first, message) => {
    const { bytes, reads } = countingReads(new Uint8Array(65_600).fill(0x31));
    bytes[0] = first.charCodeAt(0);
    const parser = new RespParser(LIMITS);
    const request = new Request();
    let end = 1;
    expect(() => {
      for (; end < bytes.length; end++) parser.parse(bytes, 0, end, request);
    }).toThrow(message);
    expect(end).toBe(64 * 1024 + 1);
    expect(reads()).toBeLessThan(20 * end);
  });

  test("a million arguments in small pieces", () => {
    const count = 1_000_000;
    const header = `*${count}\r\n`;
    const bytes = new Uint8Array(header.length + 7 * count);
    bytes.set(fromLatin1(header));
    const unit = fromLatin1("$1\r\na\r\n");
    for (let i = 0; i < count; i++) bytes.set(unit, header.length + 7 * i);
    const parser = new RespParser({ requestBytes: 1e8, argumentCount: 1024 * 1024, argumentBytes: 10 });
    const request = new Request();
    for (let end = 1000; end < bytes.length; end += 1000) {
      if (parser.parse(bytes, 0, end, request) !== -1) throw new Error("complete too early");
    }
    expect(parser.parse(bytes, 0, bytes.length, request)).toBe(bytes.length);
    expect(request.count).toBe(count);
    expect(request.text(count - 1)).toBe("a");
    const ping = fromLatin1("*1\r\n$4\r\nPING\r\n");
    expect(parser.parse(ping, 0, ping.length, request)).toBe(ping.length);
    expect(request.starts.length).toBeLessThan(100);
  });

  test("a value of 64 MB in pieces, in a buffer that moves", () => {
    const valueBytes = 64 * 1024 * 1024;
    const head = fromLatin1(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${valueBytes}\r\n`);
    const whole = new Uint8Array(10 + head.length + valueBytes + 2).fill(0x76);
    whole.set(head, 10);
    whole.set(fromLatin1("\r\n"), whole.length - 2);
    const parser = new RespParser({ requestBytes: 1e8, argumentCount: 10, argumentBytes: valueBytes });
    const request = new Request();
    const early = whole.slice(0, 100_000);
    for (let end = 20; end < early.length; end += 1000)
      expect(parser.parse(early, 10, end, request)).toBe(-1);
    expect(parser.neededBytes).toBe(whole.length - 10);
    for (let end = early.length; end < whole.length; end += 65_536) {
      expect(parser.parse(whole, 10, end, request)).toBe(-1);
    }
    expect(parser.parse(whole, 10, whole.length, request)).toBe(whole.length);
    expect(request.length(2)).toBe(valueBytes);
    expect(request.text(1)).toBe("k");
  });

  describe("a string that goes past the parser", () => {
    const value = "v".repeat(1000);
    const request = `*3\r\n$3\r\nSET\r\n$1000\r\n${value}\r\n$4\r\nlast\r\n`;

    /** Parses a request whose second argument goes past the parser, `before` bytes of it having come. */
    function receiveDiverted(parser: RespParser, before: number): string[] {
      const parsed = new Request();
      const valueAt = request.indexOf(value);
      const beginning = fromLatin1(request.slice(0, valueAt + before));
      expect(parser.parse(beginning, 0, beginning.length, parsed)).toBe(-1);
      expect([parser.awaitedBytes, parser.awaitedAt, parser.awaitedIndex]).toEqual([1000, valueAt, 1]);
      parser.divert();
      expect(parser.neededBytes).toBe(valueAt + 2);
      const rest = fromLatin1(request.slice(0, valueAt) + request.slice(valueAt + value.length));
      const end = parser.parse(rest, 0, rest.length, parsed);
      expect(end).toBe(rest.length);
      expect(parser.isBetweenRequests).toBe(true);
      return Array.from({ length: parsed.count }, (_, index) => parsed.text(index));
    }

    test("counts towards the limit of the request to the byte, as others do, and for this request only", () => {
      for (const before of [0, 1, 999, 1000]) {
        const parser = new RespParser({ ...LIMITS, requestBytes: request.length });
        for (let n = 0; n < 3; n++) expect(receiveDiverted(parser, before)).toEqual(["SET", "", "last"]);
        const small = new RespParser({ ...LIMITS, requestBytes: request.length - 1 });
        expect(() => receiveDiverted(small, before)).toThrow(
          `too big request: more than ${request.length - 1} bytes`,
        );
      }
    });
  });

  test("random bytes never crash, hang or read on after an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const whole = receive(new RespParser(LIMITS), [bytes]);
        expect(receive(new RespParser(LIMITS), bytewise(bytes))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});
