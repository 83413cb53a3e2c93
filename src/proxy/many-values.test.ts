/** An MGET: which keys are asked for, and what the client gets of values, errors and large values among them. */
import { describe, expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import type { Waiter } from "../coherence/waiter.ts";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import type { Request } from "../protocol/protocol.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyParts } from "./context.ts";
import { ManyValues } from "./many-values.ts";
import { RESULTS } from "./request-results.ts";
import { RequestBench } from "./upstream-request-fixture.ts";

const LOST = new UpstreamError("ORIGINDOWN", "was lost", true);

interface Options {
  /** Keys that are cached, with their values. */
  readonly cached?: Readonly<Record<string, string>>;
  /** Keys that may not be read from the cache. */
  readonly barred?: readonly string[];
  readonly isCluster?: boolean;
  readonly namesSources?: boolean;
  /** The key whose answer another thread waits for. */
  readonly ofPeer?: string;
}

function scene(
  keys: readonly string[],
  { cached = {}, barred = [], isCluster = false, namesSources = false, ofPeer }: Options = {},
) {
  const bench = new RequestBench(2);
  const request = requestOf("MGET", ...keys);
  const waiters = new Map<string, Waiter>();
  const name = (key: KeyRef): string => latin1(key.bytes, key.start, key.end);
  const proxy = {
    stats: bench.stats,
    origin: { owners: isCluster ? ["first", "second"] : ["only"] },
    keyOf: ({ bytes, starts, ends }: Request, index: number) =>
      new KeyRef().refer(bytes, starts[index]!, ends[index]!, index),
    readThrough: {
      get: (key: KeyRef, _question: unknown, nowMs: number) => {
        expect(nowMs).toBe(1000);
        const value = cached[name(key)];
        return value === undefined ? undefined : utf8(value);
      },
      load: (key: KeyRef, _question: unknown, waiter: Waiter, mayHit: boolean, nowMs: number) => {
        expect(nowMs).toBe(1000);
        expect(mayHit).toBe(!barred.includes(name(key)));
        waiters.set(name(key), waiter);
        return name(key) === ofPeer;
      },
    },
  } as unknown as ProxyParts;
  const mayHit = (key: KeyRef): boolean => !barred.includes(name(key));
  const many = new ManyValues(proxy, request, { namesSources, mayHit, nowMs: 1000 });
  const load = (): boolean => many.load(request, bench.pending, () => bench.note("all have come"));
  const find = (key: string, value: string, source: "miss" | "coalesced" = "miss"): void => {
    const waiter = waiters.get(key)!;
    waiter.isCoalesced = source === "coalesced";
    waiter.found(utf8(`..${value}..`), 2, 2 + value.length, source, -1);
  };
  const written = (version: 2 | 3 = 2): string => {
    const writer = new RespWriter(new ByteBuffer(), version);
    writer.largeTaker = { acceptsLarge: true, takeLarge: () => bench.note("large") };
    many.write(writer);
    return latin1(writer.out.view()).replaceAll("\r\n", "|");
  };
  return { bench, many, load, find, written, waiter: (key: string) => waiters.get(key)! };
}

/** A large value that tells when it is given up. */
function large(note: (text: string) => void): LargeValue {
  return { lengthBytes: 4, release: () => note("released") } as LargeValue;
}

describe("an MGET", () => {
  test("of cached keys is complete at once", () => {
    const { many, written } = scene(["a", "b"], { cached: { a: "1", b: "22" } });
    expect(many.isComplete).toBe(true);
    expect(many.missing).toEqual([]);
    expect(written()).toBe("*2|$1|1|$2|22|");
  });

  test("asks for the keys that are not cached, and for those that may not be read there", () => {
    const { bench, many, load, find, written } = scene(["a", "b", "c"], {
      ...{ cached: { a: "1", b: "2" }, barred: ["b"] },
    });
    expect(many.isComplete).toBe(false);
    expect(many.missing).toEqual([2, 3]);
    expect(load()).toBe(false);
    find("c", "3");
    expect(bench.done()).toEqual(["answered whole"]);
    find("b", "two");
    expect(bench.done()).toEqual(["answered whole", "all have come"]);
    expect(RESULTS[many.result]).toBe("miss");
    expect(written()).toBe("*3|$1|1|$3|two|$1|3|");
  });

  test("waits if another thread has asked for one of its keys", () => {
    expect(scene(["a", "b", "c"], { ofPeer: "b" }).load()).toBe(true);
  });

  test("has missed if it has asked for any key itself", () => {
    const { bench, many, load, find } = scene(["a", "b"]);
    load();
    find("a", "1", "coalesced");
    expect(bench.done()).toEqual([]);
    expect(RESULTS[many.result]).toBe("coalesced");
    find("b", "1");
    expect(RESULTS[many.result]).toBe("miss");
  });

  test("names the source of each value for a client that has asked for that in RESP3", () => {
    const { load, find, waiter, written } = scene(["a", "b", "c", "d"], {
      ...{ cached: { a: "1" }, namesSources: true },
    });
    load();
    find("b", "2");
    find("c", "3", "coalesced");
    waiter("d").without({ kind: "missing" });
    const values = "*4|$1|1|$1|2|$1|3|";
    expect(written(3)).toBe(`|1|$6|source|*4|$3|hit|$4|miss|$9|coalesced|$4|none|${values}_|`);
    expect(written(2)).toBe(`${values}$-1|`);
  });

  test("does not name sources to others", () => {
    expect(scene(["a"], { cached: { a: "1" } }).written(3)).toBe("*1|$1|1|");
  });
});

describe("a key without a value", () => {
  test.each([
    ["that is not there", { kind: "missing" }, "*2|$-1|$1|1|", "miss"],
    ["of another type", { kind: "refused", message: "WRONGTYPE", isWrongType: true }, "*2|$-1|$1|1|", "miss"],
    ["that is refused", { kind: "refused", message: "ERR no", isWrongType: false }, "-ERR no|", "miss"],
    [
      "that is something else",
      { kind: "odd", bytes: utf8(":1\r\n"), start: 0, end: 4 },
      "-ORIGINPROTOCOL the origin answered GET with something that is not a string|",
      "miss",
    ],
    ["of an origin that fails", { kind: "failed", error: LOST }, "-ORIGINDOWN was lost|", "error"],
  ] as const)("%s is null, or makes an error of the whole", (_, reason, shown, result) => {
    const { bench, many, load, find, waiter, written } = scene(["a", "b"]);
    load();
    waiter("a").without(reason);
    expect(bench.done()).toEqual(reason.kind === "failed" ? [] : ["answered whole"]);
    find("b", "1");
    expect(bench.done()).toEqual(["answered whole", "all have come"]);
    expect(written()).toBe(shown);
    expect(RESULTS[many.result]).toBe(result);
    expect(bench.stats.originErrors).toBe(result === "error" ? 1 : 0);
  });

  test("the first of several errors is shown, in whatever order they came", () => {
    const { load, find, waiter, written } = scene(["a", "b", "c"]);
    load();
    const refuse = (key: string): void =>
      waiter(key).without({ kind: "refused", message: `ERR ${key}`, isWrongType: false });
    refuse("c");
    refuse("b");
    find("a", "1");
    expect(written()).toBe("-ERR b|");
  });

  test("of one node among several shows its error in its place, unless there is nothing else", () => {
    for (const isAlone of [false, true]) {
      const keys = isAlone ? ["a", "b"] : ["a", "b", "c"];
      const { load, find, waiter, written } = scene(keys, { isCluster: true });
      load();
      for (const key of ["b", "a"]) waiter(key).without({ kind: "failed", error: LOST });
      if (!isAlone) find("c", "1");
      const error = "-ORIGINDOWN was lost|";
      expect(written()).toBe(isAlone ? error : `*3|${error}${error}$1|1|`);
    }
  });
});

test("each error of one node among several stands in the place of its key", () => {
  const { load, find, waiter, written } = scene(["a", "b", "c", "d"], { isCluster: true });
  load();
  for (const key of ["a", "d"]) find(key, "1");
  waiter("b").without({ kind: "odd", bytes: utf8(":1\r\n"), start: 0, end: 4 });
  waiter("c").without({ kind: "refused", message: "ERR no", isWrongType: false });
  const odd = "-ORIGINPROTOCOL the origin answered GET with something that is not a string|";
  expect(written()).toBe(`*4|$1|1|${odd}-ERR no|$1|1|`);
});

describe("a large value", () => {
  test("has its source named in its place", () => {
    const { bench, load, find, waiter, written } = scene(["a", "b", "c"], { namesSources: true });
    load();
    for (const key of ["a", "c"]) find(key, "1", "coalesced");
    waiter("b").arriving(large(bench.note), "miss", -1);
    waiter("b").arrived();
    const sources = "|1|$6|source|*3|$9|coalesced|$4|miss|$9|coalesced|";
    expect(written(3)).toBe(`${sources}*3|$1|1|$4|$1|1|`);
  });

  test("is one of the values, and all have come when it is whole", () => {
    const { bench, many, load, find, waiter, written } = scene(["a", "b"]);
    load();
    find("b", "1");
    bench.done();
    expect(many.hasLarge).toBe(false);
    waiter("a").arriving(large(bench.note), "miss", -1);
    expect(bench.done()).toEqual(["answered whole"]);
    expect(many.hasLarge).toBe(true);
    waiter("a").arrived();
    expect(bench.done()).toEqual(["all have come"]);
    expect(written()).toBe("*2|$4|$1|1|");
    expect(bench.done()).toEqual(["large"]);
    expect(RESULTS[many.result]).toBe("miss");
  });

  test("that is lost is given up, and makes an error of the whole", () => {
    const { bench, many, load, find, waiter, written } = scene(["a", "b"]);
    load();
    find("b", "1");
    waiter("a").arriving(large(bench.note), "miss", -1);
    waiter("a").arrived(LOST);
    bench.done();
    expect(written()).toBe("-ORIGINDOWN was lost|");
    expect(bench.done()).toEqual(["released"]);
    expect(RESULTS[many.result]).toBe("error");
  });

  test("of one node among several that is lost is given up alone", () => {
    const { bench, load, waiter, written } = scene(["a", "b"], { isCluster: true });
    load();
    for (const key of ["a", "b"]) waiter(key).arriving(large(bench.note), "miss", -1);
    waiter("a").arrived(LOST);
    waiter("b").arrived();
    bench.done();
    expect(written()).toBe("*2|-ORIGINDOWN was lost|$4|");
    expect(bench.done()).toEqual(["released", "large"]);
  });
});
