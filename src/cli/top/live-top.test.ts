/** The loop, with time that stands still and a server that does what a test says. */
import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../lib/clock.ts";
import { ManualTimers } from "../../lib/timers.ts";
import { FailedError } from "../exit.ts";
import { LiveTop, type LiveTopOptions } from "./live-top.ts";
import { NoAnswer, type Readings, type Wanted } from "./readings.ts";
import { fixtureReadings } from "./readings-fixture.ts";
import { initialState } from "./top-state.ts";
import { PLAIN } from "./top-style.ts";

class Bench {
  readonly clock = new ManualClock();
  readonly timers = new ManualTimers();
  readonly asked: Wanted[] = [];
  lines: readonly string[] = [];
  drawings = 0;
  size = { columns: 80, rows: 24 };
  /** Answers of the server, in order; undefined: as usual. */
  readonly answers: (Error | Readings | Promise<Readings> | undefined)[] = [];
  seconds = 100;
  readonly live: LiveTop;
  ended: string | undefined;

  constructor(options: Partial<LiveTopOptions> = {}) {
    const bench = this;
    this.live = new LiveTop(fixtureReadings(), {
      address: "localhost:8081",
      reader: {
        async read(wanted) {
          bench.asked.push(wanted);
          const answer = bench.answers.shift();
          if (answer instanceof Error) throw answer;
          return answer ?? fixtureReadings({ seconds: ++bench.seconds });
        },
      },
      canvas: {
        get size() {
          return bench.size;
        },
        draw(lines) {
          bench.lines = lines;
          bench.drawings++;
        },
        forget() {},
      },
      clock: this.clock,
      timers: this.timers,
      style: PLAIN,
      state: initialState("overview", 1000),
      ...options,
    });
    this.live.run().then(
      () => {
        this.ended = "done";
      },
      (error: Error) => {
        this.ended = error.message;
      },
    );
  }

