import { expect, test } from "bun:test";
import type { Fenced } from "../upstream/fenced.ts";
import { Fence } from "./fence.ts";
import type { Peers } from "./threads/peers.ts";

/** A node whose fences pass when the test says so. */
class ManualNode implements Fenced {
  readonly waiting: (() => void)[] = [];

  fence(then: () => void): void {
    this.waiting.push(then);
  }

  pass(): void {
    for (const then of this.waiting.splice(0)) then();
  }
}

async function turnsPassed(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

const GIVES_UP_NEVER = { timeoutMs: 60_000, giveUp: () => {} };

test("of one thread is the node's", () => {
  const [first, second] = [new ManualNode(), new ManualNode()];
  const fence = new Fence({ peers: undefined, ...GIVES_UP_NEVER });
  const passed: string[] = [];
  fence.pass(first, () => passed.push("first"));
  fence.pass(second, () => passed.push("second"));
  second.pass();
  expect(passed).toEqual(["second"]);
  first.pass();
  expect(passed).toEqual(["second", "first"]);
});

test("of several threads passes behind all nodes of the same turn, and behind the other threads", async () => {
  const [first, second] = [new ManualNode(), new ManualNode()];
  const others = Promise.withResolvers<[]>();
  const peers = { ask: () => others.promise } as unknown as Peers;
  const fence = new Fence({ peers, ...GIVES_UP_NEVER });
  const passed: string[] = [];
  fence.pass(first, () => passed.push("first"));
  fence.pass(second, () => passed.push("second"));
  fence.pass(first, () => passed.push("third"));
  await turnsPassed();
  expect([first, second].map(({ waiting }) => waiting.length)).toEqual([1, 1]);
  first.pass();
  others.resolve([]);
  await turnsPassed();
  expect(passed).toEqual([]);
  second.pass();
  await turnsPassed();
  expect(passed).toEqual(["first", "second", "third"]);
  // A later fence waits for its own node only.
  fence.pass(first, () => passed.push("fourth"));
  await turnsPassed();
  expect([first, second].map(({ waiting }) => waiting.length)).toEqual([1, 0]);
  first.pass();
  await turnsPassed();
  expect(passed).toEqual(["first", "second", "third", "fourth"]);
});
