import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SteppedSort } from "./stepped-sort.ts";

describe("a sort in steps", () => {
  test("sorts as at once, whatever the steps, and keeps equals in their order", () => {
    const property = fc.property(
      fc.array(fc.nat(20), { maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (figures, steps) => {
        const places = Int32Array.from(figures, (_, i) => i);
        const sort = new SteppedSort(places, (one, other) => figures[one]! < figures[other]!);
        for (let i = 0; !sort.step(steps[i % steps.length]!); i++);
        const expected = figures.map((_, i) => i).sort((one, other) => figures[one]! - figures[other]!);
        expect([...sort.sorted]).toEqual(expected);
      },
    );
    fc.assert(property);
  });

  test("loses nothing when the figures change between the steps", () => {
    const property = fc.property(fc.array(fc.nat(), { maxLength: 100 }), fc.nat(), (figures, seed) => {
      let asked = seed;
      const places = Int32Array.from(figures, (_, i) => i);
      const sort = new SteppedSort(places, () => Math.imul(++asked, 0x9e3779b9) < 0);
      while (!sort.step(7));
      expect([...sort.sorted].sort((a, b) => a - b)).toEqual(figures.map((_, i) => i));
    });
    fc.assert(property);
  });
});
