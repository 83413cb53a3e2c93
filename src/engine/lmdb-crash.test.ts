import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { ExpectedState, type FailureReport, stepOf } from "./crash-fixture.ts";
import { LmdbEngine } from "./lmdb.ts";

/** Kills with each way of synchronization; more with `GLASSCACHE_ENGINE_KILLS`. */
const KILLS = Number(process.env["GLASSCACHE_ENGINE_KILLS"] ?? 12);
const SEED = Number(process.env["GLASSCACHE_ENGINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** So many that a checkpoint takes several transactions. */
const KEYS = 3000;
const PENDING_BYTES = 64 * 1024 ** 2;
const FIXTURE = join(import.meta.dir, "crash-fixture.ts");

let scratch = "";
beforeAll(() => {
  console.log(`GLASSCACHE_ENGINE_SEED=${SEED}`);
  scratch = mkdtempSync(join(tmpdir(), "glasscache-crash-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function open(directory: string, sync: "always" | "interval"): Promise<LmdbEngine> {
  return LmdbEngine.open({
    directory,
    sync,
    arenaBytes: 1024 * 1024,
    policy: "lru",
    clock: systemClock,
    random: new SeededRandom(SEED),
    onRemoval: () => {},
  });
}

describe("a process killed while it writes", () => {
  test.each(["always", "interval"] as const)(
    "has lost nothing that was acknowledged, and torn nothing: sync %s",
    async (sync) => {
      const directory = join(scratch, sync);
      const random = new SeededRandom(SEED);
      const expected = new ExpectedState();
      for (let kill = 0; kill < KILLS; kill++) {
        // A third of them are killed early, so that opening and replaying are interrupted, too.
        const acknowledged =
          kill % 3 === 2
            ? await killAfterMs(directory, sync, 60 + random.below(120))
            : await killAfterLines(directory, sync, 1 + random.below(600));
        const engine = await open(directory, sync);
        const step = stepOf(engine);
        expect(step).toBeGreaterThanOrEqual(Math.max(acknowledged, expected.step));
        expected.advance(SEED, KEYS, step);
        expect(expected.difference(engine)).toBeUndefined();
        engine.check();
        await engine.close();
      }
      expect(expected.step).toBeGreaterThan(KILLS);
    },
    30_000 + KILLS * 5000,
  );
});

/** @returns the last step that was acknowledged before the death */
async function killAfterLines(directory: string, sync: string, lines: number): Promise<number> {
  const child = spawn(directory, sync);
  return acknowledgedIn(child, (seen) => {
    if (seen === lines) child.kill("SIGKILL");
  });
}

async function killAfterMs(directory: string, sync: string, ms: number): Promise<number> {
  const child = spawn(directory, sync);
  const timer = setTimeout(() => child.kill("SIGKILL"), ms);
  const acknowledged = await acknowledgedIn(child, () => {});
  clearTimeout(timer);
  return acknowledged;
}

function spawn(directory: string, sync: string) {
  return Bun.spawn(fixture(directory, sync, KEYS, PENDING_BYTES), { stdout: "pipe", stderr: "inherit" });
}

function fixture(directory: string, sync: string, keys: number, pendingBytes: number): string[] {
  return [process.execPath, FIXTURE, directory, sync, String(SEED), String(keys), String(pendingBytes)];
}

async function acknowledgedIn(
  child: ReturnType<typeof spawn>,
  onLine: (seen: number) => void,
): Promise<number> {
  const decoder = new TextDecoder();
  let rest = "";
  let seen = 0;
  let acknowledged = 0;
  for await (const chunk of child.stdout) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      acknowledged = Number(line.replace("open ", ""));
      onLine(++seen);
    }
  }
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  return acknowledged;
}

/**
 * What stops first: the database, with many keys and a low limit of pending writes; the journal, with few keys that
 * are overwritten again and again.
 */
const FULL_DISKS = [
  ["always", "the database", 100_000, 4 * 1024 ** 2, 2 * 1024 ** 2],
  ["always", "the journal", 3, PENDING_BYTES, 256 * 1024],
  ["interval", "the database", 100_000, 4 * 1024 ** 2, 2 * 1024 ** 2],
  ["interval", "the journal", 3, PENDING_BYTES, 1024 ** 2],
] as const;

describe.skipIf(process.platform === "win32")("a disk that is full", () => {
  test.each(FULL_DISKS)(
    "refuses writers and keeps what is durable: sync %s, %s stops",
    async (sync, part, keys, pendingBytes, fileBytes) => {
      const directory = join(scratch, `full-${sync}-${keys}`);
      // A limit on the length of a file, in blocks of 512 bytes, stands for a full disk.
      const limited = `trap '' XFSZ; ulimit -f ${fileBytes / 512}; exec "$@"`;
      const child = Bun.spawn(["sh", "-c", limited, "sh", ...fixture(directory, sync, keys, pendingBytes)], {
        stdout: "pipe",
        stderr: "pipe",
      });
      const output = await new Response(child.stdout).text();
      const errors = await new Response(child.stderr).text();
      expect(await child.exited, errors).toBe(0);
      const report = JSON.parse(/^failed (.*)$/m.exec(output)![1]!) as FailureReport;
      expect(report.error).toContain(`writing to ${part} failed`);
      expect(report.refusal).toBe("StorageError");
      expect(report.difference).toBeNull();
      expect(report.isSettled).toBe(true);
      expect(report.step).toBeGreaterThanOrEqual(report.acknowledged);
      expect(report.acknowledged).toBeGreaterThan(0);

      const engine = await open(directory, sync);
      const step = stepOf(engine);
      expect(step).toBeGreaterThanOrEqual(report.acknowledged);
      const expected = new ExpectedState();
      expected.advance(SEED, keys, step);
      expect(expected.difference(engine)).toBeUndefined();
      engine.check();
      await engine.close();
    },
    60_000,
  );
});
