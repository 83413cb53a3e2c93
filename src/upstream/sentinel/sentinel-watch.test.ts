import { describe, expect, test } from "bun:test";
import { ManualTimers } from "../../lib/timers.ts";
import type { Asked, SentinelLink } from "./sentinel-link.ts";
import { type Round, SentinelWatch } from "./sentinel-watch.ts";
import type { SentinelAnswer } from "./verdict.ts";

/** Sentinels that answer when the test says so. */
class Bench {
  readonly timers = new ManualTimers();
  readonly rounds: Round[] = [];
  /** The questions that are not answered, by sentinel. */
  readonly asked: ((answer: Asked) => void)[][] = [[], [], []];
  begun = 0;
  done: (isUneasy: boolean) => void = () => {};
  readonly watch: SentinelWatch;

  constructor() {
    const ask = (index: number) => (then: (answer: Asked) => void) => this.asked[index]!.push(then);
    this.watch = new SentinelWatch({
      timers: this.timers,
      links: this.asked.map((_, index) => ({ ask: ask(index) }) as unknown as SentinelLink),
      begins: () => this.begun++,
      learned: (round, done) => {
        this.rounds.push(round);
        this.done = done;
      },
    });
  }

  /** Each sentinel answers the oldest question. */
  answer(...answers: readonly Asked[]): void {
    for (const [index, answer] of answers.entries()) this.asked[index]!.shift()!(answer);
  }
}

function says(sentinel: string, host: string): SentinelAnswer {
  return { sentinel, primary: { host, port: 1, configEpoch: 1 } };
}
const [A, B, C] = [says("1", "a"), says("2", "b"), says("3", "c")];

describe("a round", () => {
  test("is over when more than half of the sentinels agree; later answers change nothing", () => {
    const { watch, rounds, asked, ...bench } = new Bench();
    watch.suspect();
    asked[0]!.shift()!(A);
    expect(rounds).toEqual([]);
    asked[1]!.shift()!({ ...A, sentinel: "2" });
    const round = { answers: [A, { ...A, sentinel: "2" }], problems: [], isEarly: false, isOutdated: false };
    expect(rounds).toEqual([round]);
    asked[2]!.shift()!("late");
    expect(rounds).toEqual([round]);
    expect(bench.timers.count).toBe(0);
  });

  test("is over when all have answered; problems are told", () => {
    const bench = new Bench();
    bench.watch.suspect();
    bench.answer(A, B);
    expect(bench.rounds).toEqual([]);
    bench.asked[2]!.shift()!("sentinel c was lost");
    expect(bench.rounds).toEqual([
      { answers: [A, B], problems: ["sentinel c was lost"], isEarly: false, isOutdated: false },
    ]);
  });

  test("is early while a sentinel is still being connected with", () => {
    const bench = new Bench();
    bench.watch.suspect();
    bench.answer(A, B, undefined);
    expect(bench.rounds).toEqual([{ answers: [A, B], problems: [], isEarly: true, isOutdated: false }]);
  });
});

describe("the next round", () => {
  /** A round whose end is told. */
  function once(isUneasy: boolean): Bench {
    const bench = new Bench();
    bench.watch.suspect();
    again(bench, isUneasy);
    return bench;
  }

  function again(bench: Bench, isUneasy: boolean): void {
    bench.answer(A, B, C);
    bench.done(isUneasy);
  }

  function expectAfter(bench: Bench, delayMs: number): void {
    const before = bench.begun;
    bench.timers.advance(delayMs - 1);
    expect(bench.begun).toBe(before);
    bench.timers.advance(1);
    expect(bench.begun).toBe(before + 1);
  }

  test("comes after ten seconds if all is well", () => {
    expectAfter(once(false), 10_000);
  });

  test("comes soon while something is wrong, each time later, up to a second", () => {
    const bench = once(true);
    for (const delayMs of [100, 200, 400, 800, 1000, 1000]) {
      expectAfter(bench, delayMs);
      again(bench, true);
    }
    bench.timers.advance(1000);
    again(bench, false);
    bench.timers.advance(10_000);
    again(bench, true);
    expectAfter(bench, 100);
  });

  test("comes at once when something has happened meanwhile, whatever was learned", () => {
    for (const isUneasy of [true, false]) {
      const bench = new Bench();
      bench.watch.suspect();
      bench.watch.suspect();
      expect(bench.begun).toBe(1);
      bench.answer(A, B, C);
      expect(bench.rounds).toMatchObject([{ isOutdated: true }]);
      bench.done(isUneasy);
      bench.timers.advance(0);
      expect(bench.begun).toBe(2);
      bench.answer(A, B, C);
      expect(bench.rounds[1]).toMatchObject({ isOutdated: false });
    }
  });

  test("comes at once when something happens between two rounds, in the place of the planned one", () => {
    const bench = once(false);
    bench.watch.suspect();
    expect([bench.begun, bench.timers.count]).toEqual([2, 0]);
  });

  test("does not come once the watch is closed", () => {
    const planned = once(false);
    planned.watch.close();
    expect(planned.timers.count).toBe(0);
    planned.watch.suspect();
    expect(planned.begun).toBe(1);
    const asking = new Bench();
    asking.watch.suspect();
    asking.watch.close();
    again(asking, false);
    expect(asking.timers.count).toBe(0);
  });
});
