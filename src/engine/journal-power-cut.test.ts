/**
 * Power cuts and damage beneath the journal alone; engine-power-cut.test.ts has the whole engine. The disk is in
 * memory and forgets (forgetful-disk-fixture.ts). After any power cut the journal must start and must have kept what
 * it promised. Every flipped bit in what was on disk must be noticed.
 * `GLASSCACHE_POWER_CUTS` sets how many states are checked. `GLASSCACHE_ENGINE_SEED` repeats the choices of a run.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1, utf8 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import { ForgetfulDisk } from "./forgetful-disk-fixture.ts";
import { Journal } from "./journal.ts";
import { FRAMES_AT, HEADER_BYTES, SECOND_HEADER_AT } from "./journal-format.ts";
import { type FoundJournal, inspectJournal, type KnownUses, replayJournal } from "./journal-recovery.ts";

const SEED = Number(process.env["GLASSCACHE_ENGINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const STATES = Number(process.env["GLASSCACHE_POWER_CUTS"] ?? 3000);
const MODES = ["always", "interval"] as const;

let scratch = "";
beforeAll(() => {
  console.log(`GLASSCACHE_ENGINE_SEED=${SEED}`);
  scratch = mkdtempSync(join(tmpdir(), "glasscache-power-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** The keys put, in order, as found in files. */
function read(
  files: ReadonlyMap<string, Uint8Array>,
  known: KnownUses,
): { found: FoundJournal; keys: string[] } {
  const buffers = [...files].map(([name, bytes]) => [name, Buffer.from(bytes.buffer)] as const);
  const found = inspectJournal(new Map(buffers), known);
  const keys: string[] = [];
  replayJournal(found, known.contained, {
    put: (key) => keys.push(latin1(key)),
    remove: () => undefined,
    removeAll: () => undefined,
  });
  return { found, keys };
}

/** A journal that is written as the engine writes it, and what it has promised. */
class Writer {
  readonly disk = new ForgetfulDisk();
  readonly journal = new Journal(".", 1, this.disk);
  readonly known = { first: 1, contained: 0 };
  readonly random: SeededRandom;
  readonly sync: "always" | "interval";
  /** The frames that the database does not contain, by their numbers: from `first` on, up to `last`. */
  first = 1;
  last = 0;
  /** Frames up to this one are known to be on disk. */
  durable = 0;
  #checkpoint: { use: number; frame: number } | undefined;

  constructor(seed: number, sync: "always" | "interval") {
    this.random = new SeededRandom(seed);
    this.sync = sync;
  }

  put(): void {
    // Sometimes the frame fills whole blocks, sometimes it is as long as one before.
    const kind = this.random.next();
    const length = kind < 0.1 ? this.random.below(9000) : kind < 0.5 ? 40 : this.random.below(500);
    this.journal.put(utf8(`${++this.last}`), new Uint8Array(length).fill(this.last));
    if (kind > 0.95) this.journal.put(utf8(`${this.last}`), new Uint8Array(300_000).fill(this.last));
    this.journal.append();
    if (this.sync === "interval") this.journal.writeLarge();
  }

