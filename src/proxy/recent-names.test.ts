import { expect, test } from "bun:test";
import { RecentNames } from "./recent-names.ts";

test("the names seen last are known, and memory is bounded", () => {
  const names = new RecentNames(1000);
  let most = 0;
  for (let index = 0; index < 10_000; index++) {
    expect(names.add(`name-${index}`)).toBe(true);
    expect(names.add(`name-${Math.max(0, index - 50)}`)).toBe(false);
    most = Math.max(most, names.size);
  }
  expect(most).toBeLessThan(400);
  expect(names.add("name-0")).toBe(true);
});
