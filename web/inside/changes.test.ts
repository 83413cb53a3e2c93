import { describe, expect, test } from "bun:test";
import type { LeftEntry, QueueMember, QueuesReport } from "../../src/instruments/view.ts";
import { type Change, changesBetween } from "../queues/changes.ts";
import { queueText, timesText } from "../queues/queue-words.ts";
import { tellChange, worthTelling } from "./sentences.ts";

const ENTRY = { reads: 0, valueBytes: 10, chargedBytes: 48, ageMs: 5000, ttlMs: -1 };

interface Shown {
  readonly small?: readonly QueueMember[];
  readonly main?: readonly QueueMember[];
  readonly ghosts?: readonly QueueMember[];
  readonly left?: readonly LeftEntry[];
  readonly atMs?: number;
  /** Members of `small` that were seen at its entrance, beyond a middle that was not. */
  readonly fromEntrance?: number;
  readonly ratios?: readonly [entries: number, ghosts: number];
}

function report({ small = [], main = [], ghosts = [], left = [], ...rest }: Shown): QueuesReport {
  const { atMs = 1000, fromEntrance = 0, ratios = [1, 1] } = rest;
  const common = { order: "line", entrance: "in", exit: "out", walkedFromExit: 9 } as const;
  return {
    ...{ atMs, policy: "s3-fifo", shard: 0, shards: 1, unit: "entries", left },
    ...{ samplingRatio: ratios[0], ghostSamplingRatio: ratios[1] },
    queues: [
      { name: "small", kind: "resident", members: small, walkedFromEntrance: fromEntrance, ...common },
      { name: "main", kind: "resident", members: main, walkedFromEntrance: 0, ...common },
      { name: "ghosts", kind: "ghost", members: ghosts, walkedFromEntrance: 0, ...common },
    ],
  };
}

function entry(id: string, more: Partial<QueueMember["entry"]> = {}, isSampled = true): QueueMember {
  return { id, key: { text: `key:${id}` }, isSampled, entry: { ...ENTRY, ...more } };
}

function ghost(id: string): QueueMember {
  return { id, key: { text: `key:${id}` }, isSampled: true };
}

function gone(id: string, more: Partial<LeftEntry> = {}): LeftEntry {
  return {
    id,
    key: { text: `key:${id}` },
    atMs: 1500,
    cause: "evicted",
    queue: "small",
    reads: 3,
    ageMs: 900,
    ...more,
  };
}

function whats(before: Shown, now: Shown): [string, string, string | undefined, string | undefined][] {
  const changes = changesBetween(report(before), report({ atMs: 2000, ...now }));
  return changes.map(({ what, id, from, to }) => [what, id, from, to]);
}

const young = { ageMs: 300 };

describe("between two readings", () => {
  test("an entry enters, is read, moves, is remembered, returns, is forgotten", () => {
    expect(whats({}, { small: [entry("a", young)] })).toEqual([["entered", "a", undefined, "small"]]);
    expect(whats({ small: [entry("a")] }, { small: [entry("a", { reads: 2, ageMs: 6000 })] })).toEqual([
      ["read", "a", "small", "small"],
    ]);
    expect(whats({ small: [entry("a")] }, { main: [entry("a", { ageMs: 6000 })] })).toEqual([
      ["moved", "a", "small", "main"],
    ]);
    expect(whats({ small: [entry("a")] }, { ghosts: [ghost("a")] })).toEqual([
      ["remembered", "a", "small", "ghosts"],
    ]);
    expect(whats({ ghosts: [ghost("a")] }, { main: [entry("a", young)] })).toEqual([
      ["returned", "a", "ghosts", "main"],
    ]);
    expect(whats({ ghosts: [ghost("a")] }, {})).toEqual([["forgotten", "a", "ghosts", undefined]]);
    expect(
      whats({ small: [entry("a", { reads: 3 })] }, { small: [entry("a", { reads: 1, ...young })] }),
    ).toEqual([["refilled", "a", "small", "small"]]);
  });

  test("nothing happens to members that stay as they are", () => {
    const same = { small: [entry("a", { ageMs: 6000 })], ghosts: [ghost("b")] };
    expect(whats({ small: [entry("a")], ghosts: [ghost("b")] }, same)).toEqual([]);
  });

  test("an entry leaves, with the reason if there is one", () => {
    const [change] = changesBetween(
      report({ small: [entry("a")] }),
      report({ atMs: 2000, left: [gone("a")] }),
    );
    expect(change).toMatchObject({ what: "left", from: "small", left: { reads: 3 } });
    expect(whats({ main: [entry("a")] }, {})).toEqual([["left", "a", "main", undefined]]);
    expect(whats({}, { left: [gone("a")] })).toEqual([["left", "a", undefined, undefined]]);
    // It had left before the first reading.
    expect(whats({}, { left: [gone("a", { atMs: 900 })] })).toEqual([]);
  });

  test("members that are told only because they leave soon do not count", () => {
    expect(whats({}, { small: [entry("a", young, false)] })).toEqual([]);
    expect(whats({ small: [entry("a", {}, false)] }, {})).toEqual([]);
  });

  test("the middle of a long queue hides entries, which have not left", () => {
    expect(whats({ small: [entry("a")], fromEntrance: 5 }, { fromEntrance: 5 })).toEqual([]);
    expect(whats({ fromEntrance: 5 }, { small: [entry("a")], fromEntrance: 5 })).toEqual([]);
    expect(whats({ small: [entry("a")], fromEntrance: 5 }, { left: [gone("a")], fromEntrance: 5 })).toEqual([
      ["left", "a", "small", undefined],
    ]);
  });

  test("another sample, policy or shard is no change of the entries", () => {
    expect(whats({ small: [entry("a")] }, { ratios: [0.5, 1] })).toEqual([]);
    expect(whats({ ghosts: [ghost("a")] }, { ratios: [1, 0.5] })).toEqual([]);
    expect(whats({ ghosts: [ghost("a")], ratios: [0.5, 1] }, { ratios: [0.5, 1] })).toEqual([]);
    const before = report({ small: [entry("a")] });
    expect(changesBetween(before, { ...report({}), policy: "lru" })).toEqual([]);
    expect(changesBetween(before, { ...report({}), shard: 1 })).toEqual([]);
    expect(changesBetween(before, { ...report({}), queues: [] })).toEqual([]);
  });
});

