import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bytewise, countingReads, pieces, receiveReplies } from "../../test/support/stream-feed.ts";
import { fromLatin1 } from "../lib/bytes.ts";
import { type ReplyLimits, ReplyReader } from "./reply-reader.ts";

const LIMITS: ReplyLimits = { replyBytes: 100_000, depth: 8 };

/** The replies of a stream, which must come out the same when it comes a byte at a time. */
function read(stream: string, limits: ReplyLimits = LIMITS) {
  const received = receiveReplies(new ReplyReader(limits), [fromLatin1(stream)]);
  expect(receiveReplies(new ReplyReader(limits), bytewise(fromLatin1(stream)))).toEqual(received);
  return received;
}

describe("one reply of each form", () => {
  test.each([
    ["+OK\r\n", "+", "OK"],
    ["+\r\n", "+", ""],
    ["-ERR no\r\n", "-", "ERR no"],
    [":0\r\n", ":", "0"],
    [":-12\r\n", ":", "-12"],
    [":+12\r\n", ":", "+12"],
    [":9223372036854775807\r\n", ":", "9223372036854775807"],
    ["$0\r\n\r\n", "$", ""],
    ["$7\r\na\r\nb\r\nc\r\n", "$", "a\r\nb\r\nc"],
    ["#t\r\n", "#", "t"],
    [",1.5\r\n", ",", "1.5"],
    [",10\r\n", ",", "10"],
    [",-1.5e+10\r\n", ",", "-1.5e+10"],
    [",inf\r\n", ",", "inf"],
    [",-inf\r\n", ",", "-inf"],
    [",nan\r\n", ",", "nan"],
    [
      "(-3492890328409238509324850943850943825024385\r\n",
      "(",
      "-3492890328409238509324850943850943825024385",
    ],
    ["!5\r\nERR x\r\n", "!", "ERR x"],
    ["=8\r\ntxt:some\r\n", "=", "txt:some"],
  ])("%j", (stream, type, value) => {
    expect(read(stream)).toEqual([{ type, isNull: false, count: 0, value, reply: stream, whole: stream }]);
  });

  test.each([
    ["_\r\n", "_"],
    ["$-1\r\n", "$"],
    ["*-1\r\n", "*"],
  ])("null as %j", (stream, type) => {
    expect(read(stream)).toEqual([{ type, isNull: true, count: 0, value: "", reply: stream, whole: stream }]);
  });

  test.each([
    ["*0\r\n", "*", 0],
    ["*2\r\n:1\r\n$1\r\na\r\n", "*", 2],
    ["~1\r\n_\r\n", "~", 1],
    ["%1\r\n+k\r\n*1\r\n%0\r\n", "%", 1],
    [">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", ">", 2],
    ["*3\r\n*0\r\n*-1\r\n*2\r\n$-1\r\n*1\r\n*0\r\n", "*", 3],
  ])("an aggregate: %j", (stream, type, count) => {
    const value = stream.slice(stream.indexOf("\n") + 1);
    expect(read(stream)).toEqual([{ type, isNull: false, count, value, reply: stream, whole: stream }]);
  });
});

describe("attributes", () => {
  test("belong to the reply they precede", () => {
    const attribute = "|1\r\n+source\r\n$3\r\nhit\r\n";
    expect(read(`${attribute}$1\r\na\r\n:1\r\n`)).toEqual([
      {
        type: "$",
        isNull: false,
        count: 0,
        value: "a",
        reply: "$1\r\na\r\n",
        whole: `${attribute}$1\r\na\r\n`,
      },
      { type: ":", isNull: false, count: 0, value: "1", reply: ":1\r\n", whole: ":1\r\n" },
    ]);
  });

  test("may be empty, several, nested, and lie within aggregates", () => {
    const inner = "*2\r\n|1\r\n+a\r\n|0\r\n:1\r\n:2\r\n|0\r\n:3\r\n";
    const stream = `|0\r\n|1\r\n+b\r\n*1\r\n:4\r\n${inner}`;
    expect(read(stream)).toMatchObject([{ type: "*", count: 2, reply: inner, whole: stream }]);
  });
});

describe("malformed replies", () => {
  test.each([
    ["?\r\n", "unknown reply type '?'"],
    ["PONG\r\n", "unknown reply type 'P'"],
    [";1\r\n", "unknown reply type ';'"],
    ["\r\n", "unknown reply type '\r'"],
    ["$?\r\n", "streamed replies are not supported"],
    ["*?\r\n", "streamed replies are not supported"],
    ["*1\r\n%?\r\n", "streamed replies are not supported"],
    ["$x\r\n", "reply with an invalid length"],
    ["$\r\n", "reply with an invalid length"],
    ["$01\r\n", "reply with an invalid length"],
    ["$1\rx", "reply with an invalid length"],
    ["$-2\r\n", "reply with an invalid length"],
    ["!-1\r\n", "reply with an invalid length"],
    ["=-1\r\n", "reply with an invalid length"],
    ["*-2\r\n", "reply with an invalid length"],
    ["%-1\r\n", "reply with an invalid length"],
    ["~-1\r\n", "reply with an invalid length"],
    [">-1\r\n", "reply with an invalid length"],
    ["$1\r\nabc", "reply with a wrong length"],
    ["$1\r\na\nb", "reply with a wrong length"],
    ["=3\r\ntxt\r\n", "reply with a verbatim text without its format"],
    ["=5\r\ntxt.a\r\n", "reply with a verbatim text without its format"],
    ["+a\rb\r\n", "reply with an invalid line of type '+'"],
    [":\r\n", "reply with an invalid line of type ':'"],
    [":1.5\r\n", "reply with an invalid line of type ':'"],
    [":9223372036854775808\r\n", "reply with an invalid line of type ':'"],
    ["_x\r\n", "reply with an invalid line of type '_'"],
    ["#x\r\n", "reply with an invalid line of type '#'"],
    ["#tt\r\n", "reply with an invalid line of type '#'"],
    [",\r\n", "reply with an invalid line of type ','"],
    [",1,5\r\n", "reply with an invalid line of type ','"],
  ])("%j", (stream, message) => {
    expect(read(`+OK\r\n${stream}`)).toMatchObject([{ type: "+" }, message]);
  });
});

