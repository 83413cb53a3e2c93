/**
 * Lesson 10 and the real proxy, side by side: the same orders of the same things, with all rules, and with one of them
 * broken in the class of src/coherence that both run. Every client reads the same in both, and both caches end with
 * the same value.
 */
import { afterEach, describe, expect, type Mock, mock, setDefaultTimeout, spyOn, test } from "bun:test";
import { CoherentCache } from "../src/coherence/coherent-cache.ts";
import { Leases } from "../src/coherence/leases.ts";
import { keyIn } from "../src/store/key-fixture.ts";
import type { Store } from "../src/store/store.ts";
import {
  isStuck,
  KEY,
  NEW,
  OLD,
  type Race,
  type RaceRules,
  RULES,
  race,
} from "../web/lessons/write-race/run.ts";
import { explore } from "../web/model/choice-run.ts";
import { judge } from "../web/model/promises.ts";
import { FakeOrigin } from "./support/fake-origin.ts";
import { LocalProxy } from "./support/local-proxy.ts";
import { RespClient } from "./support/resp-client.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

/** Long enough that no heartbeat gets in the way. */
const NEVER_MS = 1_000_000_000;

afterEach(() => {
  mock.restore();
});

/** What came of one order of things. */
interface Seen {
  readonly ana: string;
  readonly cleo: string;
  /** Whether the cache holds an old value at the end. */
  readonly isStuck: boolean;
}

interface Order {
  readonly choices: readonly string[];
  readonly seen: Seen;
  /** Whether a promise was broken, or the cache is left with an old value. */
  readonly isWrong: boolean;
}

/** Returns the orders in which each request reaches the origin at once, as it does in a test of the real proxy. */
function modelOrders(rules: RaceRules): Order[] {
  const orders: Order[] = [];
  explore(
    () => race(rules),
    ({ choices, scene }) => {
      if (!arrivesAtOnce(scene)) return;
      const seen = { ana: readBy("Ana", scene), cleo: readBy("Cleo", scene), isStuck: isStuck(scene) };
      const isWrong = seen.isStuck || judge(scene.world.happenings, NEVER_MS).broken.length > 0;
      orders.push({ choices, seen, isWrong });
    },
  );
  return orders;
}

function arrivesAtOnce({ world: { happenings }, prologue }: Race): boolean {
  return happenings.slice(prologue).every((one) => {
    if (one.what !== "sent" || !one.load.up) return true;
    return happenings.some(
      (other) => other.what === "arrived" && other.frame === one.frame && other.step === one.step + 1,
    );
  });
}

function readBy(client: string, { world: { happenings } }: Race): string {
  const answer = happenings.find((one) => one.what === "answered" && one.client === client);
  const version = answer?.what === "answered" ? answer.version : 0;
  const state = happenings.find((one) => one.what === "changed" && one.version === version);
  return state?.what === "changed" ? state.text : "nothing";
}

type Pushed = Mock<CoherentCache<Store>["pushed"]>;

/** Lets the same happen to the real proxy, in the same order. */
async function inProxy(choices: readonly string[], rules: RaceRules, pushed: Pushed): Promise<Seen> {
  using origin = new FakeOrigin();
  origin.values.set(KEY, OLD);
  origin.invalidates = !rules.hasPushWire;
  await using local = await LocalProxy.ready({ origin: origin.port, heartbeatMs: NEVER_MS });
  const [ana, ben, cleo] = await local.clients(3);
  const past = await RespClient.connect({ port: origin.port });
  const { stats, cache } = local.proxy;
  const { store } = cache;
  const { main } = origin;
  const sentinel = strangerTo(store);
  main.hold();
  const read = new Map<string, string>();
  const ask = async (name: string, client: RespClient): Promise<void> => {
    const before = stats.hits + stats.misses;
    void client.ask("GET", KEY).then((value) => read.set(name, String(value)));
    await until(() => stats.hits + stats.misses > before);
    await origin.received(stats.misses - stats.coalesced, "GET");
  };
  let written: Promise<unknown> | undefined;
  for (const lane of choices) {
    if (lane === "Ana") await ask(lane, ana!);
    else if (lane === "Cleo") await ask(lane, cleo!);
    else if (lane === "Ben") {
      written = (rules.writes === "past" ? past : ben!).ask("SET", KEY, NEW);
      await origin.received(1, "SET");
    } else if (lane !== "proxy up") {
      const before = pushed.mock.calls.length;
      let frames = 0;
      if (lane === "pushes to proxy down") main.invalidate(KEY, 0);
      // A fill has two replies, time to live and value, which the model delivers together.
      else frames = main.heldFrames[0]!.startsWith(":") ? 2 : 1;
      // What has been delivered has been heeded when a message behind it has arrived.
      main.invalidate(sentinel, Math.max(1, frames));
      main.release(Math.max(1, frames) + 1);
      const isPush = lane === "pushes to proxy down" || frames === 0;
      await until(() => pushed.mock.calls.length > before + (isPush ? 1 : 0));
    }
  }
  await written;
  await until(() => read.size === 2);
  main.release();
  const isCached = store.peek(keyIn(store, KEY), local.proxy.nowMs()) !== undefined;
  const isOld = isCached && (await ana!.ask("GET", KEY)) !== NEW;
  past.close();
  return { ana: read.get("Ana")!, cleo: read.get("Cleo")!, isStuck: isOld };
}

/** Returns a key that shares no lease with the price. */
function strangerTo(store: Store): string {
  const { hash } = keyIn(store, KEY);
  for (let n = 0; ; n++) {
    const lease = store.lease(hash);
    store.invalidate(keyIn(store, `stranger ${n}`));
    if (store.lease(hash) === lease) return `stranger ${n}`;
  }
}

interface Case {
  readonly title: string;
  readonly rules?: Partial<RaceRules>;
  /** Breaks a rule. */
  readonly fault?: () => void;
  readonly goesWrong: boolean;
}

const CASES: readonly Case[] = [
  { title: "all rules", goesWrong: false },
  { title: "all rules, a write past the proxy", rules: { writes: "past" }, goesWrong: false },
  {
    title: "leases broken",
    fault: () => spyOn(Leases.prototype, "holds").mockReturnValue(true),
    goesWrong: true,
  },
  {
    title: "pushes not heeded, a write past the proxy",
    rules: { writes: "past" },
    fault: () => spyOn(CoherentCache.prototype, "pushed").mockImplementation(() => {}),
    goesWrong: true,
  },
  {
    title: "pushes that overtake replies, a write past the proxy",
    rules: { writes: "past", hasPushWire: true },
    goesWrong: true,
  },
];

describe("lesson and proxy are alike", () => {
  test.each(CASES.map((one) => [one.title, one] as const))("%s", async (_, { rules, fault, goesWrong }) => {
    fault?.();
    const all = { ...RULES, ...rules };
    const orders = modelOrders(all);
    expect(orders.length).toBeGreaterThan(5);
    for (const { choices, seen } of orders) {
      const pushed = spyOn(CoherentCache.prototype, "pushed") as Pushed;
      expect({ choices, ...(await inProxy(choices, all, pushed)) }).toEqual({ choices, ...seen });
    }
    expect(orders.some(({ isWrong }) => isWrong)).toBe(goesWrong);
  });
});
