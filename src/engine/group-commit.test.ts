/** Which writes are durable when, over a journal that synchronizes when the test says so. */
import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { StorageError } from "./engine.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Journal } from "./journal.ts";
import { ABSENT, type PendingWrite } from "./overlay.ts";
import { PendingWrites } from "./pending-writes.ts";

/** Notes what it is asked for. */
class FakeJournal {
  isSynchronized = true;
  readonly told: string[] = [];
  fails: Error | undefined;
  synchronizing = Promise.withResolvers<void>();

  put(key: Uint8Array, record: Uint8Array): void {
    this.told.push(`put ${Buffer.from(key).toString()} ${record.length}`);
  }

  remove(key: Uint8Array): void {
    this.told.push(`remove ${Buffer.from(key).toString()}`);
  }

  removeAll(): void {
    this.told.push("remove all");
  }

  append(): void {
    this.told.push("append");
    if (this.fails !== undefined) throw this.fails;
  }

  writeLarge(): void {
    this.told.push("write large");
  }

  synchronize(): Promise<void> {
    this.told.push("synchronize");
    this.synchronizing = Promise.withResolvers();
    return this.synchronizing.promise;
  }

  giveUp(isTakingBack: boolean): void {
    this.told.push(`give up ${isTakingBack}`);
  }
}

function pendingWrite(name: string, generation: number, record: Uint8Array | undefined): PendingWrite {
  return {
    ...{ key: utf8(name), hash: 1, record, expiresAtMs: 0, committedExpiresAtMs: ABSENT, generation },
    ...{ isDirty: false, isUnjournaled: false, next: undefined },
  };
}

function open(sync: "always" | "interval") {
  const journal = new FakeJournal();
  const pending = new PendingWrites();
  const failures: string[] = [];
  const commit = new GroupCommit(sync, pending, (error) => void failures.push(error.message));
  commit.begin(journal as unknown as Journal);
  const change = (name: string, isRemoved = false): PendingWrite => {
    const record = isRemoved ? undefined : new Uint8Array(1);
    const write = pendingWrite(name, commit.generation, record);
    pending.overlay.add(write);
    pending.changed(write);
    return write;
  };
  return { journal, pending, failures, commit, change };
}

