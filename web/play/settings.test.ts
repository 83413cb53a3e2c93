import { describe, expect, test } from "bun:test";
import { parseDuration } from "../../src/lib/quantity.ts";
import { durationSetting } from "./conditions.ts";
import {
  DEFAULT_SETTINGS,
  fileWorkload,
  type PlaySettings,
  readHash,
  traceWorkload,
  typedWorkload,
  writeHash,
} from "./settings.ts";
import { parseTyped, TYPED_LIMIT } from "./typed-requests.ts";

test("what is written into an address is read from it", () => {
  const all: PlaySettings[] = [
    DEFAULT_SETTINGS,
    {
      workload: { kind: "generated", text: "hotspot(n=500,hot=20,share=0.9,every=300)", requests: 90_000 },
      seed: 2 ** 32 - 1,
      caches: [
        { policy: "s3-fifo(small=0.2)", size: 20_480, unit: "bytes" },
        { policy: "belady-size", size: 4096, unit: "bytes" },
      ],
      conditions: {
        ...{ ttlMs: 90_000, jitter: 0.25, originMs: 20, failures: 0.015 },
        ...{ coalesces: false, writes: "back", rate: 5 },
      },
      at: 777,
      speed: "max",
    },
    {
      ...DEFAULT_SETTINGS,
      workload: fileWorkload("a & b.csv.gz", { format: "csv", columns: "key=2,size=3", skipsBad: true }),
    },
    { ...DEFAULT_SETTINGS, workload: traceWorkload("demo") },
    { ...DEFAULT_SETTINGS, workload: typedWorkload("A B+C é 100% x&y=z a*3"), seed: DEFAULT_SETTINGS.seed },
  ];
  for (const settings of all) {
    expect(readHash(writeHash(settings))).toEqual({ settings, problems: [] });
  }
  expect(writeHash(DEFAULT_SETTINGS)).toBe(
    "#workload=loop(n=1000,share=0.35,others=24,alpha=0.7)&requests=600&seed=4&caches=lru*20;s3-fifo*20&at=0&speed=3",
  );
  expect(readHash("")).toEqual({ settings: DEFAULT_SETTINGS, problems: [] });
});

describe("what is wrong has its default, and is told", () => {
  const cases: readonly (readonly [hash: string, problem: string])[] = [
    [
      "#color=red",
      '"color" is no setting; there are workload, requests, seed, typed, trace, file, format, columns, broken, caches, ttl, jitter, origin, coalescing, writes, rate, at, speed.',
    ],
    ["#seed=1&seed=2", "seed is given twice."],
    ["#seed=-1", 'seed: "-1" is not a whole number from 0 to 4,294,967,295.'],
    ["#at=x", 'at: "x" is not a whole number from 0 to 2,000,000.'],
    ["#requests=0", 'requests: "0" is not a whole number from 1 to 2,000,000.'],
    ["#speed=7", 'speed: "7" is no speed; there are 1, 3, 10, 100, 1000, max.'],
    ["#caches=lru", 'caches: "lru" is not a policy and a size such as lru*20.'],
    ["#caches=lur*20", 'caches: unknown policy "lur": did you mean lru?'],
    ["#caches=lru*0", 'caches: "0": a cache of no size holds nothing.'],
    ["#caches=lru*1%", 'caches: "1%": give entries as 20, or bytes as 20kb.'],
    ["#caches=lru*1,2", 'caches: "1,2" is more than one size.'],
    ["#caches=lru*300000", 'caches: "300000": a cache on this page has 200,000 entries at most.'],
    ["#caches=lru*1;lru*1kb", "caches: sizes are all in entries, as 20, or all in bytes, as 20kb."],
    ["#caches=lru*1;lru*1;lru*1;lru*1;lru*1", "caches: 4 caches at most stand side by side, not 5."],
    ["#workload=zipf", 'workload: "zipf" is not a workload such as zipf(n=1000,alpha=0.9).'],
    ["#workload=zipf(seed=3)", "workload: seed stands by itself: &seed=…."],
    ["#workload=zipf(m=3)", 'workload: zipf has no parameter "m"; it has n, alpha, requests, size, seed.'],
    ["#ttl=soon", 'ttl: "soon" is not a duration such as 30s, 500ms or 2m.'],
    ["#ttl=366d", 'ttl: "366d" is too long: the most is 365d.'],
    ["#jitter=101%", 'jitter: "101%" is too large: the most is 100%.'],
    ["#jitter=0.5", 'jitter: "0.5" is not a percentage such as 5% or 0.1%.'],
    ["#origin=61s", 'origin: "61s" is too long: the most is 60s.'],
    ["#origin=5ms,1%,2%", 'origin: "5ms,1%,2%" is not a latency and a share of failures: 20ms,5%.'],
    ["#coalescing=no", 'coalescing: "no" is none of on, off.'],
    ["#writes=around", 'writes: "around" is none of store, drop, back.'],
    ["#rate=0", 'rate: "0" is not a whole number from 1 to 1,000,000.'],
    ["#trace=web", 'trace: "web" does not come along; there are '],
    ["#file=a&columns=5", "columns: "],
    ["#file=a&broken=yes", 'broken: "yes" is not skip.'],
    ["#file=a&trace=demo", "trace and file exclude each other; trace is taken."],
    ["#typed=*3", 'typed: "*3" has no name before its *.'],
    ["#typed=A&workload=zipf(n=9)", "workload and typed exclude each other; workload is taken."],
  ];
  for (const [hash, problem] of cases) {
    test(hash, () => {
      const { problems } = readHash(hash);
      expect(problems.length).toBe(1);
      expect(problems[0]!).toStartWith(problem.replace(/\.$/, ""));
    });
  }
});

test("durations are written in the largest unit without a fraction, and read again", () => {
  for (const [ms, text] of [
    [0, "0ms"],
    [0.5, "0.5ms"],
    [999, "999ms"],
    [1500, "1500ms"],
    [90_000, "90s"],
    [7_200_000, "2h"],
    [172_800_000, "2d"],
  ] as const) {
    expect(durationSetting(ms)).toBe(text);
    expect(parseDuration(text)).toBe(ms);
  }
});

test("typed requests are names, with a number of times", () => {
  expect(parseTyped("A b,C*2\n D")).toEqual(["A", "b", "C", "C", "D"]);
  expect(parseTyped("a*b")).toEqual(["a*b"]);
  expect(() => parseTyped(" ")).toThrow("there is no request");
  expect(() => parseTyped("x".repeat(41))).toThrow("is longer than 40 characters");
  expect(parseTyped(`A*${TYPED_LIMIT}`).length).toBe(TYPED_LIMIT);
  expect(() => parseTyped(`A*${TYPED_LIMIT + 1}`)).toThrow("there are more than 2,000 requests");
});

test("a policy that is written in the page has a name among the caches, and its code a setting", () => {
  const hash = "#caches=written*20;lru*20&code=lVRNb9swDL-_x";
  const { settings, problems } = readHash(hash);
  expect(problems).toEqual([]);
  expect([settings.caches[0]!.policy, settings.code]).toEqual(["written", "lVRNb9swDL-_x"]);
  expect(readHash(writeHash(settings)).settings).toEqual(settings);
  expect(writeHash(DEFAULT_SETTINGS)).not.toContain("code=");
  // It has no parameters.
  expect(readHash("#caches=written(a=1)*20").problems[0]).toContain('unknown policy "written"');
});
