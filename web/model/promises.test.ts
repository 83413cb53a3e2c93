/** Random scripts in random orders: no client reads a value older than is promised. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SeededRandom } from "../../src/lib/random.ts";
import { ModelClient } from "./client.ts";
import type { Action } from "./happenings.ts";
import { ModelOrigin } from "./origin.ts";
import { type BrokenPromise, judge } from "./promises.ts";
import { ModelProxy } from "./proxy.ts";
import type { ProxyOptions } from "./proxy-options.ts";
import { World } from "./world.ts";

const KEYS = ["a", "b"];
const TIMES = { heartbeatMs: 100, heartbeatTimeoutMs: 200, reconnectMs: 30, originTimeoutMs: 600 };

/** What happens from outside of the model, between two moves. */
type Fault = "cut" | "swallow" | "mend" | "network-down" | "network-up" | "pause" | "resume";

interface Scripted {
  readonly seed: number;
  readonly clients: readonly { readonly proxy: number; readonly actions: readonly Action[] }[];
  /** How often the earliest move is taken, in per cent; otherwise any. */
  readonly orderly: number;
  readonly faults: readonly { readonly at: number; readonly fault: Fault; readonly proxy: number }[];
  readonly latencyMs: number;
}

function run(script: Scripted, options: Partial<ProxyOptions>): readonly BrokenPromise[] {
  const world = new World(script.seed);
  const origin = new ModelOrigin(world, { serviceMs: script.seed % 2, tracks: true });
  const wire = { latencyMs: script.latencyMs, jitterMs: 5, isSplit: script.seed % 3 !== 0 };
  const proxies = ["north", "south"].map(
    (name) => new ModelProxy(world, origin, { name, wire, ...TIMES, ...options }),
  );
  for (const key of KEYS) origin.set(key, "0");
  const clients = script.clients.map(
    ({ proxy, actions }, i) => new ModelClient(world, `client ${i}`, proxies[proxy]!, origin, actions),
  );
  const chance = new SeededRandom(script.seed);
  const fail = (fault: Fault, { channel }: ModelProxy): void => {
    if (fault === "pause") origin.pause();
    else if (fault === "resume") origin.resume();
    else if (fault === "network-down" || fault === "network-up")
      channel.isNetworkDown = fault === "network-down";
    else if (channel.isOpen) channel.wire[fault]();
  };
  for (let step = 0; step < 400 && clients.some(({ isDone }) => !isDone); step++) {
    for (const { at, fault, proxy } of script.faults) if (at === step) fail(fault, proxies[proxy]!);
    const moves = world.moves();
    if (moves.length === 0) break;
    const isOrderly = chance.below(100) < script.orderly;
    world.take((isOrderly ? moves[0]! : chance.pick(moves)).lane);
  }
  return judge(world.happenings, TIMES.heartbeatMs + TIMES.heartbeatTimeoutMs).broken;
}

const waits = fc.constantFrom(0, 0, 5, 20, 90, 250);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    arbitrary: fc.record({ kind: fc.constant("read" as const), key: fc.constantFrom(...KEYS), ms: waits }),
    weight: 5,
  },
  {
    arbitrary: fc.record(
      {
        kind: fc.constant("write" as const),
        key: fc.constantFrom(...KEYS),
        text: fc.constant("1"),
        ms: waits,
        past: fc.boolean(),
        ttlMs: fc.constantFrom(20, 60, 300),
      },
      { requiredKeys: ["kind", "key", "text"] },
    ),
    weight: 2,
  },
);
const scripted: fc.Arbitrary<Scripted> = fc.record({
  seed: fc.nat({ max: 100_000 }),
  clients: fc.array(
    fc.record({
      proxy: fc.constantFrom(0, 0, 1),
      actions: fc.array(action, { minLength: 3, maxLength: 14 }),
    }),
    { minLength: 2, maxLength: 5 },
  ),
  orderly: fc.constantFrom(0, 50, 90, 100),
  faults: fc.array(
    fc.record({
      at: fc.nat({ max: 120 }),
      fault: fc.constantFrom<Fault[]>(
        ...(["cut", "cut", "swallow", "mend", "network-down", "network-up", "pause", "resume"] as const),
      ),
      proxy: fc.nat({ max: 1 }),
    }),
    { maxLength: 4 },
  ),
  latencyMs: fc.constantFrom(1, 10, 60),
});

test("no read returns an older value than is promised, whatever the order and whatever breaks", () => {
  fc.assert(
    fc.property(scripted, (script) => {
      expect(run(script, {})).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

describe("the same runs find what is wrong", () => {
  /** Returns the promises that are broken in some of so many scripts. */
  function brokenIn(options: Partial<ProxyOptions>): string[] {
    const found = new Set<string>();
    for (const script of fc.sample(scripted, { numRuns: 1000, seed: 11 })) {
      for (const { promise } of run(script, options)) found.add(promise);
    }
    return [...found].toSorted();
  }

  test("without a rule taken away: nothing", () => {
    expect(brokenIn({})).toEqual([]);
  });

  test("with leases ignored", () => {
    expect(brokenIn({ heedsLeases: false })).toContain("older");
  });

  test("with pushes ignored", () => {
    expect(brokenIn({ heedsPushes: false })).toContain("staleness-bound");
  });

  test("with pushes over another connection than the replies", () => {
    expect(brokenIn({ hasPushWire: true })).toContain("staleness-bound");
  });
});