  /** Takes one step; with `always`, only a step that is allowed between two synchronizations. */
  async step(): Promise<void> {
    const { journal, random, sync } = this;
    if (sync === "always" || random.next() < 0.8) this.put();
    const frame = this.last;
    let use: number | undefined;
    if (this.#checkpoint === undefined && random.next() < 0.15) use = journal.rotate();
    if (sync === "always" || use !== undefined) {
      const synchronizing = journal.synchronize();
      // Others write meanwhile.
      if (sync === "interval") for (let n = random.below(4); n > 0; n--) this.put();
      await synchronizing;
      this.durable = frame;
      if (use !== undefined) this.#checkpoint = { use, frame };
    }
    if (this.#checkpoint !== undefined && random.next() < 0.4) {
      // The database has it.
      this.known.contained = this.#checkpoint.use;
      this.first = this.#checkpoint.frame + 1;
      this.#checkpoint = undefined;
      journal.discard(this.known.contained);
    }
  }
}

describe("a power cut", () => {
  test.each(MODES)(
    "loses nothing that was on disk, tears no frame, and is never taken for damage: %s",
    async (sync) => {
      let states = 0;
      let torn = 0;
      let shorter = 0;
      for (let seed = SEED; states < STATES; seed++) {
        const writer = new Writer(seed, sync);
        await writer.journal.make();
        const look = (files: Map<string, Uint8Array>, isPowerCut: boolean) => {
          const { found, keys } = read(files, writer.known);
          const context = `seed ${seed}, state ${states}`;
          expect(found.damages, context).toEqual([]);
          expect(found.repairs, context).toEqual([]);
          const last = Number(keys.at(-1) ?? writer.first - 1);
          const all = Array.from({ length: last - writer.first + 1 }, (_, i) => `${writer.first + i}`);
          expect([...new Set(keys)], context).toEqual(all);
          expect(last, context).toBeGreaterThanOrEqual(isPowerCut ? writer.durable : writer.last);
          if (last < writer.last) shorter++;
          if (found.voidBytes > 0) torn++;
          states++;
        };
        // The state may also be taken in the middle of a step: the disk reports each change before it makes it.
        writer.disk.onChange = () => {
          const blockBytes = writer.random.next() < 0.5 ? 512 : 4096;
          if (writer.random.next() < 0.3) look(writer.disk.afterPowerCut(writer.random, blockBytes), true);
        };
        for (let step = 0; step < 25; step++) {
          await writer.step();
          look(writer.disk.asWritten(), false);
        }
      }
      // Checks that the states have the intended kinds.
      expect(shorter).toBeGreaterThan(states / 50);
      expect(torn).toBeGreaterThan(states / 100);
    },
    600_000,
  );
});

describe("a flipped bit in what was on disk", () => {
  test.each(MODES)(
    "is noticed wherever it is: %s",
    async (sync) => {
      for (let seed = SEED, looked = 0; looked < STATES; seed++) {
        const writer = new Writer(seed, sync);
        await writer.journal.make();
        for (let step = 0; step < 8; step++) await writer.step();
        // With `interval`, the frame behind all others says what was on disk before it.
        if (sync === "interval") await writer.journal.synchronize();
        writer.put();
        writer.journal.writeLarge();
        const files = writer.disk.asWritten();
        const whole = read(files, writer.known);
        expect(whole.found.damages).toEqual([]);
        // Reading large ones this often takes too long.
        if ([...files.values()].some((content) => content.length > 100_000)) continue;
        expect(whole.keys).toHaveLength(writer.last - writer.first + 1);
        const used = new Map(whole.found.uses.map((use) => [use.name, use]));
        for (const [name, content] of files) {
          const use = used.get(name);
          const end = use === undefined ? FRAMES_AT : use.lastEnd;
          for (let at = 0; at < end; at++) {
            if (at >= HEADER_BYTES && at < SECOND_HEADER_AT) continue;
            // Here and there, in many journals.
            if (writer.random.next() > 400 / end) continue;
            const flipped = content.slice();
            flipped[at]! ^= 1 << writer.random.below(8);
            const { found, keys } = read(new Map([...files, [name, flipped]]), writer.known);
            looked++;
            const context = `seed ${seed}, ${name}, byte ${at}`;
            if (at < FRAMES_AT) {
              // The other copy of the header has it.
              expect(found.repairs.length, context).toBe(1);
              expect(keys, context).toEqual(whole.keys);
              continue;
            }
            const isLast = use === whole.found.uses.at(-1) && at >= use!.starts.at(-1)!;
            if (isLast) {
              // Nothing says that it was on disk: it counts as unfinished.
              expect(found.damages, context).toEqual([]);
              expect(found.voidBytes, context).toBeGreaterThan(0);
              expect(keys, context).toEqual(whole.keys.filter((key) => key !== `${writer.last}`));
              continue;
            }
            expect(found.damages.length, context).toBe(1);
            expect(found.damages[0]!.file, context).toBe(name);
            expect(found.damages[0]!.at, context).toBeLessThanOrEqual(at);
            // After recovery only that one frame is missing.
            expect(new Set(keys).size, context).toBe(new Set(whole.keys).size - 1);
          }
        }
      }
    },
    600_000,
  );

  test("in both copies of a header, or a missing or cut file, is damage", async () => {
    const writer = new Writer(SEED, "always");
    await writer.journal.make();
    for (let step = 0; step < 8; step++) await writer.step();
    const files = writer.disk.asWritten();
    for (const name of files.keys()) {
      const broken = files.get(name)!.slice();
      broken[5]! ^= 1;
      broken[SECOND_HEADER_AT + 30]! ^= 1;
      const without = new Map([...files].filter(([other]) => other !== name));
      const cases: [Map<string, Uint8Array>, string][] = [
        [new Map([...files, [name, broken]]), "neither copy of the header can be read"],
        [new Map([...files, [name, new Uint8Array(0)]]), "the file ends at byte 0"],
        [without, "the file is missing"],
      ];
      for (const [damaged, what] of cases) {
        const { found } = read(damaged, writer.known);
        expect(found.damages.map((damage) => `${damage.file}: ${damage.what}`).join()).toContain(
          `${name}: ${what}`,
        );
      }
    }
  });
});
