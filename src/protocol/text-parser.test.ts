import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bytewise, countingReads, pieces, type Received, receive } from "../../test/support/stream-feed.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { type ParserLimits, Request } from "./protocol.ts";
import { type IsCommandName, type LineKind, TextParser } from "./text-parser.ts";

const LIMITS: ParserLimits = { requestBytes: 100_000, argumentCount: 50, argumentBytes: 5000 };
const FORMS = "a request is one of PUT key=value, GET key, DELETE key, DUMP";

function parse(stream: string, limits: ParserLimits = LIMITS): Received[] {
  const received = receive(new TextParser(limits), [fromLatin1(stream)]);
  expect(receive(new TextParser(limits), bytewise(fromLatin1(stream)))).toEqual(received);
  return received;
}

/** SET, PING and QUIT, in any case. */
const isCommandName: IsCommandName = (bytes, start, end) =>
  ["SET", "PING", "QUIT"].includes(latin1(bytes, start, end).toUpperCase());

describe("requests", () => {
  test("of the teaching document", () => {
    expect(parse("PUT shashank=softwareEngineer\nGET shashank\nDELETE shashank\nDUMP\n")).toEqual([
      ["PUT", "shashank", "softwareEngineer"],
      ["GET", "shashank"],
      ["DELETE", "shashank"],
      ["DUMP"],
    ]);
  });

  test.each([
    ["put a=b\n", ["put", "a", "b"]],
    ["pUt a=b\r\n", ["pUt", "a", "b"]],
    ["PUT a=b=c = d\n", ["PUT", "a", "b=c = d"]],
    ["PUT  inner space  =  and more  \n", ["PUT", "inner space", "and more"]],
    ["\t PUT\ta\t=\tb\t\r\n", ["PUT", "a", "b"]],
    ["PUT a=\n", ["PUT", "a", ""]],
    ["PUT a=  \r\n", ["PUT", "a", ""]],
    ["PUT a==\n", ["PUT", "a", "="]],
    ["PUT a=b\r\r\n", ["PUT", "a", "b"]],
    ["PUT a=b\rc\n", ["PUT", "a", "b\rc"]],
    ["PUT \xe9=\x00\xff\n", ["PUT", "\xe9", "\x00\xff"]],
    ["GET a b=c\n", ["GET", "a b=c"]],
    ["get\v a\f\n", ["get", "a"]],
    ["Delete  a b \n", ["Delete", "a b"]],
    [" dump \r\n", ["dump"]],
  ])("%j", (stream, request) => {
    expect(parse(stream)).toEqual([request]);
  });

  test.each([
    ["\n", `empty request; ${FORMS}`],
    [" \t\r\n", `empty request; ${FORMS}`],
    ["FETCH a\n", `unknown verb "FETCH"; ${FORMS}`],
    ["PUTa=b\n", `unknown verb "PUTa=b"; ${FORMS}`],
    ["\x10ET a\n", `unknown verb "?ET"; ${FORMS}`],
    ["SE\x00\xffT a\n", `unknown verb "SE??T"; ${FORMS}`],
    [`${"x".repeat(33)} a\n`, `unknown verb "${"x".repeat(32)}…"; ${FORMS}`],
    ["PUT\n", "PUT needs a key and a value: PUT key=value"],
    ["PUT key\n", "PUT needs an equals sign behind the key: PUT key=value"],
    ["PUT =value\n", "PUT needs a key before the equals sign: PUT key=value"],
    ["PUT  = \n", "PUT needs a key before the equals sign: PUT key=value"],
    ["get\r\n", "GET needs a key: GET key"],
    ["DELETE \n", "DELETE needs a key: DELETE key"],
    ["DUMP x\n", "DUMP takes nothing behind it: DUMP"],
  ])("%j is answered with what is wrong, and the stream goes on", (stream, problem) => {
    expect(parse(`${stream}GET a\n`)).toEqual([{ problem }, ["GET", "a"]]);
  });

  test("are ranges of the bytes they were received in", () => {
    const bytes = fromLatin1("..PUT a = b \n..");
    const request = new Request();
    expect(new TextParser(LIMITS).parse(bytes, 2, bytes.length, request)).toBe(13);
    expect(request.bytes).toBe(bytes);
    expect([...request.starts.subarray(0, 3)]).toEqual([2, 6, 10]);
    expect([...request.ends.subarray(0, 3)]).toEqual([5, 7, 11]);
    expect(request.oneShot).toBe(false);
  });

  test("do not read behind the end of what was received, however long the line", () => {
    for (const length of [1, 10, 31, 32, 33, 100, 5000]) {
      const bytes = new Uint8Array(20_000).fill(0x61);
      for (const at of [length, length + 1, length + 6000]) bytes[at] = 0x0a;
      expect(new TextParser(LIMITS).parse(bytes, 0, length, new Request())).toBe(-1);
      expect(new TextParser(LIMITS).parse(bytes.subarray(0, length + 10), 0, length, new Request())).toBe(-1);
      expect(new TextParser(LIMITS).parse(bytes, 0, length + 1, new Request())).toBe(length + 1);
    }
  });
});

