import { SeededRandom } from "../../../src/lib/random.ts";
import type { Cache } from "../asking.ts";
import { type Arrival, Crowd } from "../crowd.ts";
import { ModelOrigin } from "../origin.ts";
import { ModelProxy } from "../proxy.ts";
import { World } from "../world.ts";
import { WriteBackCache } from "../write-back.ts";

/** Lesson 12: the same writes and reads under three rules, until somebody pulls the cache's plug. */

/**
 * `around`: a write goes to the origin and removes the entry, as in the product. `through`: it goes to the origin, and
 * the cache is filled behind it. `back`: the cache acknowledges it at once, and passes it on later.
 */
export type WriteRule = "around" | "through" | "back";

export const WRITE_RULES: readonly WriteRule[] = ["around", "through", "back"];

export interface WriteRulesSettings {
  readonly rule: WriteRule;
  /** When the plug is pulled; undefined: never. */
  readonly stopsAtMs: number | undefined;
  /** How long a write may wait before it is passed on (write-back). */
  readonly flushMs: number;
  readonly seed: number;
}

export const WRITES: WriteRulesSettings = { rule: "around", stopsAtMs: 2300, flushMs: 1000, seed: 12 };

const SEATS = ["1A", "1B", "1C", "2A", "2B", "2C"];
const WRITE_EVERY_MS = 60;
const READ_EVERY_MS = 25;
const END_MS = 4000;
const LATENCY_MS = 20;
const SERVICE_MS = 1;

export interface WriteRulesRun {
  readonly world: World;
  readonly origin: ModelOrigin;
  readonly cache: Cache;
  readonly settings: WriteRulesSettings;
}

/** Makes the scene, in which nothing has happened yet. The same requests come under each rule. */
export function writeRulesRun(settings: WriteRulesSettings): WriteRulesRun {
  const { rule, stopsAtMs, flushMs, seed } = settings;
  const world = new World(seed);
  const origin = new ModelOrigin(world, { serviceMs: SERVICE_MS, tracks: true });
  const wire = { latencyMs: LATENCY_MS, jitterMs: 0, isSplit: false };
  const proxy = new ModelProxy(world, origin, { name: "cache", wire, fillsBehindWrites: rule === "through" });
  for (const seat of SEATS) origin.set(seat, "free");
  world.runUntil(100);
  const back = new WriteBackCache(world, proxy, flushMs);
  const cache = rule === "back" ? back : proxy;
  new Crowd(world, "request", cache, requests(seed, world.nowMs));
  if (stopsAtMs !== undefined) {
    world.timers("outside").after(stopsAtMs - world.nowMs, () => {
      // The clients find another cache; this one has what nobody else has.
      world.lane("request").clear();
      back.stop();
    });
  }
  return { world, origin, cache, settings };
}

function requests(seed: number, fromMs: number): Arrival[] {
  const random = new SeededRandom(seed);
  const seat = (): string => SEATS[Math.floor(SEATS.length * random.next() ** 2)]!;
  const all: Arrival[] = [];
  for (let atMs = fromMs, n = 1; atMs < END_MS; atMs += WRITE_EVERY_MS, n++) {
    all.push({ atMs, key: seat(), text: `guest ${n}` });
  }
  for (let atMs = fromMs + READ_EVERY_MS / 2; atMs < END_MS; atMs += READ_EVERY_MS) {
    all.push({ atMs, key: seat() });
  }
  return all.toSorted((a, b) => a.atMs - b.atMs);
}

export interface WriteRulesFacts {
  readonly writes: number;
  readonly acknowledged: number;
  /** Acknowledged, and neither at the origin nor replaced there by a newer one: gone with the cache. */
  readonly lost: number;
  /** Keys whose newest acknowledged write is lost. */
  readonly lostKeys: readonly string[];
  /** Sent, but not acknowledged when the plug was pulled: their clients do not know. */
  readonly unknown: number;
  /** Of these, those that the origin has executed. */
  readonly unknownExecuted: number;
  /** How long a client waited for its acknowledgement, on average. */
  readonly acknowledgedAfterMs: number;
  /** Writes that the origin has executed. */
  readonly originWrites: number;
  readonly reads: number;
  readonly hitRatio: number;
  /** Of the first reads of a key after a write of it, those that were hits. */
  readonly firstReads: number;
  readonly firstReadHits: number;
}

/** Lets the scene run to its end. */
export function writeRulesFacts(settings: WriteRulesSettings): WriteRulesFacts {
  const { world } = writeRulesRun(settings);
  world.runUntil(END_MS + 2 * settings.flushMs + 10 * LATENCY_MS);
  const { happenings } = world;
  const wroteAtMs = new Map<number, number>();
  const executed = new Map<string, number>();
  const isExecuted = new Set<number>();
  const acknowledged = new Map<number, string>();
  const isFresh = new Map<string, boolean>();
  let [waitedMs, originWrites, reads, hits, firstReads, firstReadHits] = [0, 0, 0, 0, 0, 0];
  for (const one of happenings) {
    if (one.what === "wrote") {
      wroteAtMs.set(one.write, one.atMs);
      isFresh.set(one.key, true);
    } else if (one.what === "changed" && one.write > 0) {
      originWrites++;
      executed.set(one.key, one.write);
      isExecuted.add(one.write);
    } else if (one.what === "acknowledged") {
      acknowledged.set(one.write, one.key);
      waitedMs += one.atMs - wroteAtMs.get(one.write)!;
    } else if (one.what === "answered") {
      reads++;
      const isHit = one.source === "hit";
      if (isHit) hits++;
      if (isFresh.get(one.key) !== true) continue;
      isFresh.set(one.key, false);
      firstReads++;
      if (isHit) firstReadHits++;
    }
  }
  const lost = [...acknowledged].filter(([write, key]) => write > (executed.get(key) ?? 0));
  const unknown = [...wroteAtMs.keys()].filter((write) => !acknowledged.has(write));
  return {
    writes: wroteAtMs.size,
    acknowledged: acknowledged.size,
    lost: lost.length,
    lostKeys: [...new Set(lost.map(([, key]) => key))].toSorted(),
    unknown: unknown.length,
    unknownExecuted: unknown.filter((write) => isExecuted.has(write)).length,
    acknowledgedAfterMs: waitedMs / acknowledged.size,
    originWrites,
    reads,
    hitRatio: hits / reads,
    firstReads,
    firstReadHits,
  };
}
