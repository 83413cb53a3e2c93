/** What a client gets of the reply to a request over its own connection, and what is done before. */
import { describe, expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import type { Fenced } from "../upstream/fenced.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { Arrivals } from "./arrivals.ts";
import { DedicatedRequest } from "./dedicated-request.ts";
import type { Redirection } from "./redirection.ts";
import { ERROR, FORWARDED } from "./request-results.ts";
import { RequestBench } from "./upstream-request-fixture.ts";

interface Options {
  readonly blocks?: boolean;
  readonly isApart?: boolean;
  readonly mayWrite?: boolean;
  readonly redirection?: () => Redirection | undefined;
  /** What a node that sends the request on needs; undefined: it may not. */
  readonly again?: { readonly isFree?: boolean; readonly isExec?: boolean };
}

function scene({ blocks = false, isApart = false, mayWrite = false, redirection, again }: Options = {}) {
  const bench = new RequestBench(3);
  const { stats, ticket, pending, fence, note } = bench;
  const connections = new Set<() => void>();
  const request = new DedicatedRequest(
    {
      ...{ ticket, pending, blocks },
      host: { fence, stats, shows: () => note("shows") },
      arrivals: new Arrivals(fence, bench.node("own")),
      isApart: () => isApart,
    },
    mayWrite,
    (outcome) => note(`ended: ${outcome}`),
    redirection,
  );
  if (again !== undefined) {
    const { isFree = true, isExec = false } = again;
    const [bytes, start, end] = [utf8("..HGET k f.."), 2, 10];
    request.mayGoElsewhere({ bytes, start, end, version: 3, isExec, isFree: () => isFree, connections });
  }
  const redirect = (name: string, node: Fenced, hasEnd = true): void =>
    request.redirect({
      ...{ to: bench.connection(name), node, isAsking: false },
      end: hasEnd ? () => note(`${name} closed`) : undefined,
    });
  return { bench, request, redirect, connections };
}

/** Lets the fence begin, which all replies of one packet share. */
async function received(bench: RequestBench): Promise<string[]> {
  await Promise.resolve();
  return bench.done();
}

describe("a reply", () => {
  test.each([
    ["+OK|", "replied"],
    [":0|", "replied"],
    ["-ERR no|", "error"],
    ["_|", "null"],
    ["*-1|", "null"],
  ])("%s is shown as it came, behind a fence", async (reply, outcome) => {
    const { bench, request } = scene();
    bench.reply(request, reply);
    expect(await received(bench)).toEqual(["answered fence", "awaits own"]);
    bench.passFences();
    expect(bench.done()).toEqual(["shows", "forwarded at now", `shown ${reply}`, `ended: ${outcome}`]);
    const isError = outcome === "error";
    expect(bench.stats.origin).toMatchObject({ okCount: isError ? 0 : 1, errorCount: isError ? 1 : 0 });
  });

  test("that needs no fence is shown at once", () => {
    const { bench, request } = scene({ isApart: true });
    bench.reply(request, "+OK|");
    expect(bench.done()).toEqual([
      ...["answered fence", "shows", "forwarded at now", "shown +OK|"],
      "ended: replied",
    ]);
  });

  test("times the origin, unless the command may block there", () => {
    for (const blocks of [false, true]) {
      const { bench, request } = scene({ blocks });
      request.roundTripMs = 2;
      bench.reply(request, "+OK|");
      expect(bench.roundTrips.sum).toBe(blocks ? 0 : 2000);
    }
  });

  test("to a command that may block is counted and not timed, whoever came between", async () => {
    const { bench, request } = scene({ blocks: true });
    const { requests } = bench.stats;
    const before = [...requests.counts];
    requests.command++;
    bench.reply(request, "+OK|");
    await received(bench);
    bench.passFences();
    expect(bench.done()).toEqual(["shows", "shown +OK|", "ended: replied"]);
    requests.command--;
    requests.count(FORWARDED);
    const twice = [...requests.counts];
    // It counts as another one of its own command does.
    expect(twice.reduce((sum, count) => sum + count, 0)).toBe(
      before.reduce((sum, count) => sum + count, 0) + 2,
    );
    expect(twice.filter((count, at) => count !== before[at])).toEqual([2]);
  });

  test("that may name the client of a redirection names the proxy's id, as it is when it is shown", async () => {
    let now: Redirection | undefined = { ours: 1, theirs: 2 };
    const { bench, request } = scene({ redirection: () => now });
    const reply = (id: number) => `%1|$8|redirect|:${id}|`;
    bench.reply(request, reply(30));
    await received(bench);
    now = { ours: 3, theirs: 30 };
    bench.passFences();
    expect(bench.done()).toContain(`shown ${reply(3)}`);
    const without = scene({ redirection: () => undefined });
    without.bench.reply(without.request, reply(30));
    await received(without.bench);
    without.bench.passFences();
    expect(without.bench.done()).toContain(`shown ${reply(30)}`);
  });
});

describe("a failure", () => {
  test("of a read is told as such", () => {
    const { bench, request } = scene();
    request.failed(new UpstreamError("ORIGINDOWN", "was lost", true));
    expect(bench.done()).toEqual(["error at now", "shown -ORIGINDOWN was lost|", "ended: failed"]);
    expect(bench.stats).toMatchObject({ originErrors: 1, unknownOutcomes: 0 });
    expect(bench.stats.origin).toMatchObject({ okCount: 0, errorCount: 0, failureCount: 1 });
  });

  test("of a write that may block leaves its outcome unknown, and is counted", () => {
    const { bench, request } = scene({ mayWrite: true, blocks: true });
    request.failed(new UpstreamError("ORIGINDOWN", "was lost", true));
    expect(bench.done()).toEqual([
      "shown -OUTCOMEUNKNOWN was lost; the write may or may not have happened|",
      "ended: failed",
    ]);
    const counted = [...bench.stats.requests.counts];
    bench.stats.requests.count(ERROR);
    expect([...bench.stats.requests.counts].filter((count, at) => count !== counted[at])).toEqual([2]);
  });
});

describe("sent on by a node", () => {
  test("is possible while another node may execute it", () => {
    expect(scene().request.redirectsTo).toBeUndefined();
    expect(scene({ again: { isFree: false } }).request.redirectsTo).toBeUndefined();
    expect(scene({ again: {} }).request.redirectsTo).toEqual({ alone: 3 });
  });

  test("it goes to the other node, whose fence its reply waits for", async () => {
    const { bench, request, redirect, connections } = scene({ again: {} });
    request.repliesAwaited = 0;
    redirect("second", bench.node("second"));
    expect(bench.done()).toEqual(["second gets HGET k f (1, usual time-out)"]);
    expect(connections.size).toBe(1);
    redirect("third", bench.node("third"));
    expect(bench.done()).toEqual(["second closed", "third gets HGET k f (1, usual time-out)"]);
    expect(connections.size).toBe(1);
    bench.reply(request, "+OK|");
    expect(bench.done()).toEqual(["answered fence", "third closed", "awaits third"]);
    expect(connections.size).toBe(0);
    bench.passFences();
    expect(await received(bench)).toEqual(["awaits own"]);
    bench.passFences();
    expect(bench.done()).toContain("shown +OK|");
  });

  test("over a connection of other requests, too, that one stays open", () => {
    const { bench, request, redirect, connections } = scene({ again: {} });
    redirect("second", bench.node("second"), false);
    expect(connections.size).toBe(0);
    bench.done();
    bench.reply(request, "+OK|");
    expect(bench.done()).toEqual(["answered fence", "awaits second"]);
  });

  test("a command that may block has all the time there, too", () => {
    const { bench, redirect } = scene({ again: {}, blocks: true });
    redirect("second", bench.node("second"));
    expect(bench.done()).toEqual(["second gets HGET k f (1, Infinity)"]);
  });

  test("the connection is closed when it fails", () => {
    const { bench, request, redirect, connections } = scene({ again: {} });
    redirect("second", bench.node("second"));
    bench.done();
    request.failed(new UpstreamError("ORIGINDOWN", "was lost", true));
    expect(bench.done()[0]).toBe("second closed");
    expect(connections.size).toBe(0);
  });

  test.each([
    [false, /^shown -TRYAGAIN .*begin it again\|$/],
    [true, /^shown -EXECABORT .*nothing of it was executed\|$/],
  ])("that is not possible the client learns nothing of nodes; EXEC: %p", async (isExec, pattern) => {
    const { bench, request } = scene({ again: { isFree: false, isExec } });
    bench.reply(request, "-MOVED 1 127.0.0.1:7000|");
    await received(bench);
    bench.passFences();
    expect(bench.done().find((note) => note.startsWith("shown"))).toMatch(pattern);
  });
});
