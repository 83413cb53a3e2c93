/** What a client gets of a read that waited for the origin: by GET, and by GLASS.GET, which says more. */
import { describe, expect, test } from "bun:test";
import type { ByteBuffer, LargeValue } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyContext } from "./context.ts";
import { DescribedValue } from "./described-value.ts";
import { OneValue } from "./one-value.ts";
import { GET_QUESTION, type Question } from "./question.ts";
import { RequestBench } from "./upstream-request-fixture.ts";

const WHOLE_REPLY: Question = { ...GET_QUESTION, form: "reply" };
const LOST = new UpstreamError("ORIGINDOWN", "was lost", true);
const LARGE = { lengthBytes: 4, read: (_at: number, _count: number, _to: ByteBuffer) => true } as LargeValue;

interface Options {
  readonly version?: 0 | 2 | 3;
  readonly namesSources?: boolean;
  readonly question?: Question;
  readonly isCoalesced?: boolean;
  readonly holds?: boolean;
}

function scene(
  {
    version = 2,
    namesSources = false,
    question = GET_QUESTION,
    isCoalesced = false,
    holds = false,
  }: Options = {},
  Waiting = OneValue,
) {
  const bench = new RequestBench(version);
  const { stats, ticket, pending, note } = bench;
  stats.origin.missed(false, { handedOverMs: 10, roundTripMs: 2, answeredMs: 23 });
  const connection = { hold: () => note("held"), release: () => note("released") };
  const context = { proxy: { stats }, namesSources, connection } as unknown as ProxyContext;
  const waiter = new Waiting(context, ticket, () => note("over"), question, pending);
  if (holds) waiter.hold();
  if (isCoalesced) waiter.isCoalesced = true;
  return { bench, waiter };
}

const found = (waiter: OneValue, text = "abc"): void =>
  waiter.found(utf8(`..${text}..`), 2, 2 + text.length, "miss", 50);

describe("a value that was found", () => {
  test("is shown, and the request is a miss that ended when the answer came", () => {
    const { bench, waiter } = scene();
    found(waiter);
    expect(bench.done()).toEqual(["answered whole", "shown $3|abc|", "miss at 23", "over"]);
  });

  test("by another read's question is no miss of this one, and ends now", () => {
    const { bench, waiter } = scene({ isCoalesced: true });
    found(waiter);
    expect(bench.done()).toEqual(["shown $3|abc|", "coalesced at now", "over"]);
  });

  test("of a question about whole replies is shown in the client's version of RESP", () => {
    for (const [version, shown] of [
      [2, "*2|+a|:1|"],
      [3, "%1|+a|:1|"],
    ] as const) {
      const { bench, waiter } = scene({ version, question: WHOLE_REPLY });
      found(waiter, "%1\r\n+a\r\n:1\r\n");
      expect(bench.done()[1]).toBe(`shown ${shown}`);
    }
  });

  test("has its source in front of it, for a client that has asked for that in RESP3", () => {
    for (const [version, namesSources, isNamed] of [
      [3, true, true],
      [3, false, false],
      [2, true, false],
    ] as const) {
      for (const isLarge of [false, true]) {
        const { bench, waiter } = scene({ version, namesSources });
        if (isLarge) waiter.arriving(LARGE, "miss", 50);
        else found(waiter);
        const shown = bench.done().find((note) => note.startsWith("shown"))!;
        const named = isNamed ? "|3|$6|source|$4|miss|$6|age-ms|:0|$6|ttl-ms|:50|" : "";
        expect(shown).toBe(`shown ${named}${isLarge ? "$4|" : "$3|abc|"}`);
      }
    }
  });

  test("lets a client go on that was held for it", () => {
    const { bench, waiter } = scene({ holds: true });
    expect(bench.done()).toEqual(["held"]);
    found(waiter);
    expect(bench.done().slice(-3)).toEqual(["miss at 23", "released", "over"]);
  });
});

describe("a large value", () => {
  test("is shown while it arrives; the request ends when it is whole", () => {
    const { bench, waiter } = scene({ holds: true });
    bench.done();
    waiter.arriving(LARGE, "miss", 50);
    expect(bench.done()).toEqual(["answered transfer", "shown $4|"]);
    expect(bench.large).toBe(LARGE);
    waiter.arrived();
    expect(bench.done()).toEqual(["miss at now", "released", "over"]);
    expect(bench.stats.originErrors).toBe(0);
  });

  test("that is lost makes the request an error", () => {
    const { bench, waiter } = scene({ isCoalesced: true });
    waiter.arriving(LARGE, "coalesced", 50);
    expect(bench.done()).toEqual(["shown $4|"]);
    waiter.arrived(LOST);
    expect(bench.done()).toEqual(["error at now", "over"]);
    expect(bench.stats.originErrors).toBe(1);
  });
});

describe("no value", () => {
  const ODD = { kind: "odd", bytes: utf8("..:1\r\n.."), start: 2, end: 6 } as const;

  test.each([
    ["of a key that is not there", 2, { kind: "missing" }, "$-1|", "miss at 23"],
    [
      "that the origin refuses",
      2,
      { kind: "refused", message: "WRONGTYPE no", isWrongType: true },
      "-WRONGTYPE no|",
      "miss at 23",
    ],
    ["that is something else", 2, ODD, ":1|", "miss at 23"],
    [
      "that is something else, in the text protocol",
      0,
      ODD,
      "ERROR ORIGINPROTOCOL the origin answered GET with something that is not a string\n",
      "miss at 23",
    ],
    ["of an origin that fails", 2, { kind: "failed", error: LOST }, "-ORIGINDOWN was lost|", "error at now"],
  ] as const)("%s is told", (_, version, reason, shown, ended) => {
    const { bench, waiter } = scene({ version });
    waiter.without(reason);
    const isError = reason.kind === "failed";
    expect(bench.done()).toEqual([
      ...(isError ? [] : ["answered whole"]),
      ...[`shown ${shown}`, ended, "over"],
    ]);
    expect(bench.stats.originErrors).toBe(isError ? 1 : 0);
  });
});

describe("GLASS.GET", () => {
  const described = (source: string, ttlMs: number): string =>
    `%4|$6|source|$${source.length}|${source}|$6|age-ms|:0|$6|ttl-ms|:${ttlMs}|$5|value|`;

  test("says where a value came from and how long it lives", () => {
    const { bench, waiter } = scene({ version: 3 }, DescribedValue);
    found(waiter);
    expect(bench.done()[1]).toBe(`shown ${described("miss", 50)}$3|abc|`);
  });

  test("says that there is no value", () => {
    const { bench, waiter } = scene({ version: 3 }, DescribedValue);
    waiter.without({ kind: "missing" });
    expect(bench.done()[1]).toBe(`shown ${described("none", -2)}_|`);
  });
});
