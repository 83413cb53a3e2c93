import { afterAll, beforeAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { describeEngine } from "./engine-conformance.ts";
import { LmdbEngine } from "./lmdb.ts";

let scratch = "";
let directories = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-lmdb-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const defaults = {
  sync: "always",
  arenaBytes: 16 * 1024 ** 2,
  policy: "s3-fifo",
  clock: new ManualClock(),
  random: new SeededRandom(1),
  onDeparture: () => {},
} as const;

for (const sync of ["always", "interval"] as const) {
  for (const arenaBytes of [256 * 1024, 16 * 1024 ** 2]) {
    describeEngine(`lmdb engine, sync ${sync}, arena of ${arenaBytes} bytes`, (surroundings) => {
      const directory = join(scratch, `${directories++}`);
      return LmdbEngine.open({ ...defaults, ...surroundings, directory, sync, arenaBytes });
    });
  }
}
