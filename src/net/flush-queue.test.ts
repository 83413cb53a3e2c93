import { expect, test } from "bun:test";
import { FlushQueue } from "./flush-queue.ts";

test("what is added during an event is flushed behind it, once each time, in order", async () => {
  const queue = new FlushQueue();
  const flushed: string[] = [];
  const named = (name: string) => ({ flushQueued: () => void flushed.push(name) });
  queue.add(named("a"));
  queue.add({
    flushQueued() {
      flushed.push("b");
      queue.add(named("added by b"));
    },
  });
  queue.add(named("c"));
  expect(flushed).toEqual([]);
  await Promise.resolve();
  expect(flushed).toEqual(["a", "b", "c", "added by b"]);
  queue.add(named("later"));
  await Promise.resolve();
  expect(flushed.slice(4)).toEqual(["later"]);
});

test("where replies come in several events, all that one turn adds are flushed together", async () => {
  const queue = new FlushQueue(() => true);
  let flushed = 0;
  const connection = { flushQueued: () => void flushed++ };
  queue.add(connection);
  await Promise.resolve();
  expect(flushed).toBe(0);
  await new Promise(setImmediate);
  expect(flushed).toBe(1);
});
