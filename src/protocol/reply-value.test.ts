import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, utf8 } from "../lib/bytes.ts";
import { ProtocolError } from "./protocol.ts";
import { ReplyReader } from "./reply-reader.ts";
import {
  Attributed,
  type DecodeOptions,
  decodeReply,
  Push,
  ReplyError,
  type ReplyValue,
} from "./reply-value.ts";
import { RespWriter } from "./resp-writer.ts";

function decode(stream: string, options?: DecodeOptions): ReplyValue {
  const bytes = fromLatin1(`..${stream}..`);
  return decodeReply(bytes, 2, bytes.length - 2, options);
}

describe("values", () => {
  test.each<[string, ReplyValue]>([
    ["+OK\r\n", "OK"],
    ["+\xc3\xbc\r\n", "ü"],
    [":12\r\n", 12],
    [":-9007199254740991\r\n", -9007199254740991],
    [":9007199254740993\r\n", 9007199254740993n],
    ["$3\r\nabc\r\n", utf8("abc")],
    ["$0\r\n\r\n", new Uint8Array(0)],
    ["$-1\r\n", null],
    ["*-1\r\n", null],
    ["_\r\n", null],
    ["#t\r\n", true],
    ["#f\r\n", false],
    [",1.5\r\n", 1.5],
    [",-1e-3\r\n", -0.001],
    [",-inf\r\n", Number.NEGATIVE_INFINITY],
    [",-nan\r\n", Number.NaN],
    ["(12\r\n", 12n],
    ["(+12\r\n", 12n],
    ["=7\r\ntxt:a b\r\n", "a b"],
    ["*3\r\n:1\r\n*0\r\n+a\r\n", [1, [], "a"]],
    ["~2\r\n:1\r\n:2\r\n", new Set([1, 2])],
    [
      "%2\r\n+a\r\n:1\r\n+b\r\n_\r\n",
      new Map<ReplyValue, ReplyValue>([
        ["a", 1],
        ["b", null],
      ]),
    ],
    [">2\r\n$10\r\ninvalidate\r\n*1\r\n+k\r\n", new Push("invalidate", [["k"]])],
    [">2\r\n+message\r\n:1\r\n", new Push("message", [1])],
    [">0\r\n", new Push("", [])],
  ])("%j", (stream, value) => {
    expect(decode(stream)).toEqual(value);
  });

  test("errors are values, with their code word", () => {
    const error = decode("-WRONGTYPE Operation against a key\r\n") as ReplyError;
    expect(error).toBeInstanceOf(ReplyError);
    expect(error.code).toBe("WRONGTYPE");
    expect(error.message).toBe("WRONGTYPE Operation against a key");
    expect((decode("-ERR\r\n") as ReplyError).code).toBe("ERR");
    const [bulk] = decode("*1\r\n!10\r\nSYNTAX a\r\n\r\n") as ReplyValue[];
    expect(bulk).toBeInstanceOf(ReplyError);
    expect((bulk as ReplyError).message).toBe("SYNTAX a\r\n");
  });

  test.each(["+O", "+O\r", "+", "$3\r\nab", ":1\r", "*2\r\n+a\r\n+b\r"])("%j breaks off", (stream) => {
    expect(() => decode(stream)).toThrow(new ProtocolError("reply that breaks off"));
  });

  test("byte strings are their own, even those of a Buffer", () => {
    const bytes = Buffer.from("$3\r\nabc\r\n");
    const value = decodeReply(bytes, 0, bytes.length) as Uint8Array;
    bytes.fill(0);
    expect(value).toEqual(utf8("abc"));
    expect(value.constructor).toBe(Uint8Array);
    expect(value.buffer.byteLength).toBe(3);
  });

  test("byte strings may be wanted as texts", () => {
    expect(decode("%1\r\n$1\r\na\r\n*1\r\n$2\r\n\xc3\xbc\r\n", { text: true })).toEqual(
      new Map([["a", ["ü"]]]),
    );
  });
});

