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
