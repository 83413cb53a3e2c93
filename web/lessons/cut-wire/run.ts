import { type Arrival, Crowd } from "../../model/crowd.ts";
import { ModelOrigin } from "../../model/origin.ts";
import { judge, type ReadAnswer } from "../../model/promises.ts";
import { ModelProxy } from "../../model/proxy.ts";
import { World } from "../../model/world.ts";

/** A price is cached, the wire to the origin fails, and the price changes at the origin. */

export const KEY = "tea";
export const OLD = "3";
export const NEW = "4";

/**
 * `cut`: the connection is reset. `wire`: this connection alone lets nothing through any more, and nobody is told, as
 * when a firewall has forgotten it. `network`: nothing gets through, new connections neither. `busy`: nothing is lost,
 * but the origin does nothing for a while.
 */
export type Failure = "cut" | "wire" | "network" | "busy";

export interface CutWireSettings {
  readonly failure: Failure;
  /** When it fails, in milliseconds from the beginning. */
  readonly failsAtMs: number;
  /** How long a network is down or an origin busy. */
  readonly lastsMs: number;
  readonly heartbeatMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Whether a lost connection takes along everything that came over it (an epoch). */
  readonly heedsLosses: boolean;
}

/** The product's own times. */
export const CUT_WIRE: CutWireSettings = {
  failure: "wire",
  failsAtMs: 2900,
  lastsMs: 6000,
  heartbeatMs: 1000,
  heartbeatTimeoutMs: 2000,
  heedsLosses: true,
};

/** A client reads at every so many milliseconds, whether others have their answers or not. */
export const READ_EVERY_MS = 100;
/** The price changes so long after the failure. */
export const CHANGES_AFTER_MS = 50;
const LATENCY_MS = 5;
/** Reads that have no answer by then are counted as waiting. */
export const END_MS = 16_000;
/** When the stage asks: the wire has just died, and the price has changed. */
export const ASK_AT_MS = 3000;

export interface CutWireRun {
  readonly world: World;
  readonly origin: ModelOrigin;
  readonly proxy: ModelProxy;
  readonly settings: CutWireSettings;
  readonly changedAtMs: number;
}

/** Lets a scene run to its end. */
export function endedRun(settings: CutWireSettings): CutWireRun {
  const run = cutWireRun(settings);
  run.world.runUntil(END_MS);
  return run;
}

/** Makes the scene, in which nothing has happened yet. */
function cutWireRun(settings: CutWireSettings): CutWireRun {
  const { failure, failsAtMs, lastsMs, heartbeatMs, heartbeatTimeoutMs, heedsLosses } = settings;
  const world = new World(1);
  const origin = new ModelOrigin(world);
  const wire = { latencyMs: LATENCY_MS, jitterMs: 0, isSplit: false };
  const proxy = new ModelProxy(world, origin, { wire, heartbeatMs, heartbeatTimeoutMs, heedsLosses });
  origin.set(KEY, OLD);
  const reads = Math.floor(END_MS / READ_EVERY_MS) - 1;
  const arrivals: Arrival[] = Array.from({ length: reads }, (_, i) => ({
    atMs: (i + 1) * READ_EVERY_MS,
    key: KEY,
  }));
  new Crowd(world, "reader", proxy, arrivals);
  const changedAtMs = failsAtMs + CHANGES_AFTER_MS;
  const timers = world.timers("outside");
  timers.after(failsAtMs, () => fail(failure, origin, proxy));
  timers.after(failsAtMs + lastsMs, () => mend(failure, origin, proxy));
  // A busy origin changes nothing either, until it goes on.
  const afterMs = failure === "busy" ? failsAtMs + lastsMs + CHANGES_AFTER_MS : changedAtMs;
  timers.after(afterMs, () => origin.set(KEY, NEW));
  return { world, origin, proxy, settings, changedAtMs: afterMs };
}

function fail(failure: Failure, origin: ModelOrigin, { channel }: ModelProxy): void {
  if (failure === "busy") origin.pause();
  else if (failure === "cut") channel.wire.cut();
  else channel.wire.swallow();
  channel.isNetworkDown = failure === "network";
}

function mend(failure: Failure, origin: ModelOrigin, { channel }: ModelProxy): void {
  if (failure === "busy") origin.resume();
  if (failure !== "network") return;
  channel.isNetworkDown = false;
  if (channel.isOpen) channel.wire.mend();
}

export interface CutWireFacts {
  /** No hit may be older. */
  readonly boundMs: number;
  /** Reads that were answered with the old price after it had changed. */
  readonly oldReads: number;
  /** How long the old price was still read. */
  readonly oldForMs: number;
  /** From the failure until the proxy knew of it; undefined: it never did. */
  readonly noticedMs: number | undefined;
  /** How it came to know. */
  readonly noticedBy: "disconnected" | "wire-lost" | "silent" | undefined;
  /** From the change until a read was answered with the new price; undefined: none was. */
  readonly newAfterMs: number | undefined;
  readonly hits: number;
  readonly failed: number;
  readonly waiting: number;
  /** The longest that a read had to wait for its answer. */
  readonly longestWaitMs: number;
  /** Times at which everything fetched before became void. */
  readonly epochs: number;
  readonly answers: readonly ReadAnswer[];
}

export function cutWireFacts(settings: CutWireSettings): CutWireFacts {
  return factsOf(endedRun(settings));
}

export function factsOf({ world, proxy, changedAtMs, settings }: CutWireRun): CutWireFacts {
  const { happenings } = world;
  const boundMs = proxy.stalenessBoundMs;
  const { answers } = judge(happenings, boundMs);
  const changed = happenings.find((one) => one.what === "changed" && one.text === NEW);
  const newVersion = changed?.what === "changed" ? changed.version : Number.POSITIVE_INFINITY;
  const old = answers.filter(({ staleMs }) => staleMs > 0);
  const notice = happenings.find(
    ({ what, atMs }) =>
      atMs >= settings.failsAtMs && (what === "disconnected" || what === "wire-lost" || what === "silent"),
  );
  const failed = happenings.filter(({ what }) => what === "read-failed").length;
  const firstNew = answers.find(({ version }) => version >= newVersion);
  return {
    boundMs,
    oldReads: old.length,
    oldForMs: Math.max(0, ...old.map(({ staleMs }) => staleMs)),
    noticedMs: notice === undefined ? undefined : notice.atMs - settings.failsAtMs,
    noticedBy: notice?.what as CutWireFacts["noticedBy"],
    newAfterMs: firstNew === undefined ? undefined : firstNew.answeredAtMs - changedAtMs,
    hits: answers.filter(({ source }) => source === "hit").length,
    failed,
    waiting: happenings.filter(({ what }) => what === "asked").length - answers.length - failed,
    longestWaitMs: Math.max(...answers.map(({ askedAtMs, answeredAtMs }) => answeredAtMs - askedAtMs)),
    epochs: happenings.filter(({ what }) => what === "invalidated-all").length,
    answers,
  };
}

/** Fails at every moment of one beat, and returns how long the old price was read at worst. */
export function worstOldForMs(settings: CutWireSettings, stepMs = 25): number {
  let worstMs = 0;
  for (let ms = 0; ms < settings.heartbeatMs; ms += stepMs) {
    const { oldForMs } = cutWireFacts({ ...settings, failsAtMs: settings.failsAtMs + ms });
    worstMs = Math.max(worstMs, oldForMs);
  }
  return worstMs;
}
