import { expect, test } from "bun:test";
import { ManualClock } from "../lib/clock.ts";
import { describe as describeProgress, PassProgress } from "./pass-progress.ts";

test("share done and time left, as far as they can be known", () => {
  expect(describeProgress(0, 0, 9000)).toBe("");
  expect(describeProgress(5_900_000, undefined, 9000)).toBe(" 5.6 MB");
  expect(describeProgress(25, 100, 999)).toBe(" 25%");
  expect(describeProgress(0, 100, 5000)).toBe(" 0%");
  expect(describeProgress(25, 100, 1000)).toBe(" 25%, 3 s left");
  expect(describeProgress(1, 100, 5000)).toBe(" 1%, 9 min left");
  expect(describeProgress(1, 1000, 60_000)).toBe(" 0%, 16 h 39 min left");
  expect(describeProgress(101, 100, 5000)).toBe(" 100%, 0 s left");
});

test("one line of a terminal, rewritten now and then, and gone in the end", () => {
  let shown = "";
  const stream = {
    columns: 30,
    write: (text: string) => {
      shown += text;
    },
  } as unknown as NodeJS.WriteStream;
  const clock = new ManualClock();
  clock.advance(1);
  const progress = new PassProgress(stream, clock, "a-trace-of-a-long-name.csv", 100);
  progress.update("measuring", 10);
  clock.advance(249);
  progress.update("measuring", 20);
  expect(shown).toBe("\r\x1b[Kmeasuring …-long-name.csv 10%");
  clock.advance(1);
  progress.update("simulating", 0);
  progress.clear();
  expect(shown).toBe("\r\x1b[Kmeasuring …-long-name.csv 10%\r\x1b[Ksimulating …-long-name.csv 0%\r\x1b[K");
});

test("a terminal that does not know its width shows all of it", () => {
  let shown = "";
  const stream = { columns: 0, write: (text: string) => (shown += text) };
  const clock = new ManualClock();
  clock.advance(1);
  new PassProgress(stream as unknown as NodeJS.WriteStream, clock, "a.csv", 100).update("measuring", 10);
  expect(shown).toBe("\r\x1b[Kmeasuring a.csv 10%");
});
