/** Checkpoints over a database that ends its transactions when the test says so. */
import { expect, test } from "bun:test";
import type { Checkpoint } from "./checkpoint.ts";
import { Checkpoints } from "./checkpoints.ts";
import { NEVER, StorageError } from "./engine.ts";
import { ABSENT, type PendingWrite } from "./overlay.ts";
import { PendingWrites } from "./pending-writes.ts";
import { HASH_BYTES, writeHash } from "./record.ts";
import type { Tables } from "./tables.ts";

function open() {
  const commits: { told: string; done: PromiseWithResolvers<void> }[] = [];
  const tables = {
    commit: ({ isCleared }: Checkpoint, from: number, to: number, sequence: number | undefined) => {
      const done = Promise.withResolvers<void>();
      commits.push({ told: `${isCleared ? "cleared " : ""}${from} to ${to}, journal ${sequence}`, done });
      return done.promise;
    },
  } as unknown as Tables;
  const pending = new PendingWrites();
  const told: string[] = [];
  const checkpoints = new Checkpoints(tables, pending, {
    done: (sequence) => void told.push(`done ${sequence}`),
    failed: (error) => void told.push(`failed ${error.message}`),
  });
  const change = (hash: number, expiresAtMs: number = NEVER): PendingWrite => {
    const key = new Uint8Array(HASH_BYTES);
    writeHash(key, 0, hash);
    const write: PendingWrite = {
      ...{ key, hash, record: new Uint8Array(1), expiresAtMs, committedExpiresAtMs: ABSENT, generation: 1 },
      ...{ isDirty: false, isUnjournaled: false, next: undefined },
    };
    pending.overlay.add(write);
    pending.changed(write);
    return write;
  };
  return { commits, pending, told, checkpoints, change };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("goes in steps of 256 writes; the first removes everything, the last names the journal", async () => {
  const { commits, pending, told, checkpoints, change } = open();
  pending.clear();
  for (let hash = 0; hash < 257; hash++) change(hash, hash);
  const checkpoint = checkpoints.begin(7);
  expect([checkpoints.isUnderWay, checkpoints.isCleared, pending.isDirty]).toEqual([true, true, false]);
  checkpoints.handOver(checkpoint);
  const step = checkpoints.step!;
  commits[0]!.done.resolve();
  await step;
  expect([checkpoints.isCleared, pending.overlay.count, checkpoints.count]).toEqual([false, 1, 0]);
  expect(told).toEqual([]);
  commits[1]!.done.resolve();
  await turn();
  expect(commits.map((commit) => commit.told)).toEqual([
    ...["cleared 0 to 256, journal undefined", "256 to 257, journal 7"],
  ]);
  expect(told).toEqual(["done 7"]);
  expect([checkpoints.isUnderWay, checkpoints.step, checkpoints.count, pending.overlay.count]).toEqual([
    ...[false, undefined, 1, 0],
  ]);
});

test("brings what there was when it began; a write that has changed since stays pending", async () => {
  const { commits, pending, checkpoints, change } = open();
  const [same, changed] = [change(1, 10), change(2, 20)];
  const before = changed.record;
  const checkpoint = checkpoints.begin(1);
  pending.overlay.change(changed, new Uint8Array(5), 30);
  pending.changed(changed);
  expect([...checkpoint.expiries]).toEqual([10, 20]);
  expect(checkpoint.records[1]).toBe(before);
  checkpoints.handOver(checkpoint);
  // While it is under way, this is what the database will hold.
  expect([same.committedExpiresAtMs, changed.committedExpiresAtMs]).toEqual([10, 20]);
  commits[0]!.done.resolve();
  await turn();
  expect(pending.overlay.count).toBe(1);
  expect(pending.takeDirty().writes).toEqual([changed]);
});

test("that fails is told of once; waiters hear why, and nothing is taken for stored", async () => {
  const { commits, pending, told, checkpoints, change } = open();
  change(1);
  checkpoints.handOver(checkpoints.begin(1));
  commits[0]!.done.reject(new StorageError("full"));
  await turn();
  expect([told, pending.overlay.count]).toEqual([["failed full"], 1]);
  const step = checkpoints.step!;
  checkpoints.giveUp()(new StorageError("given up"));
  await expect(step).rejects.toThrow("given up");
  expect([checkpoints.isUnderWay, checkpoints.count]).toEqual([false, 0]);
});

test.each(["succeeds", "fails"])(
  "that was given up changes nothing when its transaction %s later",
  async (how) => {
    const { commits, pending, told, checkpoints, change } = open();
    change(1);
    checkpoints.handOver(checkpoints.begin(1));
    checkpoints.giveUp();
    if (how === "succeeds") commits[0]!.done.resolve();
    else commits[0]!.done.reject(new StorageError("late"));
    await turn();
    expect([told, pending.overlay.count, checkpoints.count]).toEqual([[], 1, 0]);
  },
);
