import { expect, test } from "bun:test";
import { biographyOf } from "./biography.ts";
import { type Conditions, DEFAULT_CONDITIONS } from "./conditions.ts";
import { openRequests } from "./requests.ts";
import { generatedWorkload, typedWorkload } from "./settings.ts";
import { timed } from "./timed-requests.ts";

test("a biography tells misses, hits and evictions, and how it stands", async () => {
  const requests = await openRequests({ workload: typedWorkload("A A A B C A D D"), seed: 1 });
  const lru = { policy: "lru", size: 2, unit: "entries" } as const;
  const life = biographyOf(lru, requests, 1, 8);
  expect(life.name).toBe("A");
  expect(life.lines).toEqual([
    { at: 1, mark: "#", text: "Miss: is fetched, enters the queue." },
    { at: 3, mark: "|", text: "2 hits, the last at request 3." },
    { at: 5, mark: "○", text: "Evicted from the queue to make room for C: read twice in 4 requests." },
    { at: 6, mark: "#", text: "Miss: is fetched, enters the queue. It had left 1 request before." },
  ]);
  expect(life.now).toStartWith(
    "A is in the queue, next at the exit, never read since its fill. If its turn came now, it would leave. The rule there: ",
  );
  expect(biographyOf(lru, requests, 1, 5).now).toBe("A is not in this cache.");
});

test("a ghost is told as one, and a long life is cut", async () => {
  const text = `A ${Array.from({ length: 12 }, (_, i) => `x${i}`).join(" ")}`;
  const requests = await openRequests({ workload: typedWorkload(text), seed: 1 });
  const life = biographyOf({ policy: "s3-fifo", size: 10, unit: "entries" }, requests, 1, 13);
  expect(life.now).toStartWith("A is remembered among the ghosts: the key without the value.");
  const loop = await openRequests({ workload: typedWorkload("A B ".repeat(60)), seed: 1 });
  const cut = biographyOf({ policy: "lru", size: 1, unit: "entries" }, loop, 1, 120);
  expect([cut.lines.length, cut.omitted]).toEqual([40, 80]);
});

test("expiry, waits, second fetches and errors are told", async () => {
  const requests = await openRequests({ workload: typedWorkload("A A B B B A"), seed: 1 });
  const lru = { policy: "lru", size: 5, unit: "entries" } as const;
  const lines = (given: Partial<Conditions>): readonly string[] => {
    const conditions = { ...DEFAULT_CONDITIONS, rate: 10, ...given };
    const { lines: all } = biographyOf(lru, timed(requests, conditions), 1, 6, conditions);
    return all.map(({ at, mark, text }) => `${at} ${mark} ${text}`);
  };
  expect(lines({ ttlMs: 250 })).toEqual([
    "1 # Miss: is fetched, enters the queue.",
    "2 | Hit.",
    "4 ○ Expired: its time to live is over, read once in 3 requests.",
    "6 # Miss: is fetched, enters the queue. It had left 2 requests before.",
  ]);
  expect(lines({ originMs: 150 })[1]).toBe("2 = Waits: it is being fetched already.");
  expect(lines({ originMs: 150, coalesces: false })[1]).toBe("2 = Is fetched once more.");
  expect(lines({ failures: 1 })).toEqual([1, 2, 6].map((at) => `${at} ! The origin answers with an error.`));
});

test("what a write drops did not make room for anything", async () => {
  const requests = await openRequests({ workload: generatedWorkload("ycsb-a(n=3)", 60), seed: 1 });
  const conditions: Conditions = { ...DEFAULT_CONDITIONS, writes: "drop" };
  const lru = { policy: "lru", size: 9, unit: "entries" } as const;
  const texts = biographyOf(lru, timed(requests, conditions), 1, 60, conditions).lines.map(
    ({ text }) => text,
  );
  expect(texts.some((text) => text.startsWith("Dropped by a write or a delete: "))).toBe(true);
  expect(texts.some((text) => text.startsWith("Evicted"))).toBe(false);
});
