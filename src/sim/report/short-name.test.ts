import { expect, test } from "bun:test";
import { shortTraceName } from "./short-name.ts";

test("a path keeps its end, a workload its beginning", () => {
  expect(shortTraceName("/traces/monday/requests.csv", 27)).toBe("/traces/monday/requests.csv");
  expect(shortTraceName("/traces/monday/requests.csv", 20)).toBe("…monday/requests.csv");
  expect(shortTraceName("zipf(n=1000,alpha=0.9)", 10)).toBe("zipf(n=10…");
});

test("without room there is no name", () => {
  expect([2, 1, 0, -5].map((length) => shortTraceName("a/b", length))).toEqual(["…b", "…", "", ""]);
});
