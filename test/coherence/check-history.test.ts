import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../src/lib/random.ts";
import { checkHistory } from "./check-history.ts";
import { type History, NO_CONNECTION, NOBODY, ORIGIN, type Read, UNTOLD, type Write } from "./history.ts";

const BOUND_MS = 100;

let nextConnection = 0;

interface Placed {
  site?: string;
  connection?: number;
  sequence?: number;
}

/** A write of key `k`, by default through proxy A over a connection of its own. */
function write(version: number, startMs: number, endMs: number, more: Partial<Write> & Placed = {}): Write {
  const outcome = endMs === Number.POSITIVE_INFINITY ? "unknown" : "done";
  return {
    ...{ key: "k", site: "A", connection: nextConnection++, sequence: 0, startMs, endMs, version },
    ...{ leaves: "value", outcome, how: "SET" },
    ...more,
  };
}

function remove(version: number, startMs: number, endMs: number, more: Partial<Write> & Placed = {}): Write {
  return write(version, startMs, endMs, { leaves: "nothing", how: "DEL", ...more });
}

function read(
  version: number | "nothing",
  startMs: number,
  endMs: number,
  more: Partial<Read> & Placed = {},
): Read {
  return {
    ...{
      key: "k",
      site: "A",
      connection: nextConnection++,
      sequence: 0,
      startMs,
      endMs,
      version,
      how: "GET",
    },
    ...more,
  };
}

function rules(operations: readonly (Read | Write)[], boundMs = BOUND_MS, mayEvict = false): string[] {
  const history: History = {
    writes: operations.filter((operation): operation is Write => "outcome" in operation),
    reads: operations.filter((operation): operation is Read => !("outcome" in operation)),
    boundMs,
    mayEvict,
  };
  return checkHistory(history).map(({ rule }) => rule);
}