function told(before: Shown, now: Shown): string[] {
  const later = report({ atMs: 2000, ...now });
  return changesBetween(report(before), later).map((change) => {
    const { mark, text } = tellChange(change, later.queues);
    return `${mark} ${text}`;
  });
}

test("sentences tell it in the policy's terms", () => {
  expect(told({}, { small: [entry("a", young)] })).toEqual(["# was a miss and enters the small queue."]);
  expect(told({}, { small: [entry("a", { ...young, reads: 1 })] })).toEqual([
    "# was a miss and enters the small queue; it was read once since.",
  ]);
  expect(
    told({ small: [entry("a")] }, { small: [entry("a", { reads: 2, ageMs: 6000, turn: "main" })] }),
  ).toEqual(["| was read twice: hits. When its turn comes it will pass to the main queue."]);
  expect(
    told({ main: [entry("a")] }, { main: [entry("a", { reads: 1, ageMs: 6000, turn: "main" })] }),
  ).toEqual(["| was read: a hit. When its turn comes it will stay."]);
  expect(
    told({ small: [entry("a")] }, { small: [entry("a", { reads: 1, ageMs: 6000, turn: "ghosts" })] }),
  ).toEqual(["| was read: a hit."]);
  expect(told({ small: [entry("a")] }, { ghosts: [ghost("a")], left: [gone("a", { reads: 0 })] })).toEqual([
    "○ left the small queue, never read since its fill. Its value is gone, its key is remembered among the ghosts.",
  ]);
  expect(told({ ghosts: [ghost("a")] }, { main: [entry("a", young)] })).toEqual([
    "! was remembered among the ghosts and is asked for again: it is in the main queue now.",
  ]);
  expect(told({ main: [entry("a")] }, { left: [gone("a", { queue: "main" })] })).toEqual([
    "○ was evicted from the main queue, 900 ms after its fill: read 3 times.",
  ]);
  expect(told({}, { left: [gone("a", { cause: "expired", reads: 0 })] })).toEqual([
    "○ expired, 900 ms after its fill: never read. It had come only just before.",
  ]);
  expect(told({ main: [entry("a")] }, { left: [gone("a", { cause: "removed" })] })).toEqual([
    "○ was removed, 900 ms after its fill: written, deleted or invalidated.",
  ]);
});

test("of many changes, one of each kind is told first", () => {
  const change = (what: Change["what"], id: string, reads = 0): Change => {
    return {
      what,
      id,
      key: undefined,
      from: "a",
      to: "b",
      reads,
      before: undefined,
      now: undefined,
      left: undefined,
    };
  };
  const changes = [
    ...[change("read", "1", 2), change("read", "2", 9), change("entered", "3"), change("entered", "4")],
    ...[change("returned", "5"), change("returned", "6")],
  ];
  const ids = (most: number) => worthTelling(changes, most).map(({ id }) => id);
  expect(ids(3)).toEqual(["5", "3", "2"]);
  expect(ids(10)).toEqual(["5", "3", "2", "6", "4", "1"]);
});

test("names of queues and numbers of reads read well", () => {
  expect(["queue", "small", "recent-ghosts", "ghosts", undefined].map(queueText)).toEqual([
    ...["the queue", "the small queue", "the recent ghosts", "the ghosts", "the cache"],
  ]);
  expect([0, 1, 2, 1234].map(timesText)).toEqual([
    "never read",
    "read once",
    "read twice",
    "read 1,234 times",
  ]);
});
