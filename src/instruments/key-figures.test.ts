import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { boundOf } from "./events/event-control.ts";
import { EventReader } from "./events/event-reader.ts";
import { EventWriter } from "./events/event-writer.ts";
import { InstrumentsMemory } from "./instruments-memory.ts";
import { KeyFigures } from "./key-figures.ts";

const NOW_MS = 1_800_000_000_000;
const COUNT_EVERY = 10;

test("hits by sample and all misses make the rates of keys and families", () => {
  const memory = InstrumentsMemory.create(1);
  memory.control.bound = boundOf(0);
  memory.control.countEvery = COUNT_EVERY;
  const figures = new KeyFigures(NOW_MS);
  const reader = new EventReader([memory.ring(0)]);
  const writer = new EventWriter(memory.target(0), () => NOW_MS);
  const key = (name: string, hash: number): KeyRef => {
    const bytes = utf8(name);
    return new KeyRef().refer(bytes, 0, bytes.length, hash);
  };
  const cart = key("user:17:cart", 1);
  const page = key("page:home", 2);
  writer.missed(cart, NOW_MS);
  writer.filled(1, 5000, NOW_MS + 60_000, NOW_MS - 20);
  writer.missed(page, NOW_MS);
  writer.filled(2, 100, 0, NOW_MS - 5);
  for (let i = 0; i < 20_000; i++) writer.hit(i % 4 === 0 ? page : cart, 10, NOW_MS);
  reader.drain(NOW_MS, 2 ** 20, (event) => figures.event(event));
  const [first, second] = figures.hotKeys("rate", 5, NOW_MS).keys;
  expect(first!.key).toEqual({ text: "user:17:cart" });
  expect(first!.amount / second!.amount).toBeGreaterThan(2);
  expect(figures.hotKeys("size", 1, NOW_MS).keys[0]).toMatchObject({
    key: { text: "user:17:cart" },
    amount: 5000,
  });
  expect(figures.hotKeys("origin-time", 1, NOW_MS).keys[0]!.key).toEqual({ text: "user:17:cart" });
  const families = figures.families(5, NOW_MS).families;
  expect(families.map(({ name }) => name)).toEqual(["user:*:cart", "page:home"]);
  expect(families[0]).toMatchObject({ entries: 1, meanTtlMs: 60_000 });
  expect(families[0]!.hitRatio).toBeGreaterThan(0.99);
  figures.cleared(NOW_MS);
  expect(figures.families(5, NOW_MS).families[0]!.entries).toBe(0);
});
