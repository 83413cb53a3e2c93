/** How the visits of a look at a policy are divided among its queues. */
import { describe, expect, test } from "bun:test";
import type { PolicyQueue } from "../policy/policy-queue.ts";
import type { UnderLock } from "./queue-plan.ts";
import { countOf, lengthOf, type QueueWalks, walkAll } from "./queue-walks.ts";
import type { Shard } from "./shard.ts";

type QueueShape = Partial<PolicyQueue> & {
  readonly name: string;
  readonly places: number;
};

/** A queue of the members 1, 2, 3 and so on, which never changes. */
function queueOf({ places, ...given }: QueueShape): PolicyQueue {
  return {
    ...{ kind: "resident", order: "line", entrance: "", exit: "" },
    next: (place) => (place === places ? 0 : place + 1),
    previous: (place) => (place === 0 ? places : place - 1),
    holds: () => true,
    isPlace: () => true,
    hashOf: (place) => place,
    ...given,
  };
}

const PLAN = { nearest: 3 };
const underLock: UnderLock = (act) => act({ memory: undefined } as unknown as Shard);

function walk(visits: number, ...shapes: QueueShape[]): QueueWalks[] {
  return walkAll(shapes.map(queueOf), { ...PLAN, visits }, underLock)!;
}

/** How many members were recorded of each queue from its exit, and from its entrance. */
function counts(walks: readonly QueueWalks[]): Record<string, [number, number | undefined]> {
  return Object.fromEntries(
    walks.map(({ queue, ahead, behind }) => [queue.name, [ahead.count, behind?.count]]),
  );
}

describe("the walks through a policy's queues", () => {
  test("share three quarters of the visits, and leave what short queues do not need to long ones", () => {
    const walks = walk(
      400,
      { name: "short", places: 10, weight: 10 },
      { name: "long", places: 1000, weight: 1000 },
      { name: "shortish", places: 20, weight: 20 },
    );
    expect(counts(walks)).toEqual({ short: [10, undefined], long: [270, 100], shortish: [20, undefined] });
    expect(walks.map(({ ahead }) => ahead.state)).toEqual(["complete", "full", "complete"]);
  });

  test("come back to a queue that was taken for a light one", () => {
    const walks = walk(400, { name: "long", places: 1000, weight: 1 }, { name: "short", places: 5 });
    expect(counts(walks)).toEqual({ long: [295, 100], short: [5, undefined] });
  });

  test("go through light queues first, then through those of unknown weight, then through ghosts", () => {
    const first = (one: Partial<QueueShape>, other: Partial<QueueShape>): string => {
      // The first one gets two of three visits.
      const walks = walk(4, { name: "one", places: 100, ...one }, { name: "other", places: 100, ...other });
      return walks[0]!.ahead.count > walks[1]!.ahead.count ? "one" : "other";
    };
    expect(first({ weight: 5 }, { weight: 7 })).toBe("one");
    expect(first({ weight: 7 }, { weight: 5 })).toBe("other");
    expect(first({}, { weight: 2 ** 40 })).toBe("other");
    expect(first({ kind: "ghost", weight: 1 }, {})).toBe("other");
    expect(first({ kind: "ghost" }, { kind: "ghost", weight: 2 ** 40 })).toBe("other");
    expect(first({ kind: "ghost", weight: 0 }, { weight: 2 ** 40 })).toBe("other");
  });

  test("begin at the entrance of all long queues whose places are in order, too", () => {
    const walks = walk(
      400,
      { name: "line", places: 1000 },
      { name: "hand", places: 1000, order: "hand" },
      { name: "ranking", places: 1000, order: "ranking", isBefore: (one, other) => one > other },
      { name: "ordered", places: 1000, order: "ranking" },
      { name: "random", places: 1000, order: "none" },
    );
    expect(counts(walks)).toEqual({
      ...{ line: [60, 34], hand: [60, 34], ordered: [60, 34] },
      ...{ ranking: [60, undefined], random: [60, undefined] },
    });
    const [line, , ranking] = walks;
    expect([...line!.behind!.members.subarray(0, 3)]).toEqual([1000, 999, 998]);
    expect(ranking!.ahead.nearest).toEqual([60, 59, 58]);
  });

  test("are none if the policy is changed meanwhile, at whatever moment", () => {
    const long = [
      { name: "a", places: 5000 },
      { name: "b", places: 5000 },
    ].map(queueOf);
    let locks = 0;
    let allowed = Number.POSITIVE_INFINITY;
    const changing: UnderLock = (act) => (locks++ < allowed ? underLock(act) : undefined);
    expect(walkAll(long, { ...PLAN, visits: 8000 }, changing)).toBeDefined();
    const all = locks;
    expect(all).toBeGreaterThan(6);
    for (allowed = 0; allowed < all; allowed++) {
      locks = 0;
      expect(walkAll(long, { ...PLAN, visits: 8000 }, changing)).toBeUndefined();
    }
  });

  test("visit 1,024 places under one lock, and give up where hardly any is a member", () => {
    let [visits, locks, most] = [0, 0, 0];
    const counting: UnderLock = (act) => {
      const before = visits;
      locks++;
      const result = underLock(act);
      most = Math.max(most, visits - before);
      return result;
    };
    const holds = (): boolean => {
      visits++;
      return false;
    };
    const endless = queueOf({ name: "endless", places: 1e9, holds });
    const walks = walkAll([endless], { ...PLAN, visits: 1365 }, counting)!;
    expect(counts(walks)).toEqual({ endless: [0, 0] });
    // Twice six for 1,024 members from the exit, four for 341 from the entrance.
    expect([locks, most]).toEqual([16, 1024]);
  });
});

describe("the length of a queue", () => {
  const lengths = (walks: readonly QueueWalks[], entries: number) =>
    walks.map((each) => lengthOf(each, walks, entries));

  test("is counted if the walk came to its end", () => {
    const walks = walk(400, { name: "a", places: 10 }, { name: "g", places: 20, kind: "ghost" });
    expect(lengths(walks, 9999)).toEqual([10, 20]);
  });

  test("is what the other queues leave of the shard's entries if one is too long", () => {
    const walks = walk(
      400,
      { name: "a", places: 10 },
      { name: "long", places: 1000 },
      { name: "g", places: 20, kind: "ghost" },
    );
    expect(lengths(walks, 1010)).toEqual([10, 1000, 20]);
    // Entries have left since: it has at least those that were walked by.
    expect(lengths(walks, 100)).toEqual([10, walks[1]!.ahead.count, 20]);
  });

  test("is unknown for two long queues, and for long queues of ghosts", () => {
    const walks = walk(
      100,
      { name: "a", places: 1000 },
      { name: "b", places: 1000 },
      { name: "short", places: 3, weight: 1 },
      { name: "g", places: 1000, kind: "ghost" },
    );
    expect(lengths(walks, 2003)).toEqual([undefined, undefined, 3, undefined]);
  });

  test("adds up to a count of all queues of a kind, from both ends", () => {
    const walks = walk(
      400,
      { name: "a", places: 10 },
      { name: "long", places: 1000 },
      { name: "g", places: 20, kind: "ghost" },
    );
    expect([countOf(walks, "resident"), countOf(walks, "ghost")]).toEqual([10 + 270 + 100, 20]);
  });
});