describe("a request that no line feed ends", () => {
  test.each([
    ["DUMP", ["DUMP"]],
    ["PUT a=b c", ["PUT", "a", "b c"]],
    ["GET a\r", ["GET", "a"]],
    ["GET x\nGET a", ["GET", "a"]],
  ])("%j", (stream, request) => {
    expect(parse(stream).at(-1)).toEqual(request);
  });

  test("may be wrong too", () => {
    expect(parse("DUMP x")).toEqual([{ problem: "DUMP takes nothing behind it: DUMP" }]);
  });

  test.each(["", "GET a\n"])("is none: behind %j", (stream) => {
    const parser = new TextParser(LIMITS);
    const request = new Request();
    const bytes = fromLatin1(stream);
    const start = Math.max(parser.parse(bytes, 0, bytes.length, request), 0);
    expect(parser.finish(bytes, start, bytes.length, request)).toBe(false);
  });

  test.each([" ", "\r", "GET a\n \t"])("is white space: %j", (stream) => {
    expect(parse(stream).at(-1)).toEqual({ problem: `empty request; ${FORMS}` });
  });

  test.each([
    ["", "blank"],
    [" \r", "blank"],
    ["GET", "read"],
    [" dump", "read"],
    ["put a", "write"],
    ["Delete ", "write"],
    ["PU", "unknown"],
    ["PING", "inline"],
    ["set a b", "inline"],
    ["PIN", "unknown"],
  ])("%j is %s", (stream, kind) => {
    const bytes = fromLatin1(stream);
    const parser = new TextParser(LIMITS, isCommandName);
    expect(parser.parse(bytes, 0, bytes.length, new Request())).toBe(-1);
    expect(parser.kindOf(bytes, 0, bytes.length)).toBe(kind as LineKind);
  });

  test("is marked, and the next one is not", () => {
    const parser = new TextParser(LIMITS);
    const request = new Request();
    const bytes = fromLatin1("GET a\n");
    expect(parser.parse(bytes, 0, 5, request)).toBe(-1);
    expect(parser.finish(bytes, 0, 5, request)).toBe(true);
    expect(request.oneShot).toBe(true);
    expect(parser.parse(bytes, 0, 6, request)).toBe(6);
    expect(request.oneShot).toBe(false);
  });
});

describe("inline commands", () => {
  function parseLines(stream: string): Received[] {
    const received = receive(new TextParser(LIMITS, isCommandName), [fromLatin1(stream)]);
    expect(receive(new TextParser(LIMITS, isCommandName), bytewise(fromLatin1(stream)))).toEqual(received);
    return received;
  }

  test("are split as Redis splits them, and marked", () => {
    expect(parseLines('set a "b c"\r\nGET a b\nping\n')).toEqual([
      ["set", "a", "b c"],
      ["GET", "a b"],
      ["ping"],
    ]);
    const parser = new TextParser(LIMITS, isCommandName);
    const request = new Request();
    const bytes = fromLatin1('SET a "b"\nGET a\n');
    expect(parser.parse(bytes, 0, bytes.length, request)).toBe(10);
    expect(request.isInline).toBe(true);
    parser.parse(bytes, 10, bytes.length, request);
    expect(request.isInline).toBe(false);
  });

  test.each([
    ['SET a "b\n', "unbalanced quotes in request"],
    [`SET a ${"b".repeat(64 * 1024)}\n`, "too big inline request"],
    [`SET a ${"b".repeat(64 * 1024)}`, "too big inline request"],
    [`\x00${"b".repeat(64 * 1024)}`, "too big inline request"],
    [`nonsense ${"b".repeat(64 * 1024)}`, "too big inline request"],
    [" ".repeat(64 * 1024 + 1), "too big inline request"],
    [`SET${" a".repeat(50)}\n`, "too big inline request"],
  ])("can be malformed: %j", (stream, error) => {
    expect(parseLines(`GET a\n${stream}`)).toEqual([["GET", "a"], { error }]);
  });
});

