import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf } from "../../lesson/staged-run.ts";
import type { PlaygroundSettings } from "../../lesson/start.tsx";
import { type Arrival, Crowd } from "../../model/crowd.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { judge } from "../../model/promises.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { World } from "../../model/world.ts";
import { DEFAULT_CONDITIONS } from "../../play/conditions.ts";

/** All entries are filled at once, live equally long, and so expire in the same second. */

export interface TimeToLiveSettings {
  readonly keys: number;
  readonly readsPerSecond: number;
  readonly ttlMs: number;
  /** Each time to live is shorter by a share drawn at random from 0 to this. */
  readonly jitter: number;
  readonly coalesces: boolean;
  /** The time that the origin takes for each command. A question is two commands. */
  readonly serviceMs: number;
  readonly seconds: number;
  readonly seed: number;
}

export const TIME_TO_LIVE: TimeToLiveSettings = {
  keys: 200,
  readsPerSecond: 500,
  ttlMs: 10_000,
  jitter: 0,
  coalesces: true,
  serviceMs: 3,
  seconds: 45,
  seed: 8,
};

/** All keys are read once within so many milliseconds: the cache is warmed. */
const WARMED_WITHIN_MS = 200;
/** The first round is not counted: it is the warming. */
const COUNTED_FROM_S = 5;
const LATENCY_MS = 5;
/** A question asks for the value and for the time that it may be kept. */
const COMMANDS_PER_QUESTION = 2;

/** The entries expire in this second. The stage asks before it. */
export const ASK_AT_S = 10;
/** Seconds of the stage that are shown to readers who want no movement. */
export const MOMENTS_S: readonly number[] = [ASK_AT_S, 11, 21, 31, TIME_TO_LIVE.seconds];

/** Jitters to compare. */
export const JITTERS: readonly number[] = [0, 0.1, 0.2, 0.3, 0.4, 0.5];

/** The same as the playground shows it, with requests of its own. */
export const PLAYGROUND: PlaygroundSettings = {
  workload: { kind: "generated", text: `uniform(n=${TIME_TO_LIVE.keys})`, requests: 20_000 },
  caches: cachesOf(["lru"], TIME_TO_LIVE.keys),
  conditions: {
    ...DEFAULT_CONDITIONS,
    ...{ ttlMs: TIME_TO_LIVE.ttlMs, originMs: quietWaitMs(TIME_TO_LIVE), rate: TIME_TO_LIVE.readsPerSecond },
  },
};

/** How long a reader waits for a value that nobody else is waiting for. */
export function quietWaitMs({ serviceMs }: TimeToLiveSettings): number {
  return 2 * LATENCY_MS + COMMANDS_PER_QUESTION * serviceMs;
}

interface TimeToLiveRun {
  readonly world: World;
  readonly origin: ModelOrigin;
  readonly proxy: ModelProxy;
  readonly settings: TimeToLiveSettings;
}

/** Makes the scene, in which nothing has happened yet. */
function timeToLiveRun(settings: TimeToLiveSettings): TimeToLiveRun {
  const { keys, ttlMs, jitter, coalesces, serviceMs, seed } = settings;
  const world = new World(seed);
  const chance = new SeededRandom(seed + 1);
  const goodForMs = (): number => Math.round(ttlMs * (1 - jitter * chance.next()));
  const origin = new ModelOrigin(world, { serviceMs, tracks: true, goodForMs });
  const wire = { latencyMs: LATENCY_MS, jitterMs: 0, isSplit: false };
  const proxy = new ModelProxy(world, origin, { coalesces, wire });
  for (let key = 0; key < keys; key++) origin.set(nameOf(key), "page");
  world.runUntil(100);
  new Crowd(world, "warming", proxy, warming(keys, world.nowMs));
  new Crowd(world, "reader", proxy, arrivals(settings, world.nowMs + WARMED_WITHIN_MS));
  return { world, origin, proxy, settings };
}

function nameOf(key: number): string {
  return `page ${key + 1}`;
}

function warming(keys: number, fromMs: number): Arrival[] {
  return Array.from({ length: keys }, (_, key) => ({
    atMs: fromMs + (key / keys) * WARMED_WITHIN_MS,
    key: nameOf(key),
  }));
}

/** Reads come at random moments (a Poisson process), of keys drawn alike. */
function arrivals({ keys, readsPerSecond, seconds, seed }: TimeToLiveSettings, fromMs: number): Arrival[] {
  const random = new SeededRandom(seed);
  const read: Arrival[] = [];
  for (let atMs = fromMs; ; ) {
    atMs += (-1000 * Math.log(1 - random.next())) / readsPerSecond;
    if (atMs >= 1000 * seconds) return read;
    read.push({ atMs, key: nameOf(random.below(keys)) });
  }
}

export interface TimeToLiveFacts {
  /** Questions that the origin was sent in each second. */
  readonly questions: readonly number[];
  /** From the fifth second on: the average, the most in one second, and which second that was. */
  readonly average: number;
  readonly most: number;
  readonly mostAtS: number;
  /** The longest that a reader waited. */
  readonly longestWaitMs: number;
  readonly hitRatio: number;
}

/** The page whose reads are drawn, and for how long. */
export const PAGE = 6;
export const LIFE_MS = 25_000;

/** A read of one key. */
export interface KeyRead {
  readonly atMs: number;
  readonly isHit: boolean;
}

/** The reads of a key in a run of its own: when they came, and what they were. */
export function readsOf(settings: TimeToLiveSettings, key: number, untilMs: number): KeyRead[] {
  const { world } = timeToLiveRun(settings);
  world.runUntil(untilMs);
  const { answers } = judge(world.happenings, Number.POSITIVE_INFINITY);
  return answers
    .filter((answer) => answer.key === nameOf(key))
    .map(({ askedAtMs, source }) => ({ atMs: askedAtMs, isHit: source === "hit" }));
}

/** Lets the scene run to its end. */
export function timeToLiveFacts(settings: TimeToLiveSettings): TimeToLiveFacts {
  const { world } = timeToLiveRun(settings);
  world.runUntil(1000 * settings.seconds);
  const { happenings } = world;
  const { answers } = judge(happenings, Number.POSITIVE_INFINITY);
  const questions = new Array<number>(settings.seconds).fill(0);
  for (const one of happenings) if (one.what === "began") questions[Math.floor(one.atMs / 1000)]!++;
  const counted = answers.filter(({ askedAtMs }) => askedAtMs >= 1000 * COUNTED_FROM_S);
  const later = questions.slice(COUNTED_FROM_S);
  const most = Math.max(...later);
  return {
    questions,
    average: later.reduce((sum, one) => sum + one, 0) / later.length,
    most,
    mostAtS: questions.indexOf(most, COUNTED_FROM_S),
    longestWaitMs: Math.max(...counted.map(({ askedAtMs, answeredAtMs }) => answeredAtMs - askedAtMs)),
    hitRatio: counted.filter(({ source }) => source === "hit").length / counted.length,
  };
}
