import { expect, test } from "bun:test";
import { ManualClock } from "../../lib/clock.ts";
import { AccessLog, type Refused } from "./access-log.ts";

function refused(object: string, changes: Partial<Refused> = {}): Refused {
  return {
    ...{ reason: "key", context: "toplevel", object, username: "app", clientInfo: "id=1" },
    ...changes,
  };
}

/** A log, and the objects of its entries with their counts. */
function open(mostEntries = () => 100): { log: AccessLog; clock: ManualClock; shown: () => string[] } {
  const clock = new ManualClock();
  const log = new AccessLog(clock, mostEntries);
  const shown = () => log.newest(1000).map(({ object, count }) => `${object}:${count}`);
  return { log, clock, shown };
}

test("the same thing again is the newest entry, with the client that did it last", () => {
  const { log, clock } = open();
  const startMs = clock.wallMs();
  log.add(refused("a"));
  log.add(refused("b"));
  clock.advance(60_000);
  log.add(refused("a", { clientInfo: "id=2" }));
  const [newest, older] = log.newest(5);
  expect(newest).toEqual({
    ...refused("a", { clientInfo: "id=2" }),
    ...{ id: 0, count: 2, createdAtMs: startMs, updatedAtMs: startMs + 60_000 },
  });
  expect(older).toEqual({
    ...refused("b"),
    ...{ id: 1, count: 1, createdAtMs: startMs, updatedAtMs: startMs },
  });
});

test("it is another entry after a minute, counted from the last time", () => {
  const { log, clock, shown } = open();
  log.add(refused("a"));
  clock.advance(60_000);
  log.add(refused("a"));
  clock.advance(60_000);
  log.add(refused("a"));
  clock.advance(60_001);
  log.add(refused("a"));
  expect(shown()).toEqual(["a:1", "a:3"]);
});

test.each<[string, Partial<Refused>]>([
  ["reason", { reason: "channel" }],
  ["context", { context: "multi" }],
  ["object", { object: "b" }],
  ["user", { username: "other" }],
])("another %s is another entry", (_, change) => {
  const { log } = open();
  log.add(refused("a"));
  log.add(refused("a", change));
  expect(log.newest(5)).toMatchObject([
    { count: 1, ...change },
    { count: 1, object: "a" },
  ]);
});

test("the newest ten entries are searched for the same thing", () => {
  const { log, shown } = open();
  for (let index = 0; index < 11; index++) log.add(refused(`k${index}`));
  log.add(refused("k1"));
  expect(shown()[0]).toBe("k1:2");
  // The ten newest are now k1 and k10 down to k2.
  log.add(refused("k0"));
  expect(shown().slice(0, 2)).toEqual(["k0:1", "k1:2"]);
  expect(shown().length).toBe(12);
});

test("the oldest entries are dropped beyond the most there may be, also when that has become less", () => {
  let most = 3;
  const { log, shown } = open(() => most);
  for (const name of ["a", "b", "c", "d"]) log.add(refused(name));
  expect(shown()).toEqual(["d:1", "c:1", "b:1"]);
  most = 1;
  expect(shown().length).toBe(3);
  log.add(refused("e"));
  expect(shown()).toEqual(["e:1"]);
  most = 0;
  log.add(refused("f"));
  expect(shown()).toEqual([]);
  most = 1;
  log.add(refused("g"));
  expect(log.newest(5)).toMatchObject([{ id: 5, object: "g" }]);
});

test("refusals are counted by reason, also those that are not kept, and after a reset", () => {
  const { log, shown } = open(() => 0);
  log.add(refused("a"));
  log.add(refused("a", { reason: "command" }));
  log.reset();
  log.add(refused("a"));
  expect(shown()).toEqual([]);
  expect(log.counts).toEqual({ command: 1, key: 2, channel: 0, auth: 0 });
});

test("a reset drops the entries; the numbers of later ones go on", () => {
  const { log } = open();
  log.add(refused("a"));
  log.reset();
  expect(log.newest(5)).toEqual([]);
  log.add(refused("b"));
  expect(log.newest(5)).toMatchObject([{ id: 1, object: "b" }]);
});
