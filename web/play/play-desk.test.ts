import { expect, test } from "bun:test";
import { ManualClock } from "../../src/lib/clock.ts";
import { curvePoint, curveSizes } from "./curve.ts";
import type { FromPlayWorker, ToPlayWorker } from "./messages.ts";
import { PlayDesk } from "./play-desk.ts";
import { AS_DETECTED } from "./reading.ts";
import { openRequests } from "./requests.ts";
import { DEFAULT_SETTINGS, fileWorkload, type PlaySettings, typedWorkload } from "./settings.ts";

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
    { kind: "run" },
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

/** A desk whose clock goes on with each look at it, and whose pauses end when they are let. */
function slowDesk() {
  const told: FromPlayWorker[] = [];
  const pauses: (() => void)[] = [];
  let nowMs = 0;
  const clock = Object.assign(new ManualClock(), { monotonicMs: () => (nowMs += 5) });
  const desk = new PlayDesk(
    clock,
    () => new Promise((resolve) => pauses.push(resolve)),
    (message) => told.push(message),
  );
  const positions = (): number[] =>
    told.flatMap((message) => (message.kind === "view" ? [message.view.at] : []));
  const goOn = async (): Promise<void> => {
    for (const end of pauses.splice(0)) end();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { desk, told, positions, goOn };
}

const LONG: PlaySettings = {
  ...DEFAULT_SETTINGS,
  workload: { kind: "generated", text: "zipf(n=100)", requests: 20_000 },
};

test("as fast as it goes, it runs on between questions, and makes a view for each", async () => {
  const { desk, positions, goOn } = slowDesk();
  await desk.receive({ kind: "open", settings: LONG });
  const running = desk.receive({ kind: "run" });
  expect(positions()).toEqual([2048]);
  for (let i = 0; i < 3; i++) await goOn();
  expect(positions()).toEqual([2048]);
  void desk.receive({ kind: "run" });
  await goOn();
  expect(positions()).toEqual([2048, 5 * 2048]);
  // Another question ends it.
  await desk.receive({ kind: "seek", at: 10, isTold: false });
  await goOn();
  await running;
  expect(positions()).toEqual([2048, 5 * 2048, 10]);
  const again = desk.receive({ kind: "run" });
  for (let i = 0; i < 20; i++) await goOn();
  await again;
  await desk.receive({ kind: "run" });
  expect(positions().slice(3)).toEqual([10 + 2048, 20_000]);
});

test("curves wait while they are held", async () => {
  const { desk, told, goOn } = slowDesk();
  await desk.receive({ kind: "hold", isHeld: true });
  const done = desk.receive({ kind: "curves", settings: DEFAULT_SETTINGS, known: [] });
  for (let i = 0; i < 50; i++) await goOn();
  expect(told).toEqual([]);
  await desk.receive({ kind: "hold", isHeld: false });
  let isDone = false;
  void done.then(() => {
    isDone = true;
  });
  for (let i = 0; i < 500 && !isDone; i++) await goOn();
  await done;
  expect(told.at(-1)).toMatchObject({ kind: "points", share: 1 });
});

test("of what could not be opened nothing is told", async () => {
  const told: FromPlayWorker[] = [];
  const desk = new PlayDesk(
    new ManualClock(),
    async () => {},
    (message) => told.push(message),
  );
  const settings: PlaySettings = { ...DEFAULT_SETTINGS, workload: fileWorkload("a.csv", AS_DETECTED) };
  await desk.receive({ kind: "open", settings });
  await desk.receive({ kind: "seek", at: 1, isTold: true });
  expect(told).toEqual([
    { kind: "failed", message: "a.csv has not been given to the page" },
    { kind: "nothing" },
  ]);
});