describe("checkHistory", () => {
  test("has nothing against an empty history, or one of reads of nothing", () => {
    expect(rules([])).toEqual([]);
    expect(rules([read("nothing", 0, 1), read("nothing", 2, 3)])).toEqual([]);
  });

  describe("acknowledged writes through one proxy", () => {
    const writes = [write(1, 0, 10), write(2, 20, 30)];

    test("are seen by reads that begin later", () => {
      expect(rules([...writes, read(2, 31, 32)])).toEqual([]);
      expect(rules([...writes, read(1, 31, 32)])).toEqual(["acknowledged"]);
      expect(rules([...writes, read("nothing", 31, 32)])).toEqual(["acknowledged"]);
    });

    test("may or may not be seen by reads at the same time", () => {
      expect(rules([...writes, read(1, 25, 32), read(2, 21, 26)])).toEqual([]);
      expect(rules([...writes, read(1, 30, 32)])).toEqual([]);
    });

    test("of another key do not matter", () => {
      expect(rules([...writes, read("nothing", 31, 32, { key: "other" })])).toEqual([]);
    });

    test("include deletions", () => {
      const deletion = remove(2, 20, 30);
      expect(rules([write(1, 0, 10), deletion, read("nothing", 31, 32)])).toEqual([]);
      expect(rules([write(1, 0, 10), deletion, read(1, 31, 32)])).toEqual(["acknowledged"]);
    });
  });

  describe("reads through one proxy", () => {
    const writes = [write(1, 0, 10, { site: ORIGIN }), write(2, 20, 30, { site: ORIGIN })];

    test("never go back", () => {
      expect(rules([...writes, read(1, 21, 22), read(2, 23, 24)])).toEqual([]);
      expect(rules([...writes, read(2, 21, 22), read(1, 23, 24)])).toEqual(["backwards"]);
      expect(rules([...writes, read(2, 21, 22), read("nothing", 23, 24)])).toEqual(["backwards"]);
    });

    test("may go back when they overlap, or when they are of different proxies", () => {
      expect(rules([...writes, read(2, 21, 24), read(1, 23, 25)])).toEqual([]);
      expect(rules([...writes, read(2, 21, 22), read(1, 23, 24, { site: "B" })])).toEqual([]);
    });
  });

  describe("writes made elsewhere", () => {
    const writes = [write(1, 0, 10, { site: ORIGIN }), write(2, 20, 30, { site: "B" })];

    test("may be missed up to the staleness bound, and not longer", () => {
      expect(rules([...writes, read(1, 130, 131)])).toEqual([]);
      expect(rules([...writes, read(1, 131, 132)])).toEqual(["bound"]);
      expect(rules([...writes, read("nothing", 110, 111)])).toEqual([]);
      expect(rules([...writes, read("nothing", 111, 112)])).toEqual(["bound"]);
    });

    test("cannot be missed at the origin", () => {
      expect(rules([...writes, read(1, 31, 32, { site: ORIGIN })])).toEqual(["bound"]);
    });

    test("count once somebody has read them, although they were never acknowledged", () => {
      const unknown = write(2, 20, Number.POSITIVE_INFINITY, { site: "B" });
      expect(rules([writes[0]!, unknown, read(2, 40, 41, { site: "B" }), read(1, 141, 142)])).toEqual([]);
      expect(rules([writes[0]!, unknown, read(2, 40, 41, { site: "B" }), read(1, 142, 143)])).toEqual([
        "bound",
      ]);
    });
  });

  describe("a pipeline", () => {
    const on = (sequence: number): Placed => ({ connection: 1000, sequence });

    test("is answered in its order", () => {
      const first = write(1, 0, 10);
      expect(rules([first, write(2, 20, 30, on(0)), read(2, 20.1, 30, on(1))])).toEqual([]);
      expect(rules([first, write(2, 20, 30, on(0)), read(1, 20.1, 30, on(1))])).toEqual(["order"]);
      expect(rules([first, write(2, 20.1, 30, on(1)), read(1, 20, 30, on(0))])).toEqual([]);
      const elsewhere = write(2, 20, 30, { site: ORIGIN });
      expect(rules([first, elsewhere, read(2, 21, 31, on(0)), read(1, 21.1, 31, on(1))])).toEqual(["order"]);
    });
  });

  describe("values", () => {
    test("that nobody wrote, or only later, are invented", () => {
      expect(rules([read(1, 0, 1)])).toEqual(["invented"]);
      expect(rules([write(1, 5, 6), read(1, 0, 1)])).toEqual(["invented"]);
      expect(rules([write(1, 5, 6), read(1, 0, 5)])).toEqual([]);
    });

    test("of a write that failed for certain never appear, and nothing need be seen of it", () => {
      const failed = write(2, 20, 30, { outcome: "failed" });
      expect(rules([write(1, 0, 10), failed, read(1, 31, 32)])).toEqual([]);
      expect(rules([write(1, 0, 10), failed, read(2, 31, 32)])).toEqual(["invented"]);
    });

    test("of a write of unknown outcome may appear at any time, but do not go again", () => {
      const unknown = write(2, 20, Number.POSITIVE_INFINITY);
      expect(rules([write(1, 0, 10), unknown, read(1, 500, 501)])).toEqual([]);
      expect(rules([write(1, 0, 10), unknown, read(1, 500, 501), read(2, 600, 601)])).toEqual([]);
      expect(rules([write(1, 0, 10), unknown, read(2, 500, 501), read(1, 600, 601)])).toEqual(["backwards"]);
    });

    test("a deletion that failed for certain explains nothing", () => {
      const failed = remove(2, 20, 30, { outcome: "failed" });
      expect(rules([write(1, 0, 10), failed, read("nothing", 31, 32)])).toEqual(["acknowledged"]);
    });
  });

  describe("several deletions", () => {
    const operations = [write(1, 0, 10, { site: ORIGIN }), remove(2, 20, 30, { site: ORIGIN })];
    const more = [write(3, 40, 50, { site: ORIGIN }), remove(4, 60, 70, { site: ORIGIN })];

    test("a read of nothing is taken for the oldest that fits", () => {
      expect(rules([...operations, ...more, read("nothing", 61, 62), read(3, 63, 64)])).toEqual([]);
      expect(
        rules([...operations, ...more, read(3, 61, 62), read("nothing", 63, 64), read(3, 65, 66)]),
      ).toEqual(["backwards"]);
    });

    test("a read of nothing ahead of any deletion that fits is stale", () => {
      expect(rules([...operations, ...more, read(3, 51, 52), read("nothing", 53, 54)])).toEqual([
        "backwards",
      ]);
    });
  });

  describe("values with a time to live", () => {
    const timed = write(1, 0, 10, { expiredByMs: 60 });
    const expiry = remove(2, 50, 60, { connection: NO_CONNECTION });

    test("may go from the earliest time on, and are gone by the latest", () => {
      expect(rules([timed, expiry, read(1, 59, 61)])).toEqual([]);
      expect(rules([timed, expiry, read("nothing", 49, 50)])).toEqual([]);
      expect(rules([timed, expiry, read("nothing", 48, 49)])).toEqual(["acknowledged"]);
      expect(rules([timed, expiry, read(1, 61, 62)])).toEqual(["acknowledged"]);
    });

    test("are outlived by no copy of another proxy either", () => {
      expect(rules([timed, expiry, read(1, 61, 62, { site: "B" })])).toEqual(["expired"]);
    });

    test("an older value may be there still, within the bound", () => {
      const operations = [write(1, 0, 10), write(2, 20, 30, { expiredByMs: 60 })];
      const gone = remove(3, 50, 60, { connection: NO_CONNECTION });
      expect(rules([...operations, gone, read(1, 61, 62, { site: "B" })])).toEqual([]);
    });
  });

  describe("a restart that loses everything", () => {
    const operations = [write(1, 0, 10), remove(2, 20, 30, { site: NOBODY, connection: NO_CONNECTION })];

    test("is like a deletion made elsewhere", () => {
      expect(rules([...operations, read(1, 31, 32)])).toEqual([]);
      expect(rules([...operations, read("nothing", 31, 32)])).toEqual([]);
      expect(rules([...operations, read(1, 131, 132)])).toEqual(["bound"]);
    });
  });

  describe("a counter", () => {
    test("may hold what an increment without a reply made of it", () => {
      const untold = write(UNTOLD, 20, Number.POSITIVE_INFINITY);
      expect(rules([write(1, 0, 10), untold, write(3, 40, 50), read(2, 30, 39)])).toEqual([]);
      expect(rules([write(1, 0, 10), untold, write(3, 40, 50), read(2, 18, 19)])).toEqual(["invented"]);
      expect(rules([write(1, 0, 10), write(3, 40, 50), read(2, 30, 39)])).toEqual(["invented"]);
    });
  });

  test("reports each read once, the earliest first", () => {
    const operations = [write(1, 0, 10), write(2, 20, 30)];
    expect(rules([...operations, read(1, 140, 141), read(1, 31, 32), read(7, 50, 51)])).toEqual([
      "acknowledged",
      "invented",
      "acknowledged",
    ]);
  });

  test("accepts every history of a store without a cache, and finds a stale read put into one", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { operations, staleReads } = randomHistory(new SeededRandom(seed));
      expect(rules(operations), `seed ${seed}`).toEqual([]);
      for (const stale of staleReads) {
        expect(rules([...operations, stale]).length, `seed ${seed}`).toBeGreaterThan(0);
      }
    }
  });
});

