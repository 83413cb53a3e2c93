import { expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { HashFilter } from "./hash-filter.ts";

test("has every hash that was added, and hardly any other", () => {
  for (const count of [1, 100, 20_000]) {
    const random = new SeededRandom(count);
    const draw = () => Math.floor(random.next() * 2 ** 32);
    const filter = new HashFilter(count);
    const added = Array.from({ length: count }, draw);
    for (const hash of added) filter.add(hash);
    expect(added.every((hash) => filter.has(hash))).toBe(true);
    const others = Array.from({ length: 50_000 }, draw);
    expect(others.filter((hash) => filter.has(hash)).length).toBeLessThan(50);
  }
});
