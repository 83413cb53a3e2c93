import { expect, test } from "bun:test";
import fc from "fast-check";
import { OutstandingKeys } from "./outstanding-keys.ts";

test("has every key added since it was cleared, and no other", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant("clear"), fc.constant("all"))),
      (steps) => {
        const keys = new OutstandingKeys();
        let added: number[] = [];
        let isAll = false;
        for (const step of [...steps, 1, 2 ** 32 - 1, -1]) {
          if (step === "clear") {
            keys.clear();
            added = [];
            isAll = false;
          } else if (step === "all") {
            keys.addAll();
            isAll = true;
          } else {
            const hash = step as number;
            const has = added.some((other) => (other | 0) === (hash | 0));
            expect(keys.mayHave(hash)).toBe(isAll || has);
            keys.add(hash);
            added.push(hash);
          }
        }
      },
    ),
  );
  const many = new OutstandingKeys();
  for (let hash = -100; hash < 1000; hash++) many.add(hash);
  for (let hash = -100; hash < 1000; hash++) expect(many.mayHave(hash >>> 0)).toBe(true);
  expect(many.mayHave(1000)).toBe(false);
  many.clear();
  expect(many.mayHave(900)).toBe(false);
});
