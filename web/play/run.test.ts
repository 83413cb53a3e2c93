import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { policyNames } from "../../src/policy/registry.ts";
import { type Conditions, DEFAULT_CONDITIONS } from "./conditions.ts";
import { type PlayView, viewOf } from "./play-view.ts";
import { openRequests, type Requests } from "./requests.ts";
import { Run } from "./run.ts";
import { generatedWorkload, type PlayCache, typedWorkload } from "./settings.ts";

const REQUESTS = 700;
const mixed = await openRequests({
  workload: generatedWorkload("loop(n=90,share=0.4,others=30,alpha=0.8)", REQUESTS),
  seed: 9,
});
const sized = await openRequests({ workload: generatedWorkload("ycsb-a(n=60,size=30)", REQUESTS), seed: 2 });

/** An origin that is slow and fails, entries that expire, and what is written later. */
const SURROUNDED: Conditions = {
  ...{ ttlMs: 700, jitter: 0.5, originMs: 45, failures: 0.1 },
  ...{ coalesces: true, writes: "back", rate: 100 },
};

function view(run: Run, at: number): PlayView {
  run.seekTold(at);
  return viewOf(run, true);
}

describe("forwards and backwards", () => {
  for (const policy of policyNames()) {
    test(`${policy} is the same after steps back as after steps forward alone`, () => {
      const check = (
        requests: Requests,
        cache: PlayCache,
        conditions = DEFAULT_CONDITIONS,
        numRuns = 12,
      ): void => {
        const forward = new Run(requests, [cache], conditions);
        const views = Array.from({ length: REQUESTS + 1 }, (_, at) => view(forward, at));
        const position = fc.oneof(fc.nat(REQUESTS), fc.constantFrom(0, 1, REQUESTS, REQUESTS + 5));
        fc.assert(
          fc.property(fc.array(position, { minLength: 1, maxLength: 12 }), (positions) => {
            const run = new Run(requests, [cache], conditions);
            for (const at of positions) {
              expect(view(run, at)).toEqual(views[Math.min(at, REQUESTS)]!);
            }
          }),
          { numRuns },
        );
      };
      check(mixed, { policy, size: 24, unit: "entries" });
      check(sized, { policy, size: 500, unit: "bytes" });
      check(mixed, { policy, size: 24, unit: "entries" }, SURROUNDED, 5);
      check(sized, { policy, size: 500, unit: "bytes" }, { ...SURROUNDED, coalesces: false }, 5);
    });
  }

  test("a long run keeps few copies, and goes back all the same", async () => {
    const requests = await openRequests({ workload: generatedWorkload("zipf(n=2000)", 40_000), seed: 1 });
    const cache: PlayCache = { policy: "s3-fifo", size: 50, unit: "entries" };
    const run = new Run(requests, [cache, { ...cache, policy: "lru" }]);
    run.seek(39_999);
    for (const at of [39_000, 12_345, 17, 0]) {
      expect(view(run, at)).toEqual(
        view(
          new Run(
            requests,
            run.caches.map(({ settings }) => settings),
          ),
          at,
        ),
      );
    }
  });
});

describe("a step in words", () => {
  async function told(policy: string, size: number, typed: string): Promise<string[]> {
    const requests = await openRequests({ workload: typedWorkload(typed), seed: 1 });
    const run = new Run(requests, [{ policy, size, unit: "entries" }]);
    return Array.from({ length: requests.count }, (_, at) => {
      const { sentence } = view(run, at + 1).caches[0]!;
      return `${sentence!.result}: ${sentence!.text}`;
    });
  }

  test("LRU moves a hit to the front, and the last in the line leaves", async () => {
    expect(await told("lru", 2, "A B A A C")).toEqual([
      "miss: A is fetched and enters the queue.",
      "miss: B is fetched and enters the queue.",
      "hit: A is here. It moves to the front of the line.",
      "hit: A is here. It stays at the front of the line, read twice by now.",
      "miss: C is fetched and enters the queue. B, last in the queue, leaves.",
    ]);
  });

  test("S3-FIFO leaves a hit where it is, and remembers those that leave small", async () => {
    const steps = await told("s3-fifo", 10, `A A B A ${"C D E F G H I J K L M".split(" ").join(" ")} B`);
    expect(steps[1]).toBe("hit: A is here. It stays at the front of the line, read once by now.");
    expect(steps.some((step) => /A passes from the small queue to the main queue\./.test(step))).toBe(true);
    expect(steps.some((step) => /B goes from the small queue to the ghosts\./.test(step))).toBe(true);
    expect(steps.at(-1)).toStartWith(
      "miss: B was among the ghosts: it is fetched and enters the main queue.",
    );
  });

  test("expiry, a fetch under way, and an error of the origin", async () => {
    const requests = await openRequests({ workload: typedWorkload("A B A B A C A"), seed: 1 });
    const steps = (conditions: Partial<Conditions>): string[] => {
      const run = new Run(requests, [{ policy: "lru", size: 5, unit: "entries" }], {
        ...DEFAULT_CONDITIONS,
        rate: 10,
        ...conditions,
      });
      return Array.from({ length: requests.count }, (_, at) => view(run, at + 1).caches[0]!.sentence!.text);
    };
    expect(steps({ ttlMs: 350 }).slice(4, 6)).toEqual([
      "A was here, but its time to live is over: it is fetched and enters the queue.",
      "C is fetched and enters the queue. B expires.",
    ]);
    expect(steps({ originMs: 250 })[2]).toBe(
      "A is being fetched already: this request waits for the same answer.",
    );
    expect(steps({ originMs: 250, coalesces: false })[2]).toBe(
      "A is being fetched already, and is fetched once more.",
    );
    expect(new Set(steps({ failures: 1 }))).toEqual(
      new Set(
        ["A", "B", "C"].map((name) => `${name} is asked for at the origin, which answers with an error.`),
      ),
    );
  });

  test("an entry larger than the cache is fetched and not kept", async () => {
    const requests = await openRequests({ workload: generatedWorkload("scan(n=9,size=50)", 9), seed: 1 });
    const run = new Run(requests, [{ policy: "lru", size: 2, unit: "bytes" }]);
    expect(view(run, 3).caches[0]!.sentence!.text).toMatch(/^\w+ is fetched and not kept\.$/);
  });
});