/** Operations that take effect one by one, at a random moment between their start and their end. */
function randomHistory(random: SeededRandom): { operations: (Read | Write)[]; staleReads: Read[] } {
  const operations: (Read | Write)[] = [];
  const staleReads: Read[] = [];
  let hasValue = false;
  let version = 0;
  let writeEndMs = 0;
  let lastValue = 0;
  for (let effectMs = 10; effectMs < 500; effectMs += random.next() * 5) {
    const startMs = effectMs - random.next() * 9;
    const endMs = effectMs + random.next() * 9;
    const site = random.pick(["A", "B", ORIGIN]);
    if (random.next() < 0.3 && startMs > writeEndMs) {
      hasValue = random.next() < 0.7;
      version++;
      if (hasValue) lastValue = version;
      writeEndMs = endMs;
      operations.push(
        hasValue ? write(version, startMs, endMs, { site }) : remove(version, startMs, endMs, { site }),
      );
      if (lastValue > 0 && lastValue < version)
        staleReads.push(read(lastValue, endMs + 1, endMs + 2, { site }));
    } else {
      operations.push(read(hasValue ? version : "nothing", startMs, endMs, { site }));
    }
  }
  return { operations, staleReads };
}

describe("an origin that evicts", () => {
  function evictedRules(operations: readonly (Read | Write)[]): string[] {
    return rules(operations, BOUND_MS, true);
  }

  test("may lose a value at any time", () => {
    expect(rules([write(1, 0, 10), read("nothing", 20, 30)])).toEqual(["acknowledged"]);
    expect(evictedRules([write(1, 0, 10), read("nothing", 20, 30)])).toEqual([]);
  });

  test("never brings it back: who has seen that it is gone must not see it again", () => {
    const gone = read("nothing", 20, 30);
    expect(evictedRules([write(1, 0, 10), gone, read(1, 40, 50)])).toEqual(["backwards"]);
    expect(evictedRules([write(1, 0, 10), gone, read(1, 25, 50)])).toEqual([]);
    expect(evictedRules([write(1, 0, 10), gone, read(1, 131, 140, { site: "B" })])).toEqual(["bound"]);
    expect(evictedRules([write(1, 0, 10), gone, write(2, 40, 50), read(2, 60, 70)])).toEqual([]);
    expect(evictedRules([write(1, 0, 10), gone, write(2, 40, 50), read(1, 60, 70)])).toEqual([
      "acknowledged",
    ]);
  });
});
