/** Which requests CLIENT PAUSE makes wait, and how HELLO waits for an origin that has yet to say what it is. */
import { describe, expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import type { ReplyValue } from "../protocol/reply-value.ts";
import type { ProxyParts } from "./context.ts";
import type { DedicatedConnection } from "./dedicated-connection.ts";
import { ReadOnlyScripts } from "./read-only-scripts.ts";
import { RequestDelay } from "./request-delay.ts";

/** A client of a proxy that pauses in this way. The test says when the pause ends, and when the origin answers. */
function scene(mode?: "all" | "write") {
  const at = { mode, isKnown: false, resumed: 0, ownCommand: undefined as string | undefined };
  const paused: (() => void)[] = [];
  const asked: ((reply: ReplyValue) => void)[] = [];
  const known: (() => void)[] = [];
  const proxy = {
    pause: {
      get mode() {
        return at.mode;
      },
      wait: (resume: () => void) => {
        paused.push(resume);
        return () => paused.splice(paused.indexOf(resume), 1);
      },
    },
    scripts: new ReadOnlyScripts({ listFunctions: (then) => asked.push(then), tell: () => {} }),
    commands: { find: () => at.ownCommand },
    facts: {
      get isKnown() {
        return at.isKnown;
      },
      whenKnown: (ms: number, then: () => void) => {
        expect(ms).toBe(300);
        known.push(then);
      },
    },
    settings: { originConnectTimeoutMs: 300 },
  } as unknown as ProxyParts;
  const delay = new RequestDelay(proxy, () => at.resumed++);
  const waits = (words: string, isText = false, dedicated?: Partial<DedicatedConnection>): boolean =>
    delay.pauses(requestOf(...words.split(" ")), isText, dedicated as DedicatedConnection | undefined);
  /** The origin says that only the function `reads` writes nothing. */
  const answer = (): void => asked.shift()!([["functions", [["name", "reads", "flags", ["no-writes"]]]]]);
  return { at, delay, paused, asked, known, waits, answer };
}

describe("while writes are paused", () => {
  test.each([
    ["SET k v", true],
    ["PUBLISH channel message", true],
    ["NOBODY.KNOWS k", true],
    ["EVAL script 0", true],
    ["GET k", false],
    ["QUIT", false],
    // The origin refuses it at once.
    ["SET k", false],
  ])("%s waits: %p", (words, isWaiting) => {
    const { delay, paused, waits } = scene("write");
    expect(waits(words)).toBe(isWaiting);
    expect([delay.isActive, delay.isPaused]).toEqual([isWaiting, isWaiting]);
    expect(paused).toHaveLength(isWaiting ? 1 : 0);
  });

  test.each([
    ["put k v", true],
    ["delete k", true],
    ["get k", false],
    ["dump", false],
  ])("of the text protocol, %s waits: %p", (words, isWaiting) => {
    expect(scene("write").waits(words, true)).toBe(isWaiting);
  });

  test("a command that the proxy answers itself does not wait", () => {
    const { at, waits } = scene("write");
    at.ownCommand = "own";
    expect(waits("SET k v")).toBe(false);
  });

  test.each([
    ["that writes", { queues: true, queuedReplicates: true, queuedFunctions: [] }, true],
    ["that reads", { queues: true, queuedReplicates: false, queuedFunctions: [] }, false],
    ["that is none", { queues: false, queuedReplicates: true, queuedFunctions: [] }, false],
  ])("the EXEC of a transaction %s waits or does not", (_, dedicated, isWaiting) => {
    expect(scene("write").waits("EXEC", false, dedicated)).toBe(isWaiting);
  });

  test("the request goes on when the pause ends", () => {
    const { at, delay, paused, waits } = scene("write");
    waits("SET k v");
    expect(at.resumed).toBe(0);
    at.mode = undefined;
    paused[0]!();
    expect([at.resumed, delay.isActive, delay.isPaused]).toEqual([1, false, false]);
    expect(waits("SET k v")).toBe(false);
  });

  test("a client that has gone waits no more", () => {
    const { at, delay, paused, waits } = scene("write");
    waits("SET k v");
    delay.end();
    expect(paused).toHaveLength(0);
    expect([at.resumed, delay.isActive]).toEqual([0, false]);
    delay.end();
  });
});

test("while all is paused everything waits but QUIT, and nothing does without a pause", () => {
  expect(scene("all").waits("GET k")).toBe(true);
  expect(scene("all").waits("get k", true)).toBe(true);
  expect(scene("all").waits("QUIT")).toBe(false);
  expect(scene().waits("SET k v")).toBe(false);
});

describe("of a function the origin is asked", () => {
  test("and one that writes nothing goes on at once, this time", () => {
    const { at, delay, paused, asked, waits, answer } = scene("write");
    expect(waits("FCALL reads 0")).toBe(true);
    expect([asked.length, delay.isActive, delay.isPaused]).toEqual([1, true, false]);
    answer();
    expect([at.resumed, delay.isActive]).toEqual([1, false]);
    expect(waits("FCALL reads 0")).toBe(false);
    // The next one is asked about again.
    expect(waits("FCALL reads 0")).toBe(true);
    expect([asked.length, paused.length]).toEqual([1, 0]);
  });

  test("and one that may write waits for the end of the pause", () => {
    const { at, delay, paused, waits, answer } = scene("write");
    waits("FCALL writes 0");
    answer();
    expect([at.resumed, delay.isPaused, paused.length]).toEqual([0, true, 1]);
    paused[0]!();
    expect(at.resumed).toBe(1);
  });

  test("and it goes on if the pause has ended meanwhile", () => {
    const { at, paused, waits, answer } = scene("write");
    waits("FCALL writes 0");
    at.mode = undefined;
    answer();
    expect([at.resumed, paused.length]).toEqual([1, 0]);
  });

  test("and a client that has gone meanwhile is left alone", () => {
    const { at, delay, paused, waits, answer } = scene("write");
    waits("FCALL reads 0");
    delay.end();
    answer();
    expect([at.resumed, paused.length]).toEqual([0, 0]);
  });

  test("for all functions of a transaction", () => {
    for (const [queuedFunctions, resumed] of [
      [["reads"], 1],
      [["reads", "reads"], 1],
      [["reads", "writes"], 0],
    ] as const) {
      const { at, waits, answer } = scene("write");
      expect(
        waits("EXEC", false, {
          queues: true,
          queuedReplicates: false,
          queuedFunctions: [...queuedFunctions],
        }),
      ).toBe(true);
      answer();
      expect(at.resumed).toBe(resumed);
    }
  });
});

describe("HELLO", () => {
  test("waits once for what the origin says of itself", () => {
    const { at, delay, known } = scene();
    expect(delay.awaitsOrigin()).toBe(true);
    expect([delay.isActive, delay.isPaused]).toEqual([true, false]);
    known[0]!();
    expect([at.resumed, delay.isActive]).toEqual([1, false]);
    expect(delay.awaitsOrigin()).toBe(false);
  });

  test("does not wait when that is known", () => {
    const { at, delay } = scene();
    at.isKnown = true;
    expect(delay.awaitsOrigin()).toBe(false);
    expect(delay.isActive).toBe(false);
  });

  test("waits no more when its client has gone", () => {
    const { at, delay, known } = scene();
    delay.awaitsOrigin();
    delay.end();
    known[0]!();
    expect([at.resumed, delay.isActive]).toEqual([0, false]);
  });
});