describe("limits", () => {
  const limits: ParserLimits = { requestBytes: 20, argumentCount: 3, argumentBytes: 8 };
  const tooLong = { problem: "request too long: a line has at most 20 bytes" };

  test("bytes of one line", () => {
    const fits = `GET ${" ".repeat(15)}a`;
    expect(parse(`${fits}\nDUMP\n`, limits)).toEqual([["GET", "a"], ["DUMP"]]);
    expect(parse(`${fits}b\nDUMP\n`, limits)).toEqual([tooLong, ["DUMP"]]);
  });

  test("a request that is refused has no arguments, whichever of them is too long", () => {
    const wide: ParserLimits = { requestBytes: 100, argumentCount: 3, argumentBytes: 8 };
    const long = "a".repeat(9);
    for (const line of [`GET ${long}`, `PUT ${long}=b`, `PUT b=${long}`, `PUT ${long}=${long}`]) {
      const request = new Request();
      const bytes = fromLatin1(`${line}\n`);
      expect(new TextParser(wide).parse(bytes, 0, bytes.length, request)).toBe(bytes.length);
      expect(request.problem).toBe("key or value too long: each has at most 8 bytes");
      expect(request.count).toBe(0);
    }
  });

  test("the rest of a line too long is skipped, not kept", () => {
    const parser = new TextParser(limits);
    const request = new Request();
    const bytes = new Uint8Array(1000).fill(0x61);
    expect(parser.parse(bytes, 0, 20, request)).toBe(-1);
    expect(parser.parse(bytes, 0, 21, request)).toBe(21);
    expect(request.problem).toBe(tooLong.problem);
    for (let i = 0; i < 5; i++) {
      expect(parser.parse(bytes, 0, bytes.length, request)).toBe(bytes.length);
      expect(request.count).toBe(0);
      expect(request.problem).toBe("");
    }
    expect(parser.parse(bytes, 0, 0, request)).toBe(-1);
    const rest = fromLatin1("abc\nGET a\n");
    expect(parser.parse(rest, 0, rest.length, request)).toBe(4);
    expect(request.count).toBe(0);
    expect(parser.parse(rest, 4, rest.length, request)).toBe(rest.length);
    expect(request.text(1)).toBe("a");
  });

  test("nothing is answered when the client ends within a line too long", () => {
    expect(parse("a".repeat(100), limits)).toEqual([tooLong]);
  });

  test("bytes of one argument", () => {
    const problem = "key or value too long: each has at most 8 bytes";
    expect(parse("PUT 12345678=123456\n", limits)).toEqual([["PUT", "12345678", "123456"]]);
    expect(parse("PUT 123456789=12345\n", limits)).toEqual([{ problem }]);
    expect(parse("PUT 12=123456789\nGET 123456789\n", limits)).toEqual([{ problem }, { problem }]);
  });
});

describe("requests in pieces", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab= \t\r\x00\xe9"), maxLength: 20 });
  const line = fc
    .tuple(fc.constantFrom("PUT ", "get\t", "DELETE ", "DUMP", "x", ""), text)
    .map((parts) => parts.join(""));

  test("are the same requests, wherever they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.nat(200)),
        fc.integer({ min: 5, max: 40 }),
        (lines, cuts, limit) => {
          const stream = fromLatin1(lines.join("\n"));
          const limits = { ...LIMITS, requestBytes: limit, argumentBytes: limit - 4 };
          const whole = receive(new TextParser(limits), [stream]);
          expect(receive(new TextParser(limits), pieces(stream, cuts))).toEqual(whole);
          expect(receive(new TextParser(limits), bytewise(stream))).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("hold what the design says they hold", () => {
    fc.assert(
      fc.property(text, text, (key, value) => {
        const trimmedKey = key.split("=")[0]!.trim();
        const whole = `${key}=${value}`;
        const trimmedValue = whole.slice(whole.indexOf("=") + 1).trim();
        const [request] = parse(`PUT ${whole}\n`);
        if (trimmedKey === "") expect(request).toHaveProperty("problem");
        else expect(request).toEqual(["PUT", trimmedKey, trimmedValue]);
      }),
      { numRuns: 300 },
    );
  });

  test("are read once: a byte at a time costs a bounded number of looks a byte", () => {
    const { bytes, reads } = countingReads(new Uint8Array(50_000).fill(0x61));
    bytes[bytes.length - 1] = 0x0a;
    const parser = new TextParser(LIMITS);
    const request = new Request();
    for (let end = 1; end < bytes.length; end++) parser.parse(bytes, 0, end, request);
    expect(parser.parse(bytes, 0, bytes.length, request)).toBe(bytes.length);
    expect(reads()).toBeLessThan(10 * bytes.length);
  });

  test("random bytes never crash or hang, and never end the stream", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const whole = receive(new TextParser(LIMITS), [bytes]);
        const errors = whole.filter((item) => "error" in item && item.error !== "this is TLS");
        expect(errors).toEqual([]);
        expect(receive(new TextParser(LIMITS), bytewise(bytes))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});
