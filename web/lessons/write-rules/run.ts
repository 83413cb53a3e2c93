import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf } from "../../lesson/staged-run.ts";
import type { PlaygroundSettings } from "../../lesson/start.tsx";
import type { Cache } from "../../model/asking.ts";
import { type Arrival, Crowd } from "../../model/crowd.ts";
import type { Happening } from "../../model/happenings.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { World } from "../../model/world.ts";
import { WriteBackCache } from "../../model/write-back.ts";
import { DEFAULT_CONDITIONS } from "../../play/conditions.ts";

/** An auction: the same writes and reads under three rules, until somebody pulls the cache's plug. */

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

/** When the plug is pulled, if the reader does not choose. */
export const PLUG_MS = 2830;

export const WRITES: WriteRulesSettings = { rule: "around", stopsAtMs: PLUG_MS, flushMs: 1000, seed: 12 };

const LOTS = ["A", "B", "C", "D", "E", "F"];
export const WRITE_EVERY_MS = 60;
const READ_EVERY_MS = 25;
const END_MS = 4000;
const LATENCY_MS = 20;
const SERVICE_MS = 1;

const FIRST_MS = 100;
const MOMENT_MS = 50;

/** Moments of the stage: until the plug, and some behind it. */
export const MOMENTS_MS: readonly number[] = [
  ...Array.from({ length: Math.ceil((PLUG_MS - FIRST_MS) / MOMENT_MS) }, (_, i) => FIRST_MS + MOMENT_MS * i),
  ...[0, 10, 20, 40, 70, 170].map((ms) => PLUG_MS + ms),
];

/** Where the stage asks: the plug is about to be pulled. */
export const ASK_AT = MOMENTS_MS.indexOf(PLUG_MS);

/** Moments at which the reader may pull the plug. */
export const PLUGS_MS: readonly number[] = Array.from({ length: 37 }, (_, i) => 230 + 100 * i);

/** Writing back as the playground shows it. */
export const PLAYGROUND: PlaygroundSettings = {
  workload: { kind: "generated", text: "ycsb-a(n=60)", requests: 3000 },
  caches: cachesOf(["lru"], 30),
  conditions: { ...DEFAULT_CONDITIONS, originMs: 2 * LATENCY_MS + SERVICE_MS, writes: "back" },
};

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
  for (const lot of LOTS) origin.set(lot, "none");
  world.runUntil(FIRST_MS);
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

const bidText = (bid: number): string => `bid ${bid}`;

function requests(seed: number, fromMs: number): Arrival[] {
  const random = new SeededRandom(seed);
  const lot = (): string => LOTS[Math.floor(LOTS.length * random.next() ** 2)]!;
  const all: Arrival[] = [];
  for (let atMs = fromMs, n = 1; atMs < END_MS; atMs += WRITE_EVERY_MS, n++) {
    all.push({ atMs, key: lot(), text: bidText(n) });
  }
  for (let atMs = fromMs + READ_EVERY_MS / 2; atMs < END_MS; atMs += READ_EVERY_MS) {
    all.push({ atMs, key: lot() });
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

/** What a lot's bidders have been told, and what the origin has. */
export interface Lot {
  readonly name: string;
  /** The newest bid that was acknowledged, and the one at the origin; undefined: none. */
  readonly told: string | undefined;
  readonly atOrigin: string | undefined;
  /** Whether the newest acknowledged bid is not at the origin. */
  readonly isOnlyTold: boolean;
}

/** Lets the scene run to its end. @returns what happened */
export function writeRulesLog(settings: WriteRulesSettings): readonly Happening[] {
  const { world } = writeRulesRun(settings);
  world.runUntil(END_MS + 2 * settings.flushMs + 10 * LATENCY_MS);
  return world.happenings;
}

/** Returns the lots as they are at a moment. */
export function lotsAt(happenings: readonly Happening[], atMs = Number.POSITIVE_INFINITY): Lot[] {
  const texts = new Map<number, string>();
  const told = new Map<string, number>();
  const atOrigin = new Map<string, number>();
  for (const one of happenings) {
    if (one.atMs > atMs) break;
    if (one.what === "wrote") texts.set(one.write, one.text);
    else if (one.what === "changed" && one.write > 0) atOrigin.set(one.key, one.write);
    else if (one.what === "acknowledged") told.set(one.key, Math.max(one.write, told.get(one.key) ?? 0));
  }
  return LOTS.map((name) => {
    const [newest, executed] = [told.get(name) ?? 0, atOrigin.get(name) ?? 0];
    return {
      name,
      told: texts.get(newest),
      atOrigin: texts.get(executed),
      isOnlyTold: newest > executed,
    };
  });
}

/** What a rule made of the run. */
export interface RuleOutcome {
  readonly settings: WriteRulesSettings;
  readonly facts: WriteRulesFacts;
  readonly lots: readonly Lot[];
}

/** The run under each rule. @param stopsAtMs when the plug is pulled; undefined: never */
export function outcomesOf(stopsAtMs: number | undefined): RuleOutcome[] {
  return WRITE_RULES.map((rule) => {
    const settings = { ...WRITES, rule, stopsAtMs };
    const log = writeRulesLog(settings);
    return { settings, facts: factsOf(log), lots: lotsAt(log) };
  });
}

export function writeRulesFacts(settings: WriteRulesSettings): WriteRulesFacts {
  return factsOf(writeRulesLog(settings));
}

function factsOf(happenings: readonly Happening[]): WriteRulesFacts {
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
