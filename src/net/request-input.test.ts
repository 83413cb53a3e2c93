import { describe, expect, test } from "bun:test";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { ManualTimers } from "../lib/timers.ts";
import { Request } from "../protocol/protocol.ts";
import { requests, Stage } from "./connection-stage-fixture.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { RequestInput } from "./request-input.ts";
import { SharedCodec } from "./shared-codec.ts";

describe("bytes that come behind others", () => {
  /** An input that waits for the last `missing` bytes of a large argument. */
  function gathering(missing: number): { input: RequestInput; rest: Uint8Array } {
    const codec = new SharedCodec(Number.POSITIVE_INFINITY, () => false);
    const input = new RequestInput(new ManualTimers());
    const parser = input.take("resp", codec, DEFAULT_LIMITS.parser);
    const bytes = requests(`SET a ${"x".repeat(LARGE_BYTES)}`);
    // The line end behind the argument is missing as well.
    const cut = bytes.length - 2 - missing;
    const head = bytes.slice(0, cut);
    expect(parser.parse(head, 0, head.length, new Request())).toBe(-1);
    input.keep(head, 0);
    return { input, rest: bytes.slice(cut) };
  }

  test("are nothing new to parse while all belong to a large argument", () => {
    const { input, rest } = gathering(4);
    expect([input.add(rest.slice(0, 1)), input.add(rest.slice(1, 3))]).toEqual([false, false]);
    expect(input.received.isGathering).toBe(true);
    expect(input.add(rest.slice(3))).toBe(true);
    expect([input.received.isGathering, input.received.length]).toEqual([
      false,
      requests(`SET a ${"x".repeat(LARGE_BYTES)}`).length,
    ]);
  });

  test("are to be parsed otherwise", () => {
    const input = new RequestInput(new ManualTimers());
    expect([input.add(Buffer.from("GE")), input.add(Buffer.from("T"))]).toEqual([true, true]);
    expect(input.received.length).toBe(3);
  });
});

test.each([
  ["RESP", ["*2\r\n$1\r\nA\r\n$5", "\r\n01234\r\n"], ["*1", "\r\n$3\r\nBCD\r\n"], ["A", "BCD"]],
  ["lines", ["GET 0123456789", "\n"], ["P", "UT a=1\n"], ["GET", "PUT"]],
] as const)("two clients may have requests in progress at once: %s", (_what, first, second, names) => {
  const codec = new SharedCodec(Number.POSITIVE_INFINITY, () => false, 64);
  const stages = [new Stage({}, { codec }), new Stage({}, { codec })];
  for (const piece of [0, 1] as const) {
    for (const [index, pieces] of [first, second].entries()) {
      stages[index]!.connection.received(Buffer.from(pieces[piece]));
    }
  }
  expect(stages.map(({ executed }) => executed)).toEqual(names.map((name) => [name]));
});

test("a client that has begun no request is not late with one", () => {
  const { connection, clock } = new Stage({ requestTimeoutMs: 100 });
  clock.advance(1_000);
  connection.checkTimeouts(clock.monotonicMs());
  expect(connection.isClosing).toBe(false);
});

test("a client that goes within a line leaves no timer", () => {
  const { connection, timers } = new Stage();
  connection.received(Buffer.from("GET a"));
  expect(timers.count).toBe(1);
  connection.terminate();
  expect(timers.count).toBe(0);
});
