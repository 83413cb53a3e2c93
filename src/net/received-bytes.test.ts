import { describe, expect, test } from "bun:test";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { type ParserLimits, Request } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";
import { ReceivedBytes } from "./received-bytes.ts";

const LIMITS: ParserLimits = { requestBytes: 2 ** 20, argumentCount: 10, argumentBytes: 2 ** 20 };
const headOf = (lengthBytes: number) => fromLatin1(`*2\r\n$3\r\nSET\r\n$${lengthBytes}\r\nabc`);

/** Parses what has been kept of an unfinished request. */
function parse(parser: RespParser, received: ReceivedBytes): void {
  expect(parser.parse(received.bytes, received.start, received.end, new Request())).toBe(-1);
}

describe.each([
  [LARGE_BYTES - 1, false],
  [LARGE_BYTES, true],
])("an argument of %d bytes", (lengthBytes, isLarge) => {
  const gathers = [isLarge, isLarge];

  test("whose header comes at once", () => {
    const parser = new RespParser(LIMITS);
    const received = new ReceivedBytes();
    const head = headOf(lengthBytes);
    expect(parser.parse(head, 0, head.length, new Request())).toBe(-1);
    received.begin(head, 0, parser);
    expect([received.isGathering, received.hasLarge]).toEqual(gathers);
    expect(received.length).toBe(head.length);
  });

  test("whose header comes in pieces", () => {
    const parser = new RespParser(LIMITS);
    const received = new ReceivedBytes();
    const head = headOf(lengthBytes);
    const cut = head.length - 5;
    expect(parser.parse(head, 0, cut, new Request())).toBe(-1);
    received.begin(head.subarray(0, cut), 0, parser);
    expect(received.isGathering).toBe(false);
    received.add(head, cut, parser.neededBytes);
    parse(parser, received);
    received.divert(parser);
    expect([received.isGathering, received.hasLarge]).toEqual(gathers);
    expect(received.length).toBe(head.length);
    if (!isLarge) return;
    // Takes the rest of the argument, and leaves what follows.
    const rest = new Uint8Array(lengthBytes - 3 + 2).fill(0x64);
    expect(received.gather(rest)).toBe(lengthBytes - 3);
    expect(received.isGathering).toBe(false);
    const [large] = received.takeLarge()!;
    expect([large!.index, large!.bytes.lengthBytes]).toEqual([1, lengthBytes]);
    expect(latin1(large!.bytes.front(4), 0, 3)).toBe("abc");
    expect(received.hasLarge).toBe(false);
  });
});

describe("kept bytes", () => {
  const kept = (received: ReceivedBytes): string => latin1(received.bytes, received.start, received.end);

  test("are those from an offset on, with all that come behind them", () => {
    const received = new ReceivedBytes();
    expect([received.isEmpty, received.length]).toEqual([true, 0]);
    received.begin(fromLatin1("doneABC"), 4, undefined);
    expect([received.isEmpty, received.length, kept(received)]).toEqual([false, 3, "ABC"]);
    received.add(fromLatin1("takenDEF"), 5, 0);
    expect([received.length, kept(received)]).toEqual([6, "ABCDEF"]);
  });

  test("go as they are executed, and nothing is left of them in the end", () => {
    const received = new ReceivedBytes();
    received.begin(fromLatin1("ABCDEF"), 0, undefined);
    received.doneTo(received.start + 2);
    expect([received.length, kept(received)]).toEqual([4, "CDEF"]);
    received.add(fromLatin1("G"), 0, 0);
    expect([received.length, kept(received)]).toEqual([5, "CDEFG"]);
    received.doneTo(received.end);
    expect([received.isEmpty, received.length, received.start]).toEqual([true, 0, 0]);
    received.doneTo(3);
    expect(received.isEmpty).toBe(true);
  });

  test("stay in order when their buffer has to grow, at once or bit by bit", () => {
    for (const certainBytes of [0, 1, 63, 64, 65, 500, LARGE_BYTES * 2]) {
      const received = new ReceivedBytes();
      let all = "";
      received.begin(fromLatin1("AB"), 1, undefined);
      for (let piece = 0; piece < 100; piece++) {
        const text = `${piece},`;
        all += text;
        received.add(fromLatin1(text), 0, certainBytes);
      }
      expect(kept(received)).toBe(`B${all}`);
    }
  });

  test("beside a large argument count with it, and go with it", () => {
    const parser = new RespParser(LIMITS);
    const received = new ReceivedBytes();
    const head = headOf(LARGE_BYTES);
    received.begin(head.slice(), 0, undefined);
    parse(parser, received);
    received.divert(parser);
    expect(received.gather(new Uint8Array(1_000))).toBe(1_000);
    expect([received.isGathering, received.length]).toEqual([true, head.length + 1_000]);
    received.clear();
    expect([received.isEmpty, received.isGathering, received.hasLarge, received.length]).toEqual([
      true,
      false,
      false,
      0,
    ]);
    expect(received.takeLarge()).toBeUndefined();
  });

  test("behind a large argument that comes whole with its header are kept", () => {
    const parser = new RespParser(LIMITS);
    const received = new ReceivedBytes();
    const bytes = Buffer.concat([headOf(LARGE_BYTES), Buffer.alloc(LARGE_BYTES - 3, "d"), Buffer.from("\r")]);
    expect(parser.parse(bytes, 0, bytes.length, new Request())).toBe(-1);
    const prefixed = Buffer.concat([Buffer.from("done"), bytes]);
    received.begin(prefixed, 4, parser);
    expect([received.isGathering, received.hasLarge, received.length]).toEqual([false, true, bytes.length]);
    expect(kept(received)).toBe(latin1(headOf(LARGE_BYTES)).replace("abc", "\r"));
    received.add(fromLatin1("\n"), 0, parser.neededBytes);
    const request = new Request();
    expect(parser.parse(received.bytes, received.start, received.end, request)).toBe(received.end);
    const [large] = received.takeLarge()!;
    expect([request.count, large!.index, large!.bytes.lengthBytes]).toEqual([2, 1, LARGE_BYTES]);
  });
});