describe("limits", () => {
  test("bytes of one reply, before they have come", () => {
    const limits = { ...LIMITS, replyBytes: 20 };
    const message = "reply of more than 20 bytes";
    expect(read("$13\r\n1234567890123\r\n", limits)).toHaveLength(1);
    expect(read("$14\r\n", limits)).toEqual(["reply of more than 20 bytes"]);
    expect(read(`+${"a".repeat(17)}\r\n`, limits)).toHaveLength(1);
    expect(read(`+${"a".repeat(18)}`, limits)).toEqual([message]);
    expect(read("*1\r\n*1\r\n$7\r\n", limits)).toEqual([message]);
    expect(read("*6\r\n", limits)).toEqual([message]);
    expect(read("%3\r\n", limits)).toEqual([message]);
    expect(read("|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n", limits)).toEqual([message]);
    expect(read("*2000000000\r\n")).toEqual(["reply of more than 100000 bytes"]);
  });

  test("depth", () => {
    expect(read(`${"*1\r\n".repeat(8)}:1\r\n`)).toHaveLength(1);
    expect(read("*1\r\n".repeat(9))).toEqual(["reply nested more than 8 levels deep"]);
    expect(read(`${"*1\r\n".repeat(8)}|1\r\n`)).toEqual(["reply nested more than 8 levels deep"]);
  });

  test("a number without an end is given up", () => {
    const digits = "1".repeat(20_000);
    expect(receiveReplies(new ReplyReader(LIMITS), [fromLatin1(`$${digits}`)])).toEqual([
      "reply with an invalid length",
    ]);
    expect(receiveReplies(new ReplyReader(LIMITS), [fromLatin1(`(${digits}`)])).toEqual([
      "reply with an invalid line of type '('",
    ]);
  });

  test("do not sum up over replies", () => {
    expect(read("$13\r\n1234567890123\r\n".repeat(5), { ...LIMITS, replyBytes: 20 })).toHaveLength(5);
  });
});

describe("replies in pieces", () => {
  const leaf = fc.constantFrom(
    "+OK\r\n",
    "$-1\r\n",
    "_\r\n",
    ":12\r\n",
    "$12\r\nhello\r\nworld\r\n",
    ",1.5\r\n",
    "*0\r\n",
  );
  const { reply } = fc.letrec<{ reply: string }>((tie) => ({
    reply: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc
        .tuple(fc.constantFrom("*", "~", ">"), fc.array(tie("reply"), { maxLength: 4 }))
        .map(([type, items]) => `${type}${items.length}\r\n${items.join("")}`),
      fc
        .array(fc.tuple(tie("reply"), tie("reply")), { maxLength: 3 })
        .map((pairs) => `%${pairs.length}\r\n${pairs.flat().join("")}`),
      fc.tuple(tie("reply"), tie("reply")).map(([value, after]) => `|1\r\n+a\r\n${value}${after}`),
    ),
  }));

  test("are the same replies, wherever they are cut", () => {
    const limits = { ...LIMITS, depth: 64 };
    fc.assert(
      fc.property(
        fc.array(reply, { maxLength: 5 }),
        fc.array(fc.nat(500), { maxLength: 10 }),
        (replies, cuts) => {
          const stream = fromLatin1(replies.join(""));
          const whole = receiveReplies(new ReplyReader(limits), [stream]);
          expect(whole.map((item) => (typeof item === "string" ? item : item.whole))).toEqual(replies);
          expect(receiveReplies(new ReplyReader(limits), pieces(stream, cuts))).toEqual(whole);
          expect(receiveReplies(new ReplyReader(limits), bytewise(stream))).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("are read once: a byte at a time costs a bounded number of looks a byte", () => {
    const stream = `*4\r\n$5000\r\n${"x".repeat(5000)}\r\n+${"y".repeat(5000)}\r\n*500\r\n${":1\r\n".repeat(500)}_\r\n`;
    const { bytes, reads } = countingReads(fromLatin1(stream));
    const reader = new ReplyReader(LIMITS);
    for (let end = 1; end < bytes.length; end++) expect(reader.next(bytes, 0, end)).toBe(-1);
    expect(reader.next(bytes, 0, bytes.length)).toBe(bytes.length);
    expect(reads()).toBeLessThan(20 * bytes.length);
  });

  test("do not need what lies behind them", () => {
    const reader = new ReplyReader(LIMITS);
    const bytes = fromLatin1("$3\r\nabc\r\n");
    for (let end = 0; end < bytes.length; end++) expect(new ReplyReader(LIMITS).next(bytes, 0, end)).toBe(-1);
    expect(reader.next(bytes, 0, 5)).toBe(-1);
    expect(reader.neededBytes).toBe(9);
    expect(reader.next(bytes, 0, 9)).toBe(9);
  });

  test("random bytes never crash or hang", () => {
    const byte = fc.oneof(
      fc.constantFrom(..."+-:$*_#,(!=%~>|?0123\r\n").map((c) => c.charCodeAt(0)),
      fc.nat(255),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (list) => {
        const bytes = Uint8Array.from(list);
        const whole = receiveReplies(new ReplyReader(LIMITS), [bytes]);
        expect(receiveReplies(new ReplyReader(LIMITS), bytewise(bytes))).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });
});
