/** What a flight's question brings, over one connection or another, and what the cache learns of it. */
import { describe, expect, test } from "bun:test";
import { Flight } from "../coherence/flight.ts";
import { VALUE } from "../coherence/variant.ts";
import type { Waiter } from "../coherence/waiter.ts";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { IncomingValue } from "./incoming-value.ts";
import { type Landing, OriginFlight } from "./origin-flight.ts";
import type { Exchange } from "./origin-meter.ts";
import { GET_QUESTION, type Question } from "./question.ts";
import { RequestBench } from "./upstream-request-fixture.ts";

/** As GET, but what is stored is the whole reply. */
const WHOLE_REPLY: Question = { ...GET_QUESTION, ...VALUE, kind: 2, form: "reply", kept: () => WHOLE_REPLY };
const LOST = new UpstreamError("ORIGINDOWN", "was lost", true);
const QUESTION = "*2|$4|PTTL|$3|key|*2|$3|GET|$3|key|".replaceAll("|", "\r\n");

interface Options {
  readonly question?: Question;
  /** Whether a large value is handed on as it arrives. */
  readonly takesLarge?: boolean;
  /** Whether the node that another one has named is known to own the key. */
  readonly owns?: boolean;
}

function scene({ question = GET_QUESTION, takesLarge = true, owns = true }: Options = {}) {
  const bench = new RequestBench(2);
  const { note } = bench;
  let nowMs = 1000;
  let large: LargeValue | undefined;
  const landing: Landing = {
    owns: () => owns,
    nowMs: () => nowMs,
    landed: (_flight, bytes, start, end) =>
      note(`stored ${latin1(bytes, start, end).replaceAll("\r\n", "|")}`),
    landedEmpty: () => note("nothing stored"),
    arriving: (_flight, lengthBytes) => (takesLarge ? new IncomingValue(lengthBytes, undefined) : undefined),
    arrived: (_flight, value, isComplete) =>
      note(`arrived ${isComplete ? "whole" : "lost"} with ${value.availableBytes} bytes`),
  };
  const waiter: Waiter = {
    found: (bytes, start, end, _source, remainingMs) =>
      note(`found ${latin1(bytes, start, end).replaceAll("\r\n", "|")} for ${remainingMs}`),
    without: (reason) => note(`without: ${reason.kind}`),
    arriving: (value) => {
      large = value;
      note(`arriving ${value.lengthBytes}`);
    },
    arrived: (error) => {
      const target = new ByteBuffer();
      const isRead = large!.read(0, large!.availableBytes ?? 0, target);
      note(`${error?.code ?? "whole"} for the waiter: ${isRead ? latin1(target.view()) : "lost"}`);
    },
  };
  const meter = {
    missed: (isError: boolean, exchange: Exchange) =>
      note(`missed${isError ? " with an error" : ""} at ${exchange.answeredMs}`),
    failed: () => note("failed"),
  };
  const key = new KeyRef().refer(utf8("..key.."), 2, 5, 7);
  const owner = { answered: () => {}, askAgain: () => {} };
  const flight = new Flight(key, question, 5, 0, owner, waiter);
  const request = new OriginFlight(flight, landing, meter);
  request.send(bench.connection("first"), nowMs);
  const sent = bench.done();
  /** Delivers a reply as a connection does. */
  const reply = (text: string): void => {
    request.repliesAwaited--;
    bench.reply(request, text);
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { bench, flight, request, sent, reply, pass };
}

describe("a flight", () => {
  test("asks for the time to live and the value, and is as old as its question", () => {
    const { flight, sent } = scene();
    expect(sent).toEqual([`first gets ${QUESTION} (2, 100)`]);
    expect(flight).toMatchObject({ sentAtMs: 1000, isUnanswered: true });
  });

  test("brings the value with its time to live; it is stored before it is told", () => {
    const { bench, flight, reply } = scene();
    reply(":50|");
    expect(bench.done()).toEqual([]);
    expect(flight).toMatchObject({ isUnanswered: false, remainingMs: 50 });
    reply("$3|abc|");
    expect(bench.done()).toEqual(["missed at 17", "stored abc", "found abc for 50"]);
  });

  test("of a question about whole replies brings the reply", () => {
    const { bench, reply } = scene({ question: WHOLE_REPLY });
    reply(":50|");
    reply("$3|abc|");
    expect(bench.done()).toEqual(["missed at 17", "stored $3|abc|", "found $3|abc| for 50"]);
  });

  test.each([
    ["$-1|", "missing", false],
    ["-ERR no|", "refused", true],
    ["*0|", "odd", false],
  ])("answered with %s brings no value", (text, kind, isError) => {
    const { bench, reply } = scene();
    reply(":50|");
    reply(text);
    const missed = isError ? "missed with an error at 17" : "missed at 17";
    expect(bench.done()).toEqual([missed, "nothing stored", `without: ${kind}`]);
  });

  test("that fails brings no value", () => {
    const { bench, request } = scene();
    request.failed(LOST);
    expect(bench.done()).toEqual(["failed", "nothing stored", "without: failed"]);
  });
});

describe("a large value", () => {
  test("is handed on as it arrives, and told as whole when it has been stored", () => {
    const { bench, request, reply } = scene();
    reply(":50|");
    const sink = request.takeLarge(4)!;
    expect(bench.done()).toEqual(["missed at 17", "arriving 4"]);
    sink.append(utf8("..abcd"), 2, 6);
    sink.complete();
    expect(bench.done()).toEqual(["arrived whole with 3 bytes", "whole for the waiter: abcd"]);
  });

  test("that stops in the middle is told as lost, and not as a second failure", () => {
    const { bench, request } = scene();
    request.takeLarge(4)!.append(utf8("ab"), 0, 2);
    bench.done();
    request.failed(LOST);
    expect(bench.done()).toEqual(["arrived lost with 2 bytes", "ORIGINDOWN for the waiter: lost"]);
  });

  test("is gathered if the cache wants it so, or if it is part of a whole reply", () => {
    for (const options of [{ takesLarge: false }, { question: WHOLE_REPLY }]) {
      const { bench, request } = scene(options);
      expect(request.takeLarge(4)).toBeUndefined();
      expect(bench.done()).toEqual([]);
    }
  });
});

describe("over another connection", () => {
  test("it is asked again as a whole, unless its value is arriving", () => {
    const { bench, flight, request, reply, pass } = scene();
    reply(":50|");
    pass(20);
    expect(request.resend(bench.connection("second"))).toBe(true);
    expect(bench.done()).toEqual([`second gets ${QUESTION} (2, 100)`]);
    expect(flight).toMatchObject({ sentAtMs: 1020, isUnanswered: true, remainingMs: -2 });
    request.takeLarge(4);
    bench.done();
    expect(request.resend(bench.connection("third"))).toBe(false);
    expect(bench.done()).toEqual([]);
  });

  test.each([
    ["the owner of the key: it may be stored", false, true, 5],
    ["a node that is not known as the owner: it may not be stored", false, false, 4],
    ["a node that answers by way of exception: it may not be stored", true, true, 4],
  ])("a node sends it on to %s", (_, isAsking, owns, lease) => {
    const { bench, flight, request, pass } = scene({ owns });
    expect(request.redirectsTo).toBe("main");
    pass(20);
    request.redirect({
      to: bench.connection("second"),
      node: bench.node("second"),
      end: undefined,
      isAsking,
    });
    expect(bench.done()).toEqual([`second gets ${QUESTION} (2, 100)`]);
    expect(flight).toMatchObject({ sentAtMs: 1020, lease });
  });
});
