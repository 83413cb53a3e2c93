import { expect, test } from "bun:test";
import type { Decided } from "../sandbox/messages.ts";
import { isShown, soundDecided, soundFault } from "./sandbox-answers.ts";

test("a fault is a text that is not too long, and a line", () => {
  expect(soundFault({ text: "no", line: 3 })).toEqual({ text: "no", line: 3 });
  expect(soundFault(undefined)).toBeUndefined();
  const made = soundFault({ text: "x".repeat(1e6), line: "3" as unknown as number })!;
  expect([made.text.length, made.line]).toEqual([500, undefined]);
  expect(soundFault({ text: 7 as unknown as string, line: undefined })?.text).toBe("7");
});

test("decisions go forward, and are no more than requests", () => {
  const decided: Decided = {
    ...{ kind: "decided", to: 7, victims: Int32Array.of(1, 2), requests: 7, misses: 3, fault: undefined },
  };
  expect(soundDecided(decided, 5, 10, 8)).toMatchObject({ to: 7, misses: 3 });
  for (const wrong of [
    ...[
      { to: 4 },
      { to: 11 },
      { to: 6.5 },
      { to: "7" },
      { to: Number.NaN },
      { misses: -1 },
      { requests: null },
    ],
    ...[{ victims: [1] }, { victims: undefined }, { victims: new Int32Array(3) }],
  ]) {
    expect(() => soundDecided({ ...decided, ...wrong } as Decided, 5, 10, 8)).toThrow(
      "do not fit the requests",
    );
  }
});

test("what is shown has names and slots", () => {
  expect(isShown({ queues: [{ name: "a", slots: [1] }], ghosts: [] })).toBe(true);
  for (const wrong of [
    undefined,
    { queues: [] },
    { queues: 1, ghosts: [] },
    { queues: [{ name: 1, slots: [] }], ghosts: [] },
    { queues: [{ name: "x".repeat(25), slots: [] }], ghosts: [] },
    { queues: [{ name: "a", slots: 1 }], ghosts: [] },
  ]) {
    expect(isShown(wrong as never)).toBe(false);
  }
});
