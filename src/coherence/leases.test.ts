import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SeededRandom } from "../lib/random.ts";
import { Leases, leaseBytes, leaseCountFor } from "./leases.ts";

function create(count: number): Leases {
  return new Leases(new SharedArrayBuffer(count * 8), 0, count);
}

describe("a fill that was stored", () => {
  test("refuses those that were open beside it, and none that begins later", () => {
    const leases = create(1024);
    const [first, second] = [leases.begin(7), leases.begin(7)];
    leases.stored(7);
    leases.end(7);
    expect([first, second].map((token) => token === leases.of(7))).toEqual([false, false]);
    leases.end(7);
    const third = leases.begin(7);
    leases.stored(7);
    expect(leases.of(7)).toBe(third);
  });

  test("that nobody has counted refuses all others", () => {
    const leases = create(1024);
    const token = leases.of(7);
    leases.stored(7);
    expect(leases.of(7)).not.toBe(token);
  });

  test("is refused after a change, whoever is open", () => {
    const leases = create(1024);
    const token = leases.begin(7);
    leases.change(7);
    expect(leases.of(7)).not.toBe(token);
  });
});

test("a fill holds as long as neither its token nor its epoch has changed", () => {
  const leases = create(1024);
  const fill = { lease: leases.begin(7), epoch: 3 };
  expect(leases.holds(7, fill, 3)).toBe(true);
  expect(leases.holds(7, fill, 4)).toBe(false);
  leases.change(7);
  expect(leases.holds(7, fill, 3)).toBe(false);
  expect(leases.holds(7, fill, 4)).toBe(false);
});

test("a change makes the token the next one, which a fill can tell from another thread's change", () => {
  const leases = create(1024);
  const token = leases.of(7);
  leases.change(7);
  expect(leases.of(7)).toBe(token + 1);
});

test("hashes that differ in any of the bits that pick a token have tokens of their own", () => {
  const leases = create(16);
  for (let hash = 0; hash < 16; hash++) {
    leases.change(hash);
    expect(Array.from({ length: 16 }, (_, other) => leases.of(other))).toEqual(
      Array.from({ length: 16 }, (_, other) => (other <= hash ? 1 : 0)),
    );
  }
});

test("of two open fills of one key at most one is stored, in any order; one that is alone always is", () => {
  const step = fc.record({
    what: fc.constantFrom("begin", "land"),
    hash: fc.nat({ max: 3 }),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      // Enough tokens and counts that the four hashes share none.
      const leases = create(2 ** 16);
      const open: { hash: number; token: number; overlaps: number[] }[] = [];
      let next = 0;
      const stored = new Set<number>();
      const ids = new Map<object, number>();
      for (const { what, hash, which } of steps) {
        const h = hash * 0x1234_567;
        if (what === "begin") {
          const fill = { hash: h, token: leases.begin(h), overlaps: [] as number[] };
          const id = next++;
          ids.set(fill, id);
          for (const other of open) {
            if (other.hash !== h) continue;
            other.overlaps.push(id);
            fill.overlaps.push(ids.get(other)!);
          }
          open.push(fill);
        } else if (open.length > 0) {
          const [fill] = open.splice(which % open.length, 1);
          const isStored = leases.of(fill!.hash) === fill!.token;
          if (isStored) {
            expect(fill!.overlaps.some((id) => stored.has(id))).toBe(false);
            stored.add(ids.get(fill!)!);
            leases.stored(fill!.hash);
          } else {
            expect(fill!.overlaps.some((id) => stored.has(id))).toBe(true);
          }
          leases.end(fill!.hash);
        }
      }
    }),
  );
});

test("fills of thousands of different keys at once hardly ever refuse each other", () => {
  const random = new SeededRandom(1);
  const leases = create(leaseCountFor(64 * 1024 ** 2));
  const fills = Array.from({ length: 5000 }, () => {
    const hash = random.below(2 ** 32);
    return { hash, token: leases.begin(hash) };
  });
  let refused = 0;
  for (const { hash, token } of fills) {
    if (leases.of(hash) === token) leases.stored(hash);
    else refused++;
    leases.end(hash);
  }
  // It was 1 in 25 when every fill changed one of 65,536 tokens.
  expect(refused).toBeLessThanOrEqual(10);
});

test("their size is a share of the budget", () => {
  for (const budget of [256 * 1024, 1024 ** 2, 64 * 1024 ** 2, 1024 ** 3, 1024 ** 4]) {
    expect(leaseBytes(budget)).toBeLessThanOrEqual(budget / 64);
    expect(Math.log2(leaseCountFor(budget)) % 1).toBe(0);
  }
  expect(leaseCountFor(1024 ** 4)).toBe(2 ** 20);
});

test.each([
  ["1/64 of a small budget", 1, 2048],
  ["1/64 up to 256 KiB", 16, 32_768],
  ["256 KiB in between", 32, 32_768],
  ["1/128 of a large budget", 64, 65_536],
])("they take %s: %d MiB have %d tokens", (_, mebibytes, tokens) => {
  expect(leaseCountFor(mebibytes * 1024 ** 2)).toBe(tokens);
  // A token of four bytes, and two counts of two bytes.
  expect(leaseBytes(mebibytes * 1024 ** 2)).toBe(tokens * 8);
});
