import { describe, expect, test } from "bun:test";
import { ManualClock, systemClock } from "./clock.ts";
import { type ClockReading, readClock, steadyClock, steadyClockSince } from "./steady-clock.ts";

describe("the time of several threads", () => {
  test("is whole milliseconds close to Unix time, and does not follow when the machine's clock is set", () => {
    const machine = new ManualClock(1_700_000_000_000);
    let setBackMs = 0;
    const steady = steadyClock({
      wallMs: () => machine.wallMs() + setBackMs,
      monotonicMs: () => machine.monotonicMs(),
    });
    expect(steady.monotonicMs()).toBe(1_700_000_000_000);
    setBackMs = -5000;
    machine.advance(1.5);
    expect(steady.monotonicMs()).toBe(1_700_000_000_001);
  });

  test("is the same in a thread that begins later, whose runtime counts from then on", () => {
    const machine = new ManualClock();
    const own = machine.monotonicMs.bind(machine);
    const first = steadyClock(machine);
    machine.advance(60_000);
    const reading = readClock(first);
    machine.advance(70);
    const begunMs = own();
    const later = steadyClockSince(
      { wallMs: () => machine.wallMs(), monotonicMs: () => own() - begunMs },
      reading,
    );
    expect(later.monotonicMs()).toBe(first.monotonicMs());
    machine.advance(1234);
    expect(later.monotonicMs()).toBe(first.monotonicMs());
  });

  test("is the same although a thread paused while it read its clocks", () => {
    const machine = new ManualClock();
    const first = steadyClock(machine);
    const reading = readClock(first);
    let pauses = 3;
    const later = steadyClockSince(
      {
        wallMs: () => machine.wallMs(),
        monotonicMs() {
          if (pauses-- > 0) machine.advance(40);
          return machine.monotonicMs();
        },
      },
      reading,
    );
    expect(later.monotonicMs()).toBe(first.monotonicMs());
  });

  test("is the same in a real thread", async () => {
    const steady = steadyClock(systemClock);
    const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const source = `
      import { systemClock } from ${at("./clock.ts")};
      import { steadyClockSince } from ${at("./steady-clock.ts")};
      onmessage = ({ data: reading }) => {
        const clock = steadyClockSince(systemClock, reading);
        postMessage(clock.monotonicMs());
        onmessage = () => postMessage(clock.monotonicMs());
      };`;
    const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
    const worker = new Worker(url);
    const ask = (message: ClockReading | "again"): Promise<number> =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message: text }) => reject(new Error(text));
        worker.postMessage(message);
      });
    try {
      await ask(readClock(steady));
      // Both round to whole milliseconds.
      const earliestMs = steady.monotonicMs() - 2;
      const toldMs = await ask("again");
      const latestMs = steady.monotonicMs() + 2;
      expect(toldMs).toBeGreaterThanOrEqual(earliestMs);
      expect(toldMs).toBeLessThanOrEqual(latestMs);
    } finally {
      worker.terminate();
      URL.revokeObjectURL(url);
    }
  });
});
