import { describe, expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { NameTable } from "../commands/command-table.ts";
import type { KeyUse } from "../commands/facts.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import type { Request } from "../protocol/protocol.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import type { ProxyParts } from "./context.ts";
import type { OutstandingKeys } from "./outstanding-keys.ts";
import { ROUTES } from "./routes.ts";
import { touchKeys, touchSentOn, touchUses } from "./touched-keys.ts";

/** What is invalidated and noted, as lines. */
function scene(options: { readonly isShared?: boolean; readonly tracking?: boolean | undefined } = {}) {
  const { isShared, tracking } = { isShared: false, tracking: true, ...options };
  const lines: string[] = [];
  const text = ({ bytes, start, end }: KeyRef) => latin1(bytes, start, end);
  const key = new KeyRef();
  const routes = new NameTable(ROUTES);
  const proxy = {
    cache: {
      isShared,
      invalidate: (one: KeyRef) => lines.push(`invalidate ${text(one)}`),
      invalidateEarlier: (one: KeyRef) => lines.push(`again ${text(one)}`),
      invalidateAll: (by: string) => lines.push(`all by ${by}`),
    },
    origin: { tracking },
    observer: {
      wrote: (one: KeyRef, removes: boolean, nowMs: number) =>
        lines.push(`wrote ${text(one)} ${removes} ${nowMs}`),
    },
    nowMs: () => 5,
    routes,
    // Valid until the next call.
    keyOf: (request: Request, index: number) =>
      key.refer(request.bytes, request.starts[index]!, request.ends[index]!, index),
  } as unknown as ProxyParts;
  const keys = {
    add: (hash: number) => lines.push(`outstanding ${hash}`),
    addAll: () => lines.push("outstanding all"),
  } as unknown as OutstandingKeys;
  const told = () => lines.splice(0);
  return {
    ...{ proxy, told },
    /** @returns what is done before the reply; undefined: nothing is to be done */
    touch(words: readonly string[], isSentOn?: boolean): (() => string[]) | undefined {
      const request = requestOf(...words);
      const before = touchKeys(proxy, keys, request, routes.find(request)!, isSentOn);
      return (
        before &&
        (() => {
          before();
          return told();
        })
      );
    },
  };
}

const SET = ["SET", "a", "1"];
const SET_LINES = ["invalidate a", "wrote a false 5", "outstanding 1"];

describe("a request over the main connection", () => {
  test("of a write invalidates its keys when it is sent", () => {
    const { touch, told } = scene();
    expect(touch(SET)).toBeUndefined();
    expect(told()).toEqual(SET_LINES);
    touch(["DEL", "a", "b"]);
    expect(told()).toEqual([
      ...["invalidate a", "wrote a true 5", "outstanding 1"],
      ...["invalidate b", "wrote b true 5", "outstanding 2"],
    ]);
    touch(["MSET", "a", "1", "b", "2"]);
    expect(told().filter((line) => line.startsWith("invalidate"))).toEqual(["invalidate a", "invalidate b"]);
  });

  test("with as many arguments as it needs, or too few, has the keys that are there", () => {
    const { touch, told } = scene();
    touch(["INCR", "a"]);
    expect(told()).toEqual(SET_LINES);
    touch(["INCR"]);
    expect(told()).toEqual([]);
  });

  test("of a read notes its keys alone", () => {
    const { touch, told } = scene();
    expect(touch(["EXISTS", "a", "b"])).toBeUndefined();
    expect(told()).toEqual(["outstanding 1", "outstanding 2"]);
  });

  test.each([
    ["threads share the cache", { isShared: true }, false],
    ["the origin does not tell of changes", { tracking: false }, false],
    ["it is not known whether the origin tells of them", { tracking: undefined }, false],
    ["a node may have sent it on", {}, true],
  ] as const)("invalidates them again before the reply if %s", (_, options, isSentOn) => {
    const { touch, told } = scene(options);
    const set = touch(SET, isSentOn);
    expect(told()).toEqual(SET_LINES);
    expect(set!()).toEqual(["again a"]);
    const read = touch(["EXISTS", "a", "b"], isSentOn);
    told();
    expect(read!()).toEqual(["again a", "again b"]);
  });

  test("about all keys invalidates all", () => {
    const { touch, told } = scene();
    expect(touch(["FLUSHALL"])).toBeUndefined();
    expect(told()).toEqual(["outstanding all", "all by flush"]);
    expect(touch(["KEYS", "*"])).toBeUndefined();
    expect(told()).toEqual(["outstanding all"]);
    const shared = scene({ isShared: true });
    const flush = shared.touch(["FLUSHALL"]);
    expect(shared.told()).toEqual(["outstanding all", "all by flush"]);
    expect(flush!()).toEqual(["all by flush"]);
    const keys = shared.touch(["KEYS", "*"]);
    expect(shared.told()).toEqual(["outstanding all"]);
    expect(keys!()).toEqual(["all by caution"]);
  });

  test("without keys does nothing", () => {
    const { touch, told } = scene({ isShared: true });
    const route = ROUTES.find(({ kind, keys, all, name }) => kind === "read" && !keys && !all && name !== "");
    expect(touch([route!.name])).toBeUndefined();
    expect(told()).toEqual([]);
  });
});

describe("a request that a node has sent on", () => {
  const sentOn = (...words: string[]): string[] => {
    const { proxy, told } = scene();
    const out = new ByteBuffer();
    writeCommand(out, ["PING"]);
    const start = out.length;
    writeCommand(out, words);
    const before = touchSentOn(proxy, out.bytes, start, out.length);
    expect(told()).toEqual([]);
    before();
    return told();
  };

  test("has its keys invalidated again before the reply", () => {
    expect(sentOn("MSET", "a", "1", "b", "2")).toEqual(["again a", "again b"]);
    expect(sentOn("EXISTS", "a", "b")).toEqual(["again a", "again b"]);
    expect(sentOn("FLUSHALL")).toEqual(["all by flush"]);
    expect(sentOn("KEYS", "*")).toEqual(["all by caution"]);
    expect(sentOn("NOSUCHCOMMAND", "a")).toEqual([]);
  });
});

describe("a request over another connection", () => {
  const use = (rest: Partial<KeyUse>): KeyUse =>
    ({
      effect: "updates",
      first: 1,
      last: 1,
      step: 1,
      isEveryKey: false,
      isCounted: false,
      ...rest,
    }) as KeyUse;

  function uses(tracking: boolean, ...given: KeyUse[]): { before: string[]; after: string[] } {
    const { proxy, told } = scene({ tracking });
    const done = touchUses(proxy, requestOf("X", "a", "b"), given);
    const before = told();
    done();
    return { before, after: told() };
  }

  test("invalidates the keys that it changes, and again all of them if the origin does not tell", () => {
    const both = [use({}), use({ first: 2, last: 2, effect: "reads" })];
    expect(uses(true, ...both)).toEqual({ before: ["invalidate a"], after: [] });
    expect(uses(false, ...both)).toEqual({ before: ["invalidate a"], after: ["again a", "again b"] });
  });

  test("invalidates everything afterwards if it may concern every key, and the origin does not tell", () => {
    const every = [use({}), use({ isEveryKey: true })];
    expect(uses(true, ...every)).toEqual({ before: [], after: [] });
    expect(uses(false, ...every)).toEqual({ before: [], after: ["all by caution"] });
    const { proxy, told } = scene({ tracking: false });
    touchUses(proxy, requestOf("X", "a"), undefined)();
    expect(told()).toEqual(["all by caution"]);
  });
});
