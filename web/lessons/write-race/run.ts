import { ChoiceRun, explore } from "../../model/choice-run.ts";
import { ModelClient } from "../../model/client.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { judge } from "../../model/promises.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { WIRE } from "../../model/wire.ts";
import { World } from "../../model/world.ts";

/** Ana reads a price, Ben changes it, Cleo reads it. In which order the reader decides. */

export const KEY = "tea";
export const OLD = "3";
export const NEW = "4";

export interface RaceRules {
  /** Whether Ben writes through the proxy, or past it, at the origin. */
  readonly writes: "through" | "past";
  readonly heedsLeases: boolean;
  readonly heedsPushes: boolean;
  /** Whether invalidations come over a connection of their own. */
  readonly hasPushWire: boolean;
}

export const RULES: RaceRules = {
  writes: "through",
  heedsLeases: true,
  heedsPushes: true,
  hasPushWire: false,
};

/** A proxy that keeps every answer that it gets, and heeds no message. */
export const SIMPLE: RaceRules = { ...RULES, heedsLeases: false, heedsPushes: false };

/** The order that is told: Ana's answer and Ben's write pass each other on the wire. */
export const STORY: readonly string[] = [
  ...["Ana", "proxy up", "Ben"],
  ...["proxy down", "proxy up", "proxy down", "proxy down", "Cleo"],
];
/** So many steps have happened when the stage asks. */
export const ASK_AT = 3;

export interface Race {
  readonly world: World;
  readonly origin: ModelOrigin;
  readonly proxy: ModelProxy;
  /** How many things had happened before the first choice. */
  readonly prologue: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Makes the scene: the proxy is connected, nothing is cached, and each of the three has one thing to do. */
export function race({ writes, ...rules }: RaceRules): Race {
  const world = new World(1);
  const origin = new ModelOrigin(world);
  // Nothing here is decided by the clock.
  const times = { heartbeatMs: NEVER, heartbeatTimeoutMs: NEVER, originTimeoutMs: NEVER };
  const proxy = new ModelProxy(world, origin, { ...rules, ...times, wire: WIRE });
  origin.set(KEY, OLD);
  while (world.step());
  const prologue = world.happenings.length;
  const past = writes === "past";
  new ModelClient(world, "Ana", proxy, origin, [{ kind: "read", key: KEY }]);
  new ModelClient(world, "Ben", proxy, origin, [{ kind: "write", key: KEY, text: NEW, past }]);
  new ModelClient(world, "Cleo", proxy, origin, [{ kind: "read", key: KEY }]);
  return { world, origin, proxy, prologue };
}

/** Lets things happen in an order. */
export function raceAfter(rules: RaceRules, order: readonly string[]): Race {
  return new ChoiceRun(() => race(rules), order).scene;
}

export interface RaceOutcomes {
  /** In how many orders all this can happen. */
  readonly orders: number;
  /** In how many of them somebody read an older value than had been promised. */
  readonly broken: number;
  /** In how many of them the cache holds an old value when nothing is under way any more. */
  readonly stuck: number;
  /** In how many of them a value that had been fetched was not stored, because it might have been old. */
  readonly refused: number;
  /** The shortest order that breaks the promise, and the shortest that leaves an old value. */
  readonly breaks: readonly string[] | undefined;
  readonly sticks: readonly string[] | undefined;
}

/** Tries every order. */
export function raceOutcomes(rules: RaceRules): RaceOutcomes {
  let broken = 0;
  let stuck = 0;
  let refused = 0;
  let breaks: readonly string[] | undefined;
  let sticks: readonly string[] | undefined;
  const orders = explore(
    () => race(rules),
    ({ choices, scene }) => {
      const { happenings } = scene.world;
      if (happenings.some(({ what }) => what === "refused")) refused++;
      if (judge(happenings, NEVER).broken.length > 0) {
        broken++;
        if (breaks === undefined || choices.length < breaks.length) breaks = choices;
      }
      if (isStuck(scene)) {
        stuck++;
        if (sticks === undefined || choices.length < sticks.length) sticks = choices;
      }
    },
  );
  return { orders, broken, stuck, refused, breaks, sticks };
}

/** Whether the cache holds a value that is no longer the origin's. */
export function isStuck({ proxy, origin }: Race): boolean {
  const cached = proxy.peek(KEY);
  return cached !== undefined && cached.version !== origin.state(KEY).version;
}
