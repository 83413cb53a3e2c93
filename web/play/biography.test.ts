import { expect, test } from "bun:test";
import { biographyOf } from "./biography.ts";
import { openRequests } from "./requests.ts";
import { typedWorkload } from "./settings.ts";

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