  /** Lets time pass, and everything settle that waits for it. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    this.timers.advance(ms);
    await settled();
  }

  get text(): string {
    return this.lines.join("\n");
  }
}

/** Lets promises settle; nothing here waits for anything else. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

describe("the pace", () => {
  test("one reading an interval", async () => {
    const bench = new Bench();
    expect(bench.text).toContain("Nothing is wrong.");
    await bench.pass(999);
    expect(bench.asked).toHaveLength(0);
    await bench.pass(1);
    await bench.pass(1000);
    expect(bench.asked).toHaveLength(2);
    expect(bench.text).toContain("hit 6,400");
  });

  test("a slow answer delays the next question", async () => {
    const bench = new Bench();
    const { promise, resolve } = Promise.withResolvers<Readings>();
    bench.answers.push(promise);
    await bench.pass(1000);
    await bench.pass(10_000);
    expect(bench.asked).toHaveLength(1);
    resolve(fixtureReadings({ seconds: 101 }));
    await settled();
    await bench.pass(1000);
    expect(bench.asked).toHaveLength(2);
  });

  test("pausing reads nothing, but keys are obeyed", async () => {
    const bench = new Bench();
    bench.live.press(" ");
    await bench.pass(60_000);
    expect(bench.asked).toHaveLength(0);
    expect(bench.text).toContain("paused");
    bench.live.press("?");
    expect(bench.text).toContain("Ctrl-C");
    bench.live.press("x");
    bench.live.press(" ");
    await settled();
    expect(bench.asked).toHaveLength(1);
    await bench.pass(1000);
    expect(bench.asked).toHaveLength(2);
  });

  test("pausing while an answer is under way", async () => {
    const bench = new Bench();
    const { promise, resolve } = Promise.withResolvers<Readings>();
    bench.answers.push(promise);
    await bench.pass(1000);
    bench.live.press(" ");
    resolve(fixtureReadings({ seconds: 101 }));
    await settled();
    await bench.pass(60_000);
    expect(bench.asked).toHaveLength(1);
  });

  test("another screen asks at once for what it shows; never two questions at a time", async () => {
    const bench = new Bench();
    const { promise, resolve } = Promise.withResolvers<Readings>();
    bench.answers.push(promise);
    bench.live.press("2");
    bench.live.press("3");
    bench.live.press("4");
    expect(bench.asked).toHaveLength(1);
    resolve(fixtureReadings({ seconds: 101 }));
    await settled();
    expect(bench.asked).toEqual([
      { whatIf: true, hot: [], families: false },
      { whatIf: false, hot: [], families: true },
    ]);
  });
});

describe("a server that is gone", () => {
  test("is asked again less and less often, and the last figures stay", async () => {
    const bench = new Bench();
    await bench.pass(1000);
    bench.answers.push(...Array.from({ length: 8 }, () => new NoAnswer("nothing listens on localhost:8081")));
    await bench.pass(1000);
    expect(bench.text).toContain("hit 6,400");
    expect(bench.lines.slice(-2).join(" ")).toBe(
      "nothing listens on localhost:8081; the figures are the last ones known, next try in 1 s.",
    );
    const delays: number[] = [];
    for (let before = bench.asked.length, waited = 0; delays.length < 6; ) {
      await bench.pass(500);
      waited += 500;
      if (bench.asked.length === before) continue;
      before = bench.asked.length;
      delays.push(waited);
      waited = 0;
    }
    expect(delays).toEqual([1000, 1000, 2000, 4000, 8000, 10_000]);
  });

  test("comes back with counters that have begun anew: no rate is negative", async () => {
    const bench = new Bench();
    await bench.pass(1000);
    bench.answers.push(new NoAnswer("nothing listens"));
    await bench.pass(1000);
    bench.seconds = 0;
    await bench.pass(1000);
    expect(bench.text).not.toContain("nothing listens");
    bench.live.press("5");
    await bench.pass(0);
    expect(bench.text).not.toMatch(/-\d/);
    await bench.pass(1000);
    expect(bench.text).toMatch(/requests_total string hit +\d[\d,]* +6,400/);
  });

  test("is asked at once by a key", async () => {
    const bench = new Bench();
    bench.answers.push(new NoAnswer("gone"));
    await bench.pass(1000);
    bench.live.press("r");
    await settled();
    expect(bench.asked).toHaveLength(2);
    expect(bench.text).not.toContain("gone");
  });
});

describe("the end", () => {
  test.each(["q", "\x03", "\x04"])("by %j; nothing is drawn or read afterwards", async (key) => {
    const bench = new Bench();
    bench.live.press(key);
    await settled();
    expect(bench.ended).toBe("done");
    const { drawings } = bench;
    bench.live.draw();
    await bench.pass(60_000);
    expect([bench.drawings, bench.asked.length, bench.timers.count]).toEqual([drawings, 0, 0]);
  });

  test("by an answer that no other question would change", async () => {
    const bench = new Bench();
    bench.answers.push(new FailedError("localhost:8081 does not accept the password"));
    await bench.pass(1000);
    expect(bench.ended).toBe("localhost:8081 does not accept the password");
    expect(bench.timers.count).toBe(0);
  });

  test("by an error of the program's own, on the way to which the terminal is restored", async () => {
    const bench = new Bench();
    const broken = { ...fixtureReadings(), counters: { atMs: 0, service: "proxy", metrics: [null] } };
    bench.answers.push(broken as unknown as Readings);
    await bench.pass(1000);
    expect(bench.ended).toMatch(/null/);
  });

  test("by a terminal that cannot be drawn on", async () => {
    const bench = new Bench();
    Object.defineProperty(bench, "size", {
      get: () => {
        throw new Error("no terminal");
      },
    });
    bench.live.draw();
    await settled();
    expect(bench.ended).toBe("no terminal");
  });

  test("while an answer is under way", async () => {
    const bench = new Bench();
    bench.answers.push(new Promise(() => {}));
    await bench.pass(1000);
    bench.live.end();
    await settled();
    expect(bench.ended).toBe("done");
  });
});

test("another size of the terminal is drawn", () => {
  const bench = new Bench();
  bench.size = { columns: 40, rows: 10 };
  bench.live.draw();
  expect(bench.lines).toHaveLength(10);
});