describe("attributes", () => {
  const stream = "|1\r\n+source\r\n+hit\r\n*2\r\n:1\r\n|1\r\n+age\r\n:5\r\n:2\r\n";

  test("are left out by default", () => {
    expect(decode(stream)).toEqual([1, 2]);
    expect(decode(stream, { attributes: "skip" })).toEqual([1, 2]);
  });

  test("are attached when that is wanted", () => {
    expect(decode(stream, { attributes: "attach" })).toEqual(
      new Attributed([1, new Attributed(2, new Map([["age", 5]]))], new Map([["source", "hit"]])),
    );
  });
});

describe("what is not one reply", () => {
  test.each([
    "",
    "+OK",
    "+OK\r",
    "$3\r\nab",
    "$3\r\nabc\r",
    "*2\r\n:1\r\n",
    ":1\r\n:2\r\n",
    ":x\r\n",
    "?1\r\n",
  ])("%j is refused", (stream) => {
    expect(() => decode(stream)).toThrow(ProtocolError);
  });
});

/** A value as a writer of replies is told of it. */
function write(writer: RespWriter, value: ReplyValue): void {
  if (value === null) writer.null();
  else if (typeof value === "string") writer.status(value);
  else if (typeof value === "boolean") writer.boolean(value);
  else if (typeof value === "bigint") writer.integer(value);
  else if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writer.integer(value);
    else writer.double(value);
  } else if (value instanceof Uint8Array) writer.bulk(value);
  else if (value instanceof ReplyError) writer.error(value.message);
  else if (value instanceof Push) {
    writer.push(value.items.length + 1);
    writer.bulkText(value.kind);
    for (const item of value.items) write(writer, item);
  } else if (value instanceof Attributed) {
    writer.attribute(value.attributes.size);
    for (const item of [...value.attributes].flat()) write(writer, item);
    write(writer, value.value);
  } else if (value instanceof Map) {
    writer.map(value.size);
    for (const item of [...value].flat()) write(writer, item);
  } else if (value instanceof Set) {
    writer.set(value.size);
    for (const item of value) write(writer, item);
  } else {
    writer.array(value.length);
    for (const item of value) write(writer, item);
  }
}

/** A form that compares by content: of keys of maps and members of sets too. */
function comparable(value: ReplyValue): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("latin1") };
  if (typeof value === "bigint") return { bigint: value.toString() };
  if (value instanceof ReplyError) return { error: value.message, code: value.code };
  if (value instanceof Push) return { push: value.kind, items: value.items.map(comparable) };
  if (value instanceof Attributed) {
    return { value: comparable(value.value), attributes: comparable(value.attributes) };
  }
  if (value instanceof Map) return { map: [...value].map((pair) => pair.map(comparable)) };
  if (value instanceof Set) return { set: [...value].map(comparable) };
  return Array.isArray(value) ? value.map(comparable) : value;
}

describe("what RESP3 writes is what is read", () => {
  const line = fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n]/.test(text));
  const scalar = fc.oneof(
    line,
    fc.uint8Array({ maxLength: 300 }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: 2n ** 63n, max: 2n ** 300n }).map((value) => -value - 1n),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    line.map((text) => new ReplyError(`ERR ${text}`)),
  );
  const { value } = fc.letrec<{ value: ReplyValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(tie("value"), { maxLength: 4 }).map((items) => new Set(items)),
      fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
      fc.tuple(line, fc.array(tie("value"), { maxLength: 3 })).map(([kind, items]) => new Push(kind, items)),
      fc
        .tuple(tie("value"), line, tie("value"))
        .map(([of, key, said]) => new Attributed(of, new Map([[key, said]]))),
    ),
  }));

  test("for any value", () => {
    fc.assert(
      fc.property(value, (original) => {
        const out = new ByteBuffer();
        write(new RespWriter(out, 3), original);
        const reader = new ReplyReader();
        expect(reader.next(out.bytes, 0, out.length)).toBe(out.length);
        const decoded = decodeReply(out.bytes, 0, out.length, { attributes: "attach" });
        expect(comparable(decoded)).toEqual(comparable(original));
        const bare = decodeReply(out.bytes, reader.replyStart, out.length);
        expect(comparable(bare)).toEqual(comparable(decodeReply(out.bytes, 0, out.length)));
      }),
      { numRuns: 500 },
    );
  });
});
