import { expect, test } from "bun:test";
import { ManualClock } from "../../src/lib/clock.ts";
import { curvePoint, curveSizes } from "./curve.ts";
import type { FromPlayWorker, ToPlayWorker } from "./messages.ts";
import { PlayDesk } from "./play-desk.ts";
import { openRequests } from "./requests.ts";
import { DEFAULT_SETTINGS, type PlaySettings, typedWorkload } from "./settings.ts";

async function answers(settings: PlaySettings, ...more: readonly ToPlayWorker[]): Promise<FromPlayWorker[]> {
  const told: FromPlayWorker[] = [];
  const desk = new PlayDesk(
    new ManualClock(),
    async () => {},
    (message) => told.push(message),
  );
  await desk.receive({ kind: "open", settings });
  for (const message of more) await desk.receive(message);
  return told;
}

test("the curve's sizes reach from a small cache to one that holds everything", async () => {
  const requests = await openRequests(DEFAULT_SETTINGS);
  const sizes = curveSizes(requests, "entries", [20]);
  expect(sizes).toContain(20);
  expect(sizes[0]).toBeLessThanOrEqual(5);
  expect(sizes.at(-1)).toBe(requests.workingSet.objects);
  expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
  expect(curvePoint(requests, "lru", sizes.at(-1)!, "entries").misses).toBe(requests.workingSet.objects);
});

test("the curves are those of all policies and of the optimum, the sizes in use first", async () => {
  const desk: FromPlayWorker[] = [];
  await new PlayDesk(
    new ManualClock(),
    async () => {},
    (message) => desk.push(message),
  ).receive({
    kind: "curves",
    settings: DEFAULT_SETTINGS,
    known: [],
  });
  const [first] = desk;
  expect(first).toMatchObject({
    kind: "points",
    points: [{ policy: "lru", size: 20 }, { policy: "s3-fifo" }, { policy: "belady" }],
  });
  expect(desk.at(-1)).toMatchObject({ share: 1 });
  const [opened] = await answers({ ...DEFAULT_SETTINGS, at: 600 });
  expect(opened?.kind === "opened" && opened.view.caches[0]!.misses).toBe(
    first!.kind === "points" && first!.points[0]!.misses,
  );
});

test("the desk answers each message, and tells what went wrong", async () => {
  const settings = { ...DEFAULT_SETTINGS, workload: typedWorkload("A B A") };
  const [opened, stepped, run, why] = await answers(
    settings,
    { kind: "seek", at: 3, isTold: true },
    { kind: "run", forMs: 5 },
    { kind: "why", cache: 0, object: 1 },
  );
  expect(opened).toMatchObject({
    kind: "opened",
    objects: 2,
    hasSizes: false,
    view: { at: 0, coming: ["A", "B", "A"] },
  });
  expect(stepped).toMatchObject({
    view: { at: 3, past: ["A", "B", "A"], caches: [{ misses: 2 }, { misses: 2 }] },
  });
  expect(run).toMatchObject({ view: { at: 3 } });
  expect(why).toMatchObject({ biography: { name: "A", policy: "lru" } });
  const [failed] = await answers({ ...settings, caches: [{ policy: "nothing", size: 1, unit: "entries" }] });
  expect(failed).toMatchObject({
    kind: "failed",
    message: expect.stringContaining('unknown policy "nothing"'),
  });
});

test("a later question about curves ends an earlier one, and points that are there are left out", async () => {
  const told: FromPlayWorker[] = [];
  const desk = new PlayDesk(
    new ManualClock(),
    async () => {},
    (message) => told.push(message),
  );
  const first = desk.receive({ kind: "curves", settings: DEFAULT_SETTINGS, known: [] });
  const caches = [{ policy: "fifo", size: 7, unit: "entries" }] as const;
  const requests = await openRequests(DEFAULT_SETTINGS);
  const known = curveSizes(requests, "entries", []);
  await Promise.all([
    first,
    desk.receive({ kind: "curves", settings: { ...DEFAULT_SETTINGS, caches }, known }),
  ]);
  const points = told.flatMap((message) => (message.kind === "points" ? message.points : []));
  expect(points.map(({ policy, size }) => [policy, size])).toEqual([
    ["fifo", 7],
    ["belady", 7],
  ]);
});
