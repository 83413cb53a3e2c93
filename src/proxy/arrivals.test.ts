import { expect, test } from "bun:test";
import { Arrivals } from "./arrivals.ts";
import { Fence } from "./fence.ts";

/** Arrivals whose fences pass when the test says so. */
function scene() {
  const fences: (() => void)[] = [];
  const shown: string[] = [];
  const fence = new Fence({ peers: undefined, timeoutMs: 60_000, giveUp: () => {} });
  const arrivals = new Arrivals(fence, { fence: (then) => fences.push(then) });
  return {
    ...{ arrivals, fences, shown },
    add: (text: string) => arrivals.add(() => shown.push(text)),
    addUnfenced: (text: string) => arrivals.addUnfenced(() => shown.push(text)),
    pass: () => fences.shift()!(),
  };
}

test("what arrived together passes one fence, in order", async () => {
  const { add, fences, shown, pass } = scene();
  add("a");
  add("b");
  expect(fences).toHaveLength(0);
  await Promise.resolve();
  expect(fences).toHaveLength(1);
  expect(shown).toEqual([]);
  pass();
  expect(shown).toEqual(["a", "b"]);
  expect(fences).toHaveLength(0);
});

test("what arrives during a fence waits for the next one, and what needs none waits with it", async () => {
  const { add, addUnfenced, fences, shown, pass } = scene();
  add("a");
  await Promise.resolve();
  add("b");
  addUnfenced("c");
  await Promise.resolve();
  expect(fences).toHaveLength(1);
  pass();
  expect(shown).toEqual(["a"]);
  expect(fences).toHaveLength(1);
  add("d");
  pass();
  expect(shown).toEqual(["a", "b", "c"]);
  pass();
  expect(shown).toEqual(["a", "b", "c", "d"]);
  expect(fences).toHaveLength(0);
});

test("behind the last fence everything begins anew", async () => {
  const { add, addUnfenced, fences, shown, pass } = scene();
  addUnfenced("a");
  expect(shown).toEqual(["a"]);
  add("b");
  await Promise.resolve();
  pass();
  addUnfenced("c");
  expect(shown).toEqual(["a", "b", "c"]);
  add("d");
  await Promise.resolve();
  expect(fences).toHaveLength(1);
  pass();
  expect(shown).toEqual(["a", "b", "c", "d"]);
});
