/**
 * Power cuts beneath the whole engine. The journal lies on a disk in memory that forgets. LMDB's writes to its own
 * file are recorded (lmdb-disk-fixture.ts). So a power cut takes from both what was not synchronized.
 * `GLASSCACHE_ENGINE_POWER_CUTS` sets how often a crashed engine is opened again with each way of synchronization.
 * `GLASSCACHE_ENGINE_SEED` repeats the choices of a run.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { EngineWriter, ExpectedState, stepOf, takeStep } from "./crash-fixture.ts";
import { DATA_FILE } from "./data-file.ts";
import { NEVER, setWhole } from "./engine.ts";
import { ForgetfulDisk, store } from "./forgetful-disk-fixture.ts";
import { LmdbEngine, type LmdbEngineOptions } from "./lmdb.ts";
import { hasLmdbDisk, LmdbDisk } from "./lmdb-disk-fixture.ts";

const SEED = Number(process.env["GLASSCACHE_ENGINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const POWER_CUTS = Number(process.env["GLASSCACHE_ENGINE_POWER_CUTS"] ?? 30);
const MODES = ["always", "interval"] as const;
const KEYS = 200;

let scratch = "";
let lmdbDisk: LmdbDisk | undefined;
beforeAll(() => {
  console.log(`GLASSCACHE_ENGINE_SEED=${SEED}`);
  // In memory if possible, so that other synchronizations need not wait for a real disk.
  scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "glasscache-power-"));
  if (hasLmdbDisk) lmdbDisk = new LmdbDisk();
});
afterAll(() => {
  lmdbDisk?.[Symbol.dispose]();
  rmSync(scratch, { recursive: true });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function optionsOf(sync: (typeof MODES)[number], random: SeededRandom): Omit<LmdbEngineOptions, "directory"> {
  const clock = new ManualClock();
  return { sync, arenaBytes: 1024 ** 2, policy: "lru", clock, random, onRemoval: () => undefined };
}

describe.if(hasLmdbDisk)("the database's file", () => {
  test.each(MODES)(
    "is on disk before the journal is used anew, and pages before they are referred to: %s",
    async (sync) => {
      const disk = lmdbDisk!;
      const directory = join(scratch, `commits-${sync}`);
      const path = join(directory, DATA_FILE);
      const early: number[] = [];
      let commits = 0;
      disk.onWrittenThrough = (file) => {
        commits++;
        if (file.unsynchronizedBlocks > 0) early.push(file.unsynchronizedBlocks);
      };
      const engine = await LmdbEngine.open({
        ...optionsOf(sync, new SeededRandom(1)),
        directory,
        intervalMs: 1,
      });
      for (let round = 0; round < 5; round++) {
        for (let n = 0; n < 300; n++) setWhole(engine, utf8(`${n}`), utf8(`value ${round}`), NEVER);
        await engine.settle();
        while (engine.pendingWrites > 0) await turn();
        // The checkpoint is complete: its journal may be written over.
        expect(disk.file(path).unsynchronizedBlocks).toBe(0);
        const left = disk.file(path).afterPowerCut(new SeededRandom(round));
        expect(Buffer.compare(left, readFileSync(path)), "nothing escapes the watch").toBe(0);
      }
      await engine.close();
      disk.look();
      disk.onWrittenThrough = () => undefined;
      expect(commits).toBeGreaterThan(5);
      expect(early).toEqual([]);
    },
  );
});

describe("a power cut", () => {
  test.each(MODES)(
    "leaves the engine with a state it had, and with all it had promised: %s",
    async (sync) => {
      const random = new SeededRandom(SEED);
      const options = optionsOf(sync, random);
      for (let states = 0, run = 0; states < POWER_CUTS; run++) {
        const disk = new ForgetfulDisk();
        const directory = join(scratch, `engine-${sync}-${run}`);
        let step = 0;
        let promised = 0;
        const synchronized: number[] = [];
        disk.onSynchronize = async () => {
          const begun = step;
          await turn();
          synchronized.push(begun);
        };
        const engine = await LmdbEngine.open({ ...options, directory, disk, intervalMs: 5 });
        const writer = new EngineWriter(engine);
        for (let turns = 0; turns < 60; turns++) {
          takeStep(SEED, KEYS, ++step, writer);
          const settling = step;
          const settled = engine.settle();
          if (sync === "always") settled?.then(() => (promised = settling));
          else await settled;
          lmdbDisk?.look();
          if (random.next() < 0.3) await new Promise((resolve) => setTimeout(resolve, random.below(8)));
          if (random.next() > 0.1) continue;
          const least = sync === "always" ? promised : Math.max(0, ...synchronized.slice(0, -1));
          const copy = `${directory}-${turns}`;
          cpSync(directory, copy, { recursive: true });
          store(copy, disk.afterPowerCut(random, 512));
          const file = lmdbDisk?.file(join(directory, DATA_FILE));
          if (file !== undefined) writeFileSync(join(copy, DATA_FILE), file.afterPowerCut(random));
          const found = await LmdbEngine.open({ ...options, directory: copy, disk: new ForgetfulDisk() });
          const reached = stepOf(found);
          expect(reached).toBeGreaterThanOrEqual(least);
          const expected = new ExpectedState();
          expected.advance(SEED, KEYS, reached);
          expect(expected.difference(found)).toBeUndefined();
          await found.close();
          lmdbDisk?.forget(copy);
          rmSync(copy, { recursive: true });
          states++;
        }
        await engine.close();
        lmdbDisk?.forget(directory);
        rmSync(directory, { recursive: true });
      }
    },
    3_600_000,
  );
});