/** How a promise stands, after a turn of the event loop. */
async function stateOf(promise: Promise<void> | undefined): Promise<string> {
  let state = promise === undefined ? "durable" : "waits";
  promise?.then(
    () => (state = "kept"),
    (error: Error) => (state = error.message),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return state;
}

test("what the journal lacks is written to it, the removal of everything first, and each change once", () => {
  const { journal, pending, commit, change } = open("always");
  change("before");
  pending.clear();
  const twice = change("a");
  change("b", true);
  pending.changed(twice);
  commit.write();
  expect(journal.told).toEqual(["remove all", "put a 1", "remove b", "append"]);
  expect(pending.hasUnjournaled).toBe(false);
  pending.changed(twice);
  expect(pending.hasUnjournaled).toBe(true);
  commit.write();
  expect(journal.told.slice(4)).toEqual(["put a 1", "append"]);
});

test("what is there before there is a journal is not written to it", () => {
  const journal = new FakeJournal();
  const pending = new PendingWrites();
  const commit = new GroupCommit("always", pending, () => undefined);
  pending.clear();
  pending.changed(pendingWrite("a", commit.generation, new Uint8Array(1)));
  expect([pending.hasUnjournaled, pending.dirtyCount, pending.isCleared]).toEqual([false, 1, true]);
  commit.begin(journal as unknown as Journal);
  commit.write();
  expect(journal.told).toEqual(["append"]);
});

test("a checkpoint takes what has changed since the one before, and whether everything was removed", () => {
  const { pending, change } = open("always");
  pending.clear();
  const write = change("a");
  pending.changed(write);
  expect([pending.dirtyCount, pending.isDirty]).toEqual([1, true]);
  expect(pending.takeDirty()).toEqual({ writes: [write], isCleared: true });
  expect([pending.isDirty, pending.isCleared]).toEqual([false, false]);
  expect(pending.takeDirty()).toEqual({ writes: [], isCleared: false });
  pending.changed(write);
  expect(pending.takeDirty()).toEqual({ writes: [write], isCleared: false });
});

test("with always, a frame is durable once it is synchronized, and its waiters know it before those after it", async () => {
  const { journal, commit, change } = open("always");
  change("a");
  const first = commit.generation;
  commit.touch(first);
  const touched = commit.takeTouched();
  expect([touched, commit.takeTouched()]).toEqual([first, 0]);
  const durable = commit.whenDurable(first);
  const frame = commit.write()!;
  let wasTold = false;
  commit.synchronize(frame, () => (wasTold = true));
  expect(commit.generation).toBe(first + 1);
  change("b");
  const later = commit.whenDurable(commit.generation);
  expect([await stateOf(durable), await stateOf(commit.whenDurable(first)), wasTold]).toEqual([
    ...["waits", "waits", false],
  ]);
  commit.touch(first);
  journal.synchronizing.resolve();
  expect([await stateOf(durable), await stateOf(later), wasTold]).toEqual(["kept", "waits", true]);
  expect([commit.synchronizing, commit.whenDurable(first), commit.takeTouched()]).toEqual([
    undefined,
    undefined,
    0,
  ]);
});

test("of everything touched, the newest counts; all of it is what is unwritten, or else being written", () => {
  const { journal, commit, change } = open("always");
  const first = commit.generation;
  commit.touchAll();
  expect(commit.takeTouched()).toBe(0);
  change("a");
  commit.touchAll();
  expect(commit.takeTouched()).toBe(first);
  commit.synchronize(commit.write()!, () => undefined);
  commit.touchAll();
  expect(commit.takeTouched()).toBe(first);
  change("b");
  commit.touchAll();
  commit.touch(first);
  expect(commit.takeTouched()).toBe(first + 1);
  journal.synchronizing.resolve();
});

test("with interval, what is written is taken for durable, large records included", () => {
  const { journal, commit, change } = open("interval");
  journal.isSynchronized = false;
  change("a");
  commit.touchAll();
  expect(commit.write()).toMatchObject({ generation: commit.generation - 1 });
  expect(journal.told).toEqual(["put a 1", "append", "write large"]);
  expect(commit.takeTouched()).toBe(0);
});

test("a journal that cannot be written is a failure, and no frame", () => {
  const { journal, commit, failures } = open("always");
  const { generation } = commit;
  journal.fails = new Error("the disk is full");
  expect(commit.write()).toBeUndefined();
  expect([failures, commit.generation]).toEqual([
    ["writing to the journal failed: the disk is full"],
    generation,
  ]);
});

test.each([
  ["synchronizing the journal failed: no", new Error("no")],
  ["writing failed: no", new StorageError("writing failed: no")],
])("one that cannot be synchronized, too: %s", async (message, error) => {
  const { journal, commit, failures } = open("always");
  commit.synchronize(commit.write()!, () => failures.push("never"));
  journal.synchronizing.reject(error);
  await stateOf(undefined);
  expect(failures).toEqual([message]);
});

test("whoever waits when it is given up hears why; what had been touched and is lost, too", async () => {
  const { journal, commit, change } = open("always");
  change("a");
  commit.touchAll();
  const frame = commit.write()!;
  const synchronized = commit.whenDurable(frame.generation) ?? frame.done.promise;
  commit.synchronize(frame, () => undefined);
  change("b");
  const gathered = commit.whenDurable(commit.generation);
  const tell = commit.giveUp();
  expect([journal.told.at(-1), await stateOf(synchronized), await stateOf(gathered)]).toEqual([
    ...["give up true", "waits", "waits"],
  ]);
  // The end of the synchronization changes nothing any more.
  journal.synchronizing.resolve();
  expect(await stateOf(synchronized)).toBe("waits");
  tell(new StorageError("gone"));
  expect([await stateOf(synchronized), await stateOf(gathered)]).toEqual(["gone", "gone"]);
  expect([commit.takeTouched(), commit.takeTouched()]).toEqual([Number.POSITIVE_INFINITY, 0]);
});

test("a failure after it was given up is not told again; what had not been touched is not lost", async () => {
  const { journal, commit, failures } = open("always");
  commit.synchronize(commit.write()!, () => undefined);
  // What was recovered is on disk.
  commit.touch(1);
  const tell = commit.giveUp();
  journal.synchronizing.reject(new Error("late"));
  await stateOf(undefined);
  tell(new StorageError("gone"));
  expect([failures, commit.takeTouched()]).toEqual([[], 0]);
  // What is left is on disk.
  commit.touch(commit.generation);
  expect(commit.takeTouched()).toBe(0);
  const interval = open("interval");
  interval.commit.giveUp();
  expect(interval.journal.told).toEqual(["give up false"]);
});
