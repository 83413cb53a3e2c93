import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../test/support/local-server.ts";
import { MapEngine } from "../../test/support/map-engine.ts";
import { setWhole } from "../engine/engine.ts";
import { utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { ActiveExpiry } from "./active-expiry.ts";

describe("active expiry", () => {
  test("removes expired keys that no client asks for", async () => {
    const clock = new ManualClock();
    const removed = Promise.withResolvers<void>();
    let count = 0;
    const onRemoval = () => {
      if (++count === 1000) removed.resolve();
    };
    await using local = new LocalServer({ clock, engine: { onRemoval } });
    const client = await local.client();
    for (let n = 0; n < 1000; n++) void client.ask("SET", `${n}`, "x", "PX", "100");
    await client.must("SET", "stays", "x");
    expect(await client.ask("DBSIZE")).toBe(1001);
    clock.advance(100);
    await removed.promise;
    expect(await client.ask("DBSIZE")).toBe(1);
  });

  test("works in small pieces", async () => {
    const clock = new ManualClock();
    const engine = new MapEngine({ clock, random: new SeededRandom(1), onRemoval: () => undefined });
    for (let n = 0; n < 100; n++) setWhole(engine, utf8(`${n}`), utf8("x"), clock.wallMs() + 1);
    clock.advance(1);
    const limits: number[] = [];
    const done = Promise.withResolvers<void>();
    const removeExpired = engine.removeExpired.bind(engine);
    engine.removeExpired = (limit) => {
      limits.push(limit);
      // Every step takes long, so that one piece of work has time for a single step.
      clock.advance(1);
      const count = removeExpired(limit);
      if (count < limit) done.resolve();
      return count;
    };
    let settled = 0;
    engine.settleWith = () => {
      settled++;
      return undefined;
    };
    const expiry = new ActiveExpiry(engine, clock, () => undefined);
    expiry.start();
    await done.promise;
    expiry.stop();
    expect(engine.size()).toBe(0);
    expect(new Set(limits)).toEqual(new Set([20]));
    // Each piece has one step, and calls `settle` once.
    expect(settled).toBe(limits.length);
  });

  test("reports an engine that refuses, and goes on", async () => {
    const clock = new ManualClock();
    const engine = new MapEngine({ clock, random: new SeededRandom(1), onRemoval: () => undefined });
    let calls = 0;
    engine.removeExpired = () => {
      calls++;
      throw new Error("the disk is gone");
    };
    const twice = Promise.withResolvers<void>();
    const failures: unknown[] = [];
    const expiry = new ActiveExpiry(engine, clock, (error) => {
      failures.push(error);
      if (failures.length === 2) twice.resolve();
    });
    expiry.start();
    await twice.promise;
    expiry.stop();
    expect(calls).toBe(2);
    expect(String(failures[0])).toContain("the disk is gone");
  });
});
