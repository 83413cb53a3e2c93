import { SeededRandom } from "../../../src/lib/random.ts";
import { type Arrival, Crowd } from "../crowd.ts";
import { ModelOrigin } from "../origin.ts";
import { judge } from "../promises.ts";
import { ModelProxy } from "../proxy.ts";
import { World } from "../world.ts";

/** Lesson 8: all entries are filled at once, live equally long, and so expire in the same second. */

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
