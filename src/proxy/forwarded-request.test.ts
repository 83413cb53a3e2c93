/** What a client gets of the reply to a request that is passed on unchanged, and what is done before. */
import { describe, expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import type { Fenced } from "../upstream/fenced.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { ForwardedRequest } from "./forwarded-request.ts";
import { RequestBench } from "./upstream-request-fixture.ts";

interface Options {
  readonly version?: 0 | 2 | 3;
  readonly mayWrite?: boolean;
  /** Whether the reply waits for a fence. */
  readonly isFenced?: boolean;
  readonly isRaw?: boolean;
  /** Whether the bytes of the request are kept. */
  readonly isKept?: boolean;
}

function scene({ version = 2, mayWrite = false, isFenced = false, isRaw, isKept = true }: Options = {}) {
  const bench = new RequestBench(version);
  const { stats, ticket, pending, fence, note } = bench;
  const request = new ForwardedRequest({
    ...{ ticket, pending, version, mayWrite, stats, fence, sentOver: "main" },
    ...(isRaw === undefined ? {} : { isRaw }),
    behind: isFenced ? bench.node("first") : undefined,
    beforeReply: () => note("keys void"),
    sentOn: (bytes, start, end) => {
      note(`sent on: ${latin1(bytes.subarray(start, end))}`);
      return () => note("keys void again");
    },
    done: () => note("over"),
  });
  if (isKept) request.keep(utf8("..HGET k f.."), 2, 10);
  const redirect = (name: string, node: Fenced): void =>
    request.redirect({
      ...{ to: bench.connection(name), node, isAsking: false },
      end: () => note(`${name} closed`),
    });
  return { bench, request, redirect };
}

/** Returns what the client sees of a reply. */
function shown(options: Options, reply: string): string | undefined {
  const { bench, request } = scene(options);
  bench.reply(request, reply);
  return bench.done().find((note) => note.startsWith("shown"));
}

describe("in the text protocol", () => {
  test.each([
    ["a number", ":1|", "OK"],
    ["a greater number", ":10|", "OK"],
    ["zero, of DELETE", ":0|", "No such key found"],
    ["a string", "$3|abc|", "abc"],
    ["a null", "$-1|", "No such key found"],
    ["a status", "+QUEUED|", "OK"],
    ["an array", "*1|:0|", "OK"],
    ["an error", "-WRONGTYPE no string|", "ERROR WRONGTYPE no string"],
  ])("%s is told in words", (_, reply, text) => {
    expect(shown({ version: 0 }, reply)).toBe(`shown ${text}\n`);
  });
});

describe("a reply", () => {
  test("is passed on in the client's own version of RESP", () => {
    const map = "%1|+a|:1|";
    expect(shown({ version: 2 }, map)).toBe("shown *2|+a|:1|");
    expect(shown({ version: 3 }, map)).toBe(`shown ${map}`);
    // It comes in that version already.
    expect(shown({ version: 2, isRaw: true }, map)).toBe(`shown ${map}`);
  });

  test("is shown behind what has to be done before, and ends when it came", () => {
    const { bench, request } = scene();
    bench.reply(request, "+OK|");
    expect(bench.done()).toEqual(["answered whole", "forwarded at 17", "keys void", "shown +OK|", "over"]);
    expect(bench.stats.origin).toMatchObject({ okCount: 1, errorCount: 0, failureCount: 0 });
  });

  test("waits for its fence, if it has one", () => {
    const { bench, request } = scene({ isFenced: true });
    bench.reply(request, "-ERR no|");
    expect(bench.done()).toEqual(["answered fence", "awaits first"]);
    bench.passFences();
    expect(bench.done()).toEqual(["forwarded at now", "keys void", "shown -ERR no|", "over"]);
    expect(bench.stats.origin).toMatchObject({ okCount: 0, errorCount: 1, failureCount: 0 });
  });
});

describe("a failure", () => {
  const LOST = new UpstreamError("ORIGINDOWN", "was lost", true);

  test("of a read is told as such", () => {
    const { bench, request } = scene();
    request.failed(LOST);
    expect(bench.done()).toEqual(["error at now", "keys void", "shown -ORIGINDOWN was lost|", "over"]);
    expect(bench.stats).toMatchObject({ originErrors: 1, unknownOutcomes: 0 });
    expect(bench.stats.origin).toMatchObject({ okCount: 0, errorCount: 0, failureCount: 1 });
  });

  test("of a write leaves its outcome unknown, unless it cannot have been executed", () => {
    const { bench, request } = scene({ mayWrite: true });
    request.failed(LOST);
    expect(bench.done()[2]).toBe("shown -OUTCOMEUNKNOWN was lost; the write may or may not have happened|");
    expect(bench.stats).toMatchObject({ originErrors: 1, unknownOutcomes: 1 });
    const other = scene({ mayWrite: true });
    other.request.failed(new UpstreamError("ORIGINDOWN", "is down", false));
    expect(other.bench.done()[2]).toBe("shown -ORIGINDOWN is down|");
    expect(other.bench.stats).toMatchObject({ originErrors: 1, unknownOutcomes: 0 });
  });
});

describe("over another connection", () => {
  test("a read whose bytes were kept is sent again", () => {
    const { bench, request } = scene();
    request.repliesAwaited = 0;
    expect(request.resend(bench.connection("second"))).toBe(true);
    expect(bench.done()).toEqual(["second gets HGET k f (1, usual time-out)"]);
  });

  test("a write is not sent again, nor a read without its bytes, nor one whose value is arriving", () => {
    const arriving = scene();
    arriving.request.takeLarge(100);
    arriving.bench.done();
    for (const { bench, request } of [scene({ mayWrite: true }), scene({ isKept: false }), arriving]) {
      expect(request.resend(bench.connection("second"))).toBe(false);
      expect(bench.done()).toEqual([]);
    }
  });
});

describe("sent on by a node", () => {
  test("is possible with the bytes of the request only", () => {
    expect(scene().request.redirectsTo).toBe("main");
    expect(scene({ isKept: false }).request.redirectsTo).toBeUndefined();
  });

  test("it goes to the other node, and its own connection is closed behind the reply", () => {
    const { bench, request, redirect } = scene({ mayWrite: true });
    redirect("second", bench.node("second"));
    expect(bench.done()).toEqual(["sent on: HGET k f", "second gets HGET k f (1, usual time-out)"]);
    // A node may send it on again.
    redirect("third", bench.node("third"));
    expect(bench.done()).toEqual(["second closed", "third gets HGET k f (1, usual time-out)"]);
    bench.reply(request, "+OK|");
    expect(bench.done()).toEqual([
      ...["answered whole", "forwarded at 17", "keys void", "keys void again"],
      ...["shown +OK|", "third closed", "over"],
    ]);
  });

  test("the fence is that of the node that has answered", () => {
    const { bench, request, redirect } = scene({ isFenced: true });
    redirect("second", bench.node("second"));
    bench.done();
    bench.reply(request, "+OK|");
    expect(bench.done()).toEqual(["answered fence", "awaits second"]);
  });
});

describe("a large value", () => {
  /** A request whose value of four bytes is arriving. */
  function arriving(options: Options = {}) {
    const { bench, request, redirect } = scene(options);
    redirect("second", bench.node("second"));
    bench.done();
    const sink = request.takeLarge(4);
    const read = (): string | undefined => {
      const { large } = bench;
      const target = new ByteBuffer();
      return large!.read(0, large!.availableBytes ?? 4, target) ? latin1(target.view()) : undefined;
    };
    return { bench, request, sink, read };
  }
  const VOIDED = ["keys void", "keys void again"];

  test("is shown as it arrives, but for its last byte, until it is complete", () => {
    const { bench, sink, read } = arriving();
    expect(bench.done()).toEqual(["answered transfer", "shown $4|"]);
    expect(bench.stats.origin).toMatchObject({ okCount: 1, errorCount: 0 });
    sink.append(utf8("..abcd.."), 2, 6);
    expect(read()).toBe("abc");
    sink.complete();
    expect(bench.done()).toEqual([...VOIDED, "second closed", "over", "forwarded at now"]);
    expect(read()).toBe("abcd");
  });

  test.each([true, false])("waits for its fence, if it has one; the fence passes first: %p", (isFirst) => {
    const { bench, sink, read } = arriving({ isFenced: true });
    expect(bench.done()).toEqual(["answered transfer", "awaits second"]);
    sink.append(utf8("abcd"), 0, 4);
    if (isFirst) {
      bench.passFences();
      expect(bench.done()).toEqual(["shown $4|"]);
      expect(read()).toBe("abc");
      sink.complete();
      expect(bench.done()).toEqual([...VOIDED, "second closed", "over", "forwarded at now"]);
    } else {
      sink.complete();
      expect(bench.done()).toEqual(["forwarded at now"]);
      expect(read()).toBe("abc");
      bench.passFences();
      expect(bench.done()).toEqual(["shown $4|", ...VOIDED, "second closed", "over"]);
    }
    expect(read()).toBe("abcd");
  });

  test("that stops in the middle is lost, and told as an error", () => {
    const { bench, request, sink, read } = arriving();
    bench.done();
    sink.append(utf8("ab"), 0, 2);
    request.failed(new UpstreamError("ORIGINDOWN", "was lost", true));
    expect(bench.done()).toEqual(["error at now", ...VOIDED, "second closed", "over"]);
    expect(read()).toBeUndefined();
    expect(bench.stats).toMatchObject({ originErrors: 1, unknownOutcomes: 0 });
    // It had begun to answer.
    expect(bench.stats.origin).toMatchObject({ okCount: 1, failureCount: 0 });
  });
});
