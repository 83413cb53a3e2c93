import { expect, test } from "bun:test";
import { OwnerChanges } from "./owner-changes.ts";

function scene() {
  const changes = new OwnerChanges();
  const told: string[] = [];
  const listen = (name: string) => changes.listen(() => told.push(name));
  return { changes, listen, told: () => told.splice(0) };
}

test("all are told of a change, once, behind the change", async () => {
  const { changes, listen, told } = scene();
  listen("a");
  listen("b");
  changes.noted();
  changes.noted();
  expect(told()).toEqual([]);
  await Promise.resolve();
  expect(told()).toEqual(["a", "b"]);
  changes.noted();
  await Promise.resolve();
  expect(told()).toEqual(["a", "b"]);
});

test("a version is a change if it is another one than the last", async () => {
  const { changes, listen, told } = scene();
  listen("a");
  for (const [version, expected] of [
    [0, []],
    [1, ["a"]],
    [1, []],
    [0, ["a"]],
  ] as const) {
    changes.look(version);
    await Promise.resolve();
    expect(told()).toEqual([...expected]);
  }
});

test("one that has ended is told nothing, and a later one nothing of before", async () => {
  const { changes, listen, told } = scene();
  changes.noted();
  const end = listen("a");
  await Promise.resolve();
  expect(told()).toEqual([]);
  end();
  listen("b");
  changes.noted();
  await Promise.resolve();
  expect(told()).toEqual(["b"]);
});
