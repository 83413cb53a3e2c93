import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { Store } from "../store/store.ts";
import { EventWriter } from "./events/event-writer.ts";
import { Instruments } from "./instruments.ts";
import { InstrumentsMemory } from "./instruments-memory.ts";
import { ThreadQuestions } from "./thread-questions.ts";

test("a load that comes all at once is sampled less at the next tick, before it is measured", () => {
  using service = newService();
  service.pass(300);
  service.hits(9000);
  service.pass(20);
  expect(service.countEvery).toBe(1);
  service.hits(9000);
  service.pass(20);
  // 450,000 reads a second: one of 256 is counted.
  expect(service.countEvery).toBe(256);
});

test("a load that the sampling was made for is no surge, however large it is", () => {
  using service = newService();
  for (let tick = 0; tick < 15; tick++) {
    service.hits(9000);
    service.pass(20);
  }
  expect(service.countEvery).toBe(256);
  service.hits(60_000);
  service.pass(20);
  expect(service.countEvery).toBe(256);
});

/** Instruments, and the one thread of a service that tells them of its hits. */
function newService() {
  let nowMs = 1000;
  const memory = InstrumentsMemory.create(1);
  const questions = new ThreadQuestions("glasscache-instruments-test", 1);
  const instruments = new Instruments({
    service: "proxy",
    figures: {
      ...{ series: [], brokenPromises: () => 0, keysRead: () => ({ hits: 0, misses: 0 }) },
      ...{ metrics: () => [], histograms: () => [], channels: () => ({ rows: [] }) as never },
    },
    ...{ slowRequests: () => undefined, threads: questions },
    live: { names: [], show: () => "", change() {} },
    settings: {
      policies: [],
      budget: 0.03,
      originCost: undefined,
      memoryCost: undefined,
      metricsFamilies: 0,
    },
    store: Store.create({ budgetBytes: 2 ** 22, maxEntries: 10_000 }),
    ...{ memory, threadMs: () => 0, clockMs: () => nowMs, nowMs: () => nowMs },
    ...{ collectGarbage() {}, restartedMs: undefined },
  });
  const writer = new EventWriter(memory.target(0), () => nowMs);
  const name = utf8("key");
  const key = new KeyRef().refer(name, 0, name.length, 7);
  return {
    get countEvery(): number {
      return memory.control.countEvery;
    },
    hits(count: number): void {
      for (let i = 0; i < count; i++) writer.hit(key, 10, nowMs);
    },
    /** Lets time pass, after which the instruments read what has come. */
    pass(ms: number): void {
      nowMs += ms;
      while (instruments.tick(2 ** 20));
    },
    [Symbol.dispose]: () => questions.close(),
  };
}
