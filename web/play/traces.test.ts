import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CacheRun } from "./cache-run.ts";
import { deciderOf } from "./decider.ts";
import { readFile } from "./file-requests.ts";
import { AS_DETECTED } from "./reading.ts";
import { TRACES } from "./traces.ts";

const FOLDER = join(import.meta.dir, "../traces");

test("the folder has these traces and no others", () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(TRACES.map(({ file }) => file).toSorted());
});

for (const { name, file, size } of TRACES) {
  test(`${name} is small, whole, and shows a difference between policies`, async () => {
    const bytes = readFileSync(join(FOLDER, file));
    expect(bytes.length).toBeLessThan(150_000);
    const blob = new Blob([bytes]);
    const { requests, notes } = await readFile({ name: file, blob, reading: AS_DETECTED }, () => {});
    expect(notes.length).toBe(1);
    expect(requests.hasTimes).toBe(true);
    expect(requests.count).toBeGreaterThan(5000);
    const [lru, other, best] = ["lru", "w-tinylfu", "belady"].map((policy) => {
      const run = new CacheRun(deciderOf({ policy }), { policy, size, unit: "entries" }, requests);
      run.advance(requests.count);
      return run.counts.misses / run.counts.requests;
    });
    expect(Math.abs(lru! - other!)).toBeGreaterThan(0.02);
    expect(best!).toBeLessThan(Math.min(lru!, other!) - 0.05);
  });
}
