/**
 * A program that writes until a test kills it or it runs out of disk: `crash-fixture.ts DIRECTORY always|interval
 * SEED KEYS PENDING_BYTES`. It writes in predictable steps; every step also writes its own number. It continues from
 * the step that it finds in the directory, and prints the number of each step once that has been acknowledged. When
 * writing has failed, it prints what it still finds.
 */
import { writeSync } from "node:fs";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { systemClock } from "../lib/clock.ts";
import { mix32 } from "../lib/hash.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { SeededRandom } from "../lib/random.ts";
import { type Engine, NEVER, StorageError, setWhole } from "./engine.ts";
import { LmdbEngine } from "./lmdb.ts";

/** Holds the number of the last step. */
const STEP_KEY = "step";
/** Far enough off that nothing expires while a test runs. */
const EXPIRES_AT_MS = 4_000_000_000_000;
const UNACKNOWLEDGED_STEPS = 16;

export interface ExpectedEntry {
  value: string;
  expiresAtMs: number;
}

/** What the directory should hold after a number of steps. */
export class ExpectedState {
  readonly entries = new Map<string, ExpectedEntry>();
  step = 0;

  advance(seed: number, keyCount: number, step: number): void {
    while (this.step < step) takeStep(seed, keyCount, ++this.step, new ExpectedWriter(this.entries));
  }

  /** Returns the first difference to an engine's contents; undefined when there is none. */
  difference(engine: Engine): string | undefined {
    let visited = 0;
    let cursor = 0;
    do cursor = engine.scan(cursor, 100, () => visited++);
    while (cursor !== 0);
    const { size } = this.entries;
    if (visited !== size || engine.size() !== size)
      return `${visited} keys, ${engine.size()} counted, not ${size}`;
    let expiring = 0;
    for (const [key, { value, expiresAtMs }] of this.entries) {
      const got = engine.get(fromLatin1(key));
      if (got === undefined) return `${key} is missing`;
      if (got.expiresAtMs !== expiresAtMs) return `${key} expires at ${got.expiresAtMs}, not ${expiresAtMs}`;
      if (latin1(got.value) !== value) return `${key} has another value`;
      if (expiresAtMs !== NEVER) expiring++;
    }
    if (engine.expiringCount() !== expiring) return `${engine.expiringCount()} keys expire, not ${expiring}`;
    return undefined;
  }
}

/** Returns the number of the last step that an engine holds. */
export function stepOf(engine: Engine): number {
  const found = engine.get(fromLatin1(STEP_KEY));
  return found === undefined ? 0 : Number(latin1(found.value));
}

interface StepWriter {
  set(key: string, value: string, expiresAtMs: number): void;
  setExpiry(key: string, expiresAtMs: number): void;
  delete(key: string): void;
  clear(): void;
}

class ExpectedWriter implements StepWriter {
  readonly #entries: Map<string, ExpectedEntry>;

  constructor(entries: Map<string, ExpectedEntry>) {
    this.#entries = entries;
  }

  set(key: string, value: string, expiresAtMs: number): void {
    this.#entries.set(key, { value, expiresAtMs });
  }

  setExpiry(key: string, expiresAtMs: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.expiresAtMs = expiresAtMs;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}

export class EngineWriter implements StepWriter {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  set(key: string, value: string, expiresAtMs: number): void {
    setWhole(this.#engine, fromLatin1(key), fromLatin1(value), expiresAtMs);
  }

  setExpiry(key: string, expiresAtMs: number): void {
    this.#engine.setExpiry(fromLatin1(key), expiresAtMs);
  }

  delete(key: string): void {
    this.#engine.delete(fromLatin1(key));
  }

  clear(): void {
    this.#engine.clear();
  }
}

/** Makes the writes of a step, which belong together. */
export function takeStep(seed: number, keyCount: number, step: number, writer: StepWriter): void {
  const random = new SeededRandom(mix32(seed ^ mix32(step)));
  for (let writes = 1 + random.below(5); writes > 0; writes--) {
    const key = `key ${random.below(keyCount)}`;
    const expiresAtMs = random.next() < 0.4 ? EXPIRES_AT_MS + random.below(1000) : NEVER;
    const kind = random.next();
    if (kind < 0.7) writer.set(key, valueAt(step, random), expiresAtMs);
    else if (kind < 0.85) writer.delete(key);
    else if (kind < 0.998) writer.setExpiry(key, expiresAtMs);
    else writer.clear();
  }
  writer.set(STEP_KEY, String(step), NEVER);
}

function valueAt(step: number, random: SeededRandom): string {
  const kind = random.next();
  // Some values are large enough to be written to the journal separately.
  const length = kind < 0.003 ? LARGE_BYTES + random.below(60_000) : random.below(kind < 0.02 ? 60_000 : 500);
  return `${step}/`.repeat(Math.ceil(length / 4)).slice(0, length);
}

async function main(
  directory: string,
  sync: "always" | "interval",
  seed: number,
  keys: number,
  pendingBytes: number,
): Promise<void> {
  const engine = await LmdbEngine.open({
    directory,
    sync,
    arenaBytes: 1024 * 1024,
    policy: "s3-fifo",
    clock: systemClock,
    random: new SeededRandom(seed),
    onRemoval: () => {},
    // Short, so that processes are also killed in the middle of checkpoints.
    intervalMs: 30,
    pendingBytes,
  });
  const writer = new EngineWriter(engine);
  let step = stepOf(engine);
  let acknowledged = step;
  say(`open ${step}`);
  let unacknowledged: Promise<void>[] = [];
  try {
    while (true) {
      takeStep(seed, keys, ++step, writer);
      const promised = step;
      const settled = engine.settle() ?? Promise.resolve();
      const said = settled.then(() => {
        acknowledged = promised;
        say(`${promised}`);
      });
      said.catch(() => {});
      unacknowledged.push(said);
      if (unacknowledged.length < UNACKNOWLEDGED_STEPS && mix32(step) % 3 > 0) continue;
      if (unacknowledged.length >= UNACKNOWLEDGED_STEPS) {
        await Promise.all(unacknowledged);
        unacknowledged = [];
      } else {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    await Promise.allSettled(unacknowledged);
    say(`failed ${JSON.stringify(afterFailure(engine, seed, keys, acknowledged, error))}`);
  }
  await engine.close();
}

/** What the program saw after writing had failed. */
export interface FailureReport {
  readonly error: string;
  readonly acknowledged: number;
  readonly step: number;
  readonly difference: string | null;
  readonly refusal: string | null;
  readonly isSettled: boolean;
}

function afterFailure(
  engine: Engine,
  seed: number,
  keyCount: number,
  acknowledged: number,
  error: Error,
): FailureReport {
  const step = stepOf(engine);
  const expected = new ExpectedState();
  expected.advance(seed, keyCount, step);
  const difference = expected.difference(engine) ?? null;
  let refusal: string | null = null;
  try {
    setWhole(engine, fromLatin1("after"), fromLatin1(""), NEVER);
  } catch (reason) {
    refusal = (reason as Error).name;
  }
  const isSettled = engine.settle() === undefined;
  return { error: error.message, acknowledged, step, difference, refusal, isSettled };
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

if (import.meta.main) {
  const [directory, sync, ...numbers] = process.argv.slice(2) as [string, "always" | "interval", ...string[]];
  const [seed, keys, pendingBytes] = numbers.map(Number) as [number, number, number];
  await main(directory, sync, seed, keys, pendingBytes);
}
