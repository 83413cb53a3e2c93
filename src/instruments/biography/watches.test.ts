import { describe, expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { Stage } from "./stage-fixture.ts";
import { Watches } from "./watches.ts";

interface Bench {
  readonly stage: Stage;
  readonly watches: Watches;
  /** Gives the watches what happened, and lets them walk to the end. */
  settle(): number;
}

function bench({ keyLimit = 1000, globLimit = 64, cached = [] as readonly string[] } = {}): Bench {
  const stage = new Stage({ maxEntries: 1000, ratio: 0 });
  for (const name of cached) stage.read(name);
  const watches = new Watches({
    ...{ filter: stage.filter, stories: stage.biographies, keyLimit, globLimit },
    hash: (key) => stage.key(key).hash,
    scan: (...step) => stage.store.scan(...step),
  });
  stage.tell({ event: () => {} });
  const settle = (): number => {
    stage.tell({
      event: (event) => {
        watches.event(event);
        stage.biographies.event(event);
      },
    });
    let steps = 1;
    while (watches.step(stage.nowMs)) steps++;
    return steps;
  };
  return { stage, watches, settle };
}

function watched({ stage }: Bench, names: readonly string[]): string[] {
  return names.filter((name) => stage.report(name).isWatched && stage.filter.mayHave(stage.key(name).hash));
}

test("a name is watched at once, cached or not, and its events are counted", () => {
  const made = bench({ cached: ["a"] });
  const { stage, watches } = made;
  watches.watch("a");
  watches.watch("b");
  expect(watched(made, ["a", "b", "c"])).toEqual(["a", "b"]);
  for (const name of ["a", "b", "b", "c"]) stage.read(name);
  made.settle();
  expect(stage.report("b").events.map(({ what }) => what)).toEqual(["miss", "filled", "hit"]);
  expect(stage.report("c").events).toEqual([]);
  expect(watches.report()).toEqual({
    limit: 1000,
    patterns: [
      { pattern: "a", isGlob: false, events: 1 },
      { pattern: "b", isGlob: false, events: 4 },
    ],
  });
  watches.unwatch("b");
  watches.unwatch("never watched");
  expect(watched(made, ["a", "b"])).toEqual(["a"]);
});

describe("a glob gathers", () => {
  const names = Array.from({ length: 500 }, (_, i) => `user:${i}`);

  test("the keys in the cache, in small steps", () => {
    const made = bench({ cached: [...names, "other:1"] });
    made.watches.watch("user:1?");
    expect(watched(made, names)).toEqual([]);
    expect(made.settle()).toBeGreaterThan(4);
    expect(watched(made, [...names, "other:1"])).toEqual(names.slice(10, 20));
  });

  test("keys whose names come by, in misses and counted hits", () => {
    const made = bench();
    const { stage, watches } = made;
    watches.watch("user:*");
    made.settle();
    for (const name of ["user:1", "other:1", "user:2"]) stage.read(name);
    made.settle();
    expect(watched(made, ["user:1", "other:1", "user:2", "user:3"])).toEqual(["user:1", "user:2"]);
    stage.read("user:1");
    made.settle();
    expect(watches.report().patterns).toEqual([{ pattern: "user:*", isGlob: true, events: 1 }]);
    stage.store.set(stage.key("user:4"), utf8("value"), 0, stage.nowMs);
    for (let hits = 0; hits < 10; hits++) stage.read("user:4");
    made.settle();
    expect(watched(made, ["user:4"])).toEqual(["user:4"]);
  });

  test("names that were compared with earlier globs only", () => {
    const made = bench();
    made.watches.watch("a*");
    made.stage.read("b1");
    made.settle();
    made.watches.watch("b*");
    made.settle();
    expect(watched(made, ["b1"])).toEqual(["b1"]);
  });

  test("keys of any bytes, and long ones once they are cached", () => {
    const made = bench();
    const binary = new Uint8Array([0xff, 0x3a, 0x00]);
    const long = `${"x".repeat(600)}:long`;
    made.watches.watch("?:?");
    made.watches.watch("*:long");
    made.settle();
    for (const name of [binary, long]) made.stage.read(name);
    made.settle();
    expect(made.stage.report(binary).isWatched).toBe(true);
    expect(watched(made, [long])).toEqual([]);
    made.watches.watch("any*");
    made.settle();
    expect(watched(made, [long])).toEqual([long]);
  });

  test("no more keys than the limit, and says so; another pattern's end makes room", () => {
    const made = bench({ keyLimit: 20, cached: names });
    const { watches } = made;
    watches.watch("user:1?");
    made.settle();
    expect(watches.report().note).toBeUndefined();
    watches.watch("user:4??");
    made.settle();
    expect(watched(made, names)).toHaveLength(20);
    expect(watches.report().note).toBe(
      "20 keys are watched, which is the limit: further keys that match are not watched.",
    );
    expect(() => watches.watch("one more")).toThrow("20 keys are watched, which is the limit");
    expect(watches.report().patterns.map(({ pattern }) => pattern)).toEqual(["user:1?", "user:4??"]);
    watches.unwatch("user:4??");
    watches.watch("user:2?");
    made.settle();
    expect(watched(made, names)).toEqual(names.slice(10, 30));
    expect(watches.report().note).toBeUndefined();
  });

  test("and keys of two patterns until both have ended", () => {
    const made = bench({ cached: ["a1", "a2"] });
    const { watches } = made;
    for (const pattern of ["a*", "*1", "a*"]) watches.watch(pattern);
    made.settle();
    watches.unwatch("a*");
    expect(watched(made, ["a1", "a2"])).toEqual(["a1"]);
    watches.unwatch("*1");
    expect(watched(made, ["a1", "a2"])).toEqual([]);
  });
});

test("patterns that are empty, too long or too many are refused", () => {
  const { watches } = bench({ keyLimit: 2, globLimit: 2 });
  expect(() => watches.watch("")).toThrow(new RangeError("A pattern to watch must not be empty"));
  watches.watch("é".repeat(256));
  expect(() => watches.watch("é".repeat(257))).toThrow(
    new RangeError("A pattern to watch has at most 512 bytes; this one has 514"),
  );
  watches.watch("a");
  expect(() => watches.watch("b")).toThrow(new RangeError("2 keys are watched, which is the limit"));
  for (const glob of ["a*", "b*"]) watches.watch(glob);
  expect(() => watches.watch("c*")).toThrow(new RangeError("2 globs are watched, which is the limit"));
  expect(watches.report().patterns).toHaveLength(4);
});
