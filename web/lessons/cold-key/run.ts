import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf } from "../../lesson/staged-run.ts";
import type { PlaygroundSettings } from "../../lesson/start.tsx";
import { type Arrival, Crowd } from "../../model/crowd.ts";
import type { Happening } from "../../model/happenings.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { judge } from "../../model/promises.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { World } from "../../model/world.ts";
import { DEFAULT_CONDITIONS } from "../../play/conditions.ts";
import { typedWorkload } from "../../play/settings.ts";

/** Many clients ask for one key that is not cached, nearly at once. */

export interface ColdKeySettings {
  readonly clients: number;
  /** They come within this time, at random. */
  readonly withinMs: number;
  readonly coalesces: boolean;
  /** How long a frame takes between proxy and origin. */
  readonly latencyMs: number;
  /** The time that the origin takes for each command. A question is two commands. */
  readonly serviceMs: number;
  /** When the connection to the origin breaks, if it does. */
  readonly breaksAtMs?: number;
  readonly seed: number;
}

export const COLD_KEY: ColdKeySettings = {
  clients: 1000,
  withinMs: 100,
  coalesces: true,
  latencyMs: 20,
  serviceMs: 0.5,
  seed: 9,
};
/** What one question takes when nobody else asks: there and back, and its two commands. */
const FIRST_MS = 2 * (COLD_KEY.latencyMs + COLD_KEY.serviceMs);
/** The same crowd in the playground, one client after the other at even distances. */
export const PLAYGROUND: PlaygroundSettings = {
  workload: typedWorkload(`A*${COLD_KEY.clients}`),
  caches: cachesOf(["lru"], 1),
  conditions: {
    ...DEFAULT_CONDITIONS,
    ...{ originMs: FIRST_MS, rate: (1000 * COLD_KEY.clients) / COLD_KEY.withinMs },
  },
};
/** A proxy in which every miss asks. */
export const ALONE: ColdKeySettings = { ...COLD_KEY, coalesces: false };

export const KEY = "front page";
/** Nobody gives up waiting, as long as the queue may be. */
const PATIENCE_MS = 60_000;

/** A scene that has come to its end. */
export interface ColdKeyRun {
  readonly world: World;
  readonly origin: ModelOrigin;
  readonly proxy: ModelProxy;
  readonly settings: ColdKeySettings;
  /** When the first client could ask. */
  readonly beganMs: number;
}

/** Makes the scene, in which nothing has happened yet. */
function coldKeyRun(settings: ColdKeySettings): ColdKeyRun {
  const { clients, withinMs, coalesces, latencyMs, serviceMs, breaksAtMs, seed } = settings;
  const world = new World(seed);
  const origin = new ModelOrigin(world, { serviceMs, tracks: true });
  const wire = { latencyMs, jitterMs: 0, isSplit: false };
  const proxy = new ModelProxy(world, origin, { coalesces, wire, originTimeoutMs: PATIENCE_MS });
  origin.set(KEY, "news");
  world.runUntil(3 * latencyMs + serviceMs);
  const beganMs = world.nowMs;
  new Crowd(world, "client", proxy, arrivals({ clients, withinMs, seed }, beganMs));
  if (breaksAtMs !== undefined) {
    world.timers("network").after(breaksAtMs, () => {
      if (proxy.channel.isOpen) proxy.channel.wire.cut();
    });
  }
  return { world, origin, proxy, settings, beganMs };
}

function arrivals(
  { clients, withinMs, seed }: Pick<ColdKeySettings, "clients" | "withinMs" | "seed">,
  fromMs: number,
): Arrival[] {
  const random = new SeededRandom(seed);
  const times = Array.from({ length: clients }, () => fromMs + random.next() * withinMs);
  return times.toSorted((a, b) => a - b).map((atMs) => ({ atMs, key: KEY }));
}

export interface ColdKeyFacts {
  /** Questions sent to the origin. */
  readonly questions: number;
  /** Commands that the origin has executed for them: two each. */
  readonly commands: number;
  /** The most commands that waited at the origin at once. */
  readonly mostWaiting: number;
  readonly hits: number;
  readonly misses: number;
  readonly coalesced: number;
  readonly failed: number;
  /** Fills that were not stored: of several at once, a lease admits one. */
  readonly refused: number;
  /** How long clients waited, in order. */
  readonly waitsMs: readonly number[];
  /** When the first client had its answer, or was told that there is none. */
  readonly firstMs: number;
  /** From the first question of a client to the last answer. */
  readonly lastedMs: number;
}

export function coldKeyFacts(settings: ColdKeySettings): ColdKeyFacts {
  return factsOf(endedRun(settings));
}

/** Lets the scene run to its end. */
export function endedRun(settings: ColdKeySettings): ColdKeyRun {
  const run = coldKeyRun(settings);
  const { world } = run;
  // The heartbeat goes on for ever, so the end is looked for now and then.
  while (endingsOf(run).length < settings.clients) {
    world.runUntil(world.nowMs + settings.withinMs + settings.latencyMs);
  }
  return run;
}

function endingsOf({ world }: ColdKeyRun): Happening[] {
  return world.happenings.filter(({ what }) => what === "answered" || what === "read-failed");
}

export function factsOf(run: ColdKeyRun): ColdKeyFacts {
  const { world, origin, beganMs } = run;
  const { answers } = judge(world.happenings, Number.POSITIVE_INFINITY);
  const count = (source: "hit" | "miss" | "coalesced"): number =>
    answers.filter((one) => one.source === source).length;
  const commands = world.happenings.filter(
    (one) => one.what === "executed" && (one.request.command === "get" || one.request.command === "pttl"),
  ).length;
  const ended = endingsOf(run);
  return {
    questions: world.happenings.filter(({ what }) => what === "began").length,
    commands,
    mostWaiting: origin.mostWaiting,
    hits: count("hit"),
    misses: count("miss"),
    coalesced: count("coalesced"),
    failed: ended.length - answers.length,
    refused: world.happenings.filter(({ what }) => what === "refused").length,
    waitsMs: answers.map(({ askedAtMs, answeredAtMs }) => answeredAtMs - askedAtMs).toSorted((a, b) => a - b),
    firstMs: ended[0]!.atMs - beganMs,
    lastedMs: ended.at(-1)!.atMs - beganMs,
  };
}

/** Ways to the origin that the reader can choose. */
export const LATENCIES_MS: readonly number[] = Array.from({ length: 13 }, (_, i) => 5 * i);

/** The same crowd with a way to the origin: where every miss asks, and where misses share a question. */
export function bothAt(latencyMs: number): readonly [alone: ColdKeyFacts, together: ColdKeyFacts] {
  return [coldKeyFacts({ ...ALONE, latencyMs }), coldKeyFacts({ ...COLD_KEY, latencyMs })];
}
