import { expect, test } from "bun:test";
import { ThreadNumbers } from "./thread-numbers.ts";

const SHAPE = { hits: "counter", clients: "gauge", latency: "histogram", misses: "counter" } as const;

/** Views of the same memory from several threads. */
function attached(threads: number): ThreadNumbers<typeof SHAPE>[] {
  const buffer = new SharedArrayBuffer(8 + ThreadNumbers.bytes(SHAPE, threads));
  return [0, 1].map(() => new ThreadNumbers(SHAPE, threads, buffer, 8));
}

test("numbers that threads publish by name add up for every reader", () => {
  const [one, other] = attached(2);
  one!.set(0, "hits", 3);
  other!.set(1, "hits", 4);
  other!.set(1, "misses", 10);
  one!.histogram(0, "latency").record(5);
  other!.histogram(1, "latency").record(900);
  for (const each of [one!, other!]) {
    expect([each.sum("hits"), each.sum("misses"), each.sum("clients")]).toEqual([7, 10, 0]);
    const { count, sum, max } = each.merged("latency");
    expect([count, sum, max]).toEqual([2, 905, 900]);
  }
});

test("counters of an ended thread are kept, its gauges are not; its place is free for the next one", () => {
  const [numbers] = attached(2);
  for (const life of [1, 2, 3]) {
    numbers!.set(0, "hits", 100);
    numbers!.set(0, "clients", 7);
    numbers!.histogram(0, "latency").record(life);
    numbers!.retire(0);
    expect([numbers!.sum("hits"), numbers!.sum("clients")]).toEqual([100 * life, 0]);
  }
  expect(numbers!.histogram(0, "latency").count).toBe(0);
  expect(numbers!.merged("latency").sum).toBe(6);
});

test("a reset starts one sum anew and lets no counter go back, also when threads end", () => {
  const [numbers] = attached(2);
  const sums = () => [numbers!.sum("hits"), numbers!.sumSinceReset("hits")];
  numbers!.set(0, "hits", 5);
  numbers!.set(1, "hits", 7);
  numbers!.reset(0);
  expect(sums()).toEqual([12, 7]);
  numbers!.reset(1);
  expect(sums()).toEqual([12, 0]);
  numbers!.set(0, "hits", 6);
  numbers!.retire(0);
  expect(sums()).toEqual([13, 1]);
  numbers!.set(0, "hits", 2);
  expect(sums()).toEqual([15, 3]);
  numbers!.reset(0);
  numbers!.reset(1);
  expect(sums()).toEqual([15, 0]);
});

test("numbers that follow each other can be set at once", () => {
  const [numbers] = attached(2);
  numbers!.setFrom(1, "hits", new Float64Array([1, 2, 3]));
  expect([numbers!.sum("hits"), numbers!.sum("clients"), numbers!.sum("misses")]).toEqual([1, 2, 3]);
});

test("of a gauge, the largest value of any living thread is told", () => {
  const [numbers] = attached(2);
  numbers!.set(0, "clients", 3);
  numbers!.set(1, "clients", 2);
  expect(numbers!.largest("clients")).toBe(3);
  numbers!.retire(0);
  expect(numbers!.largest("clients")).toBe(2);
});
