import { join } from "node:path";
import { utf8 } from "../../src/lib/bytes.ts";
import type { Log } from "../../src/lib/log.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import type { AuditCounts } from "../../src/proxy/auditor.ts";
import { BROKEN_PROMISE } from "../../src/proxy/broken-promise-log.ts";
import { startProxy } from "../../src/proxy/start.ts";
import { Supervisor } from "../../src/proxy/threads/supervisor.ts";
import { WarmFileDraft } from "../../src/proxy/warm/warm-file.ts";
import { WarmBlocks } from "../../src/proxy/warm/warm-format.ts";
import type { RunningServer } from "../support/origins.ts";
import { TemporaryDirectory } from "../support/program.ts";
import { Relay } from "../support/relay.ts";
import { RespClient } from "../support/resp-client.ts";
import { skipLeases } from "../support/without-leases.ts";
import { checkHistory, type Violation } from "./check-history.ts";
import { type ClientKind, runClient, type World, wireOf } from "./client.ts";
import {
  type FaultName,
  type FaultRecord,
  NETWORK_FAULTS,
  PROCESS_FAULTS,
  runFaults,
  type Surroundings,
  THREAD_FAULTS,
} from "./faults.ts";
import { type History, ORIGIN, type Site } from "./history.ts";
import { Keys } from "./keys.ts";
import { readAll } from "./operations.ts";
import { Recorder } from "./recorder.ts";

export interface RunOptions {
  readonly seed: number;
  /** Goes on beyond that until it was worth its time, for `LONGEST_MS` more at most: machines are slow, and loaded. */
  readonly durationMs: number;
  readonly worth?: Worth;
  readonly origin: RunningServer;
  /** Whether the origin still has its data after it was killed. */
  readonly isDurable: boolean;
  /** Whether the origin can run scripts. */
  readonly hasScripts: boolean;
  /** Whether things go wrong. Without, the way to the origin is slow all the time. */
  readonly hasFaults: boolean;
  /** False: the proxies, of one thread each, are broken on purpose. */
  readonly hasLeases?: boolean;
  /** Whether the origin evicts, or has a small table of tracked keys: it is kept full. */
  readonly mayEvict?: boolean;
  /** Threads of each proxy, one by default; one of them is killed now and then when there are more. */
  readonly threads?: number;
  /** The share of cached reads that the proxies audit; none by default. */
  readonly auditShare?: number;
  /** For an origin that cannot tell of changes (and has no CLIENT command): how long the proxies may keep a value. */
  readonly untrackedTtlMs?: number;
  /** Keys that the proxies read again and again for as long as the run takes, as if they had just been started. */
  readonly warmKeys?: readonly string[];
}

/** What a run has to have seen. */
export interface Worth {
  readonly hits: number;
  readonly doneWrites: number;
  readonly faults: readonly FaultName[];
  /** Keys cached because they were read for warming. */
  readonly warmed?: number;
}

export interface RunResult {
  readonly history: History;
  readonly violations: readonly Violation[];
  readonly recorder: Recorder;
  readonly faults: readonly FaultRecord[];
  /** Sums of what both proxies counted. */
  readonly hits: number;
  readonly misses: number;
  readonly coalesced: number;
  readonly discardedFills: number;
  /** Keys that were cached because they were read for warming. */
  readonly warmed: number;
  /** How audits ended, and the errors that the proxies logged about them. */
  readonly audits: Readonly<AuditCounts>;
  readonly brokenPromises: readonly string[];
}

const HEARTBEAT_MS = 100;
const HEARTBEAT_TIMEOUT_MS = 250;
const ORIGIN_TIMEOUT_MS = 1000;
/** Clocks are read a little before or after what they are read for. */
const BOUND_SLACK_MS = 50;
/** Far beyond every time-out and every time the origin stands still. */
const ANSWER_WITHIN_MS = 15_000;
const RECOVER_WITHIN_MS = 20_000;
export const LONGEST_MS = 35_000;
/** How often is looked whether a run was worth its time. */
const LOOK_MS = 100;
/** A proxy may have to wait for its origin before it tells its counters. */
const COUNTERS_WITHIN_MS = 2_000;
const WARM_READS = 200_000;
const PROXIES = ["A", "B"];
const ANYWHERE = [...PROXIES, ORIGIN];
/** Some registers are not written through one of the proxies: it hears of changes from the origin alone. */
const WRITERS = [ANYWHERE, ANYWHERE, ["B", ORIGIN], ["A", ORIGIN]];
const COUNTERS = 2;
const PROXY_CLIENTS = ["RESP2", "RESP2", "RESP3", "text", "impatient", "outliving"] as const;
const FILLERS = ["filling"] as const;
const ORIGIN_CLIENTS = ["RESP2", "RESP3"] as const;

/**
 * One run of the checker: clients of two proxies, and some of the origin itself, read and write a few keys, while
 * connections and the origin fail in every way; then all is put right, all keys are read once more, and the history
 * is judged.
 */
export async function runChecker(options: RunOptions): Promise<RunResult> {
  const { origin, seed, durationMs, untrackedTtlMs, mayEvict = false } = options;
  const boundMs = (untrackedTtlMs ?? HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS) + BOUND_SLACK_MS;
  const seeds = new SeededRandom(seed);
  const nextSeed = (): number => seeds.below(2 ** 32);
  const recorder = new Recorder();
  const world: World = {
    keys: new Keys(WRITERS, mayEvict ? 0 : COUNTERS),
    mayEvict,
    recorder,
    hasScripts: options.hasScripts,
    answerWithinMs: ANSWER_WITHIN_MS,
    isEnded: false,
  };
  const relays: Relay[] = [];
  const brokenPromises: string[] = [];
  using directory = new TemporaryDirectory();
  const proxies: (Supervisor | { readonly port: number; close(): Promise<void> })[] = [];
  try {
    for (const _ of PROXIES) {
      const relay = await Relay.start(origin.port, nextSeed());
      relays.push(relay);
      const warm = join(directory.path, `warm-${relays.length}`);
      if (options.warmKeys !== undefined) await writeWarmFile(warm, relay.port, options.warmKeys);
      const opening = openProxy(options, relay.port, nextSeed(), brokenPromises, warm);
      proxies.push(await opening);
    }
    const sites = [
      ...PROXIES.map((site, i) => ({ site, port: proxies[i]!.port })),
      { site: ORIGIN, port: origin.port },
    ];
    const clients = sites.flatMap(({ site, port }): ClientKind[] =>
      [...(site === ORIGIN ? ORIGIN_CLIENTS : PROXY_CLIENTS), ...(mayEvict ? FILLERS : [])].map((habit) => ({
        ...{ site, port, habit },
      })),
    );
    const surroundings: Surroundings = {
      ...{ world, origin, relays, sites, isDurable: options.isDurable },
      threaded: proxies.filter((proxy) => proxy instanceof Supervisor),
      ...{ random: new SeededRandom(nextSeed()), patienceMs: HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS },
    };
    const faults: FaultRecord[] = [];
    if (!options.hasFaults)
      for (const relay of relays) relay.setMode("down", { kind: "delay", minMs: 1, maxMs: 20 });
    const counted = () => Promise.all(proxies.map(({ port }) => counters(port)));
    await Promise.all([
      endWhenWorth(world, durationMs, () => isWorth(options.worth, recorder, faults, counted)),
      ...clients.map((kind) => runClient(world, kind, nextSeed())),
      ...faultsOf(options).map((names) =>
        runFaults({ ...surroundings, random: new SeededRandom(nextSeed()) }, names, faults),
      ),
    ]);
    // Long enough for every change to be known everywhere; then connection by connection, for each of the threads.
    await Bun.sleep(boundMs);
    for (const { site, port } of sites) {
      for (let i = 0; i < (options.threads ?? 1) * 2; i++) await readLast(world, site, port);
    }
    const history = { ...recorder.history(boundMs), mayEvict };
    const ended = await counted();
    return {
      ...{ history, recorder, faults, violations: checkHistory(history) },
      ...{ hits: sum(ended, "cache_hits"), misses: sum(ended, "cache_misses") },
      warmed: sum(ended, "warm_keys_restored"),
      ...{ coalesced: sum(ended, "coalesced_misses"), discardedFills: sum(ended, "discarded_fills") },
      audits: {
        right: sum(ended, "audits_right"),
        undecided: sum(ended, "audits_undecided"),
        skipped: sum(ended, "audits_skipped"),
        broken: sum(ended, "audits_broken"),
      },
      brokenPromises,
    };
  } finally {
    for (const proxy of proxies) await proxy.close();
    for (const relay of relays) relay[Symbol.dispose]();
  }
}

async function openProxy(
  { threads = 1, hasLeases = true, auditShare, untrackedTtlMs, warmKeys }: RunOptions,
  originPort: number,
  seed: number,
  brokenPromises: string[],
  warm: string,
): Promise<Supervisor | { readonly port: number; close(): Promise<void> }> {
  const settings = {
    ...{ host: "127.0.0.1", port: 0, origin: `127.0.0.1:${originPort}`, memoryBytes: 8 * 1024 ** 2 },
    ...{ heartbeatMs: HEARTBEAT_MS, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS },
    ...{ originTimeoutMs: ORIGIN_TIMEOUT_MS, ttlMs: untrackedTtlMs, auditShare },
    ...(warmKeys === undefined ? {} : { warm, warmRate: 0 }),
    log: brokenPromisesOf(brokenPromises),
  };
  if (threads > 1) return Supervisor.open({ ...settings, threads });
  const running = await startProxy({ ...settings, random: new SeededRandom(seed) });
  if (!hasLeases) skipLeases(running.proxy);
  return running;
}

/** Writes a file of so many keys, one behind the other, that they are read for as long as a run takes. */
async function writeWarmFile(path: string, originPort: number, names: readonly string[]): Promise<void> {
  const draft = await WarmFileDraft.create(path, { origin: `127.0.0.1:${originPort}`, database: 0 });
  const blocks = new WarmBlocks();
  const keys = names.map(utf8);
  while (blocks.keys < WARM_READS) {
    for (const key of keys) blocks.add(key, 0, 0);
    if (blocks.isFull || blocks.keys >= WARM_READS) await draft.append(blocks.close(1)!);
  }
  await draft.append(blocks.trailer());
  await draft.finish(false);
}

/** A log that keeps what audits have found. A thread's counters since their last publication end with it. */
function brokenPromisesOf(found: string[]): Log {
  const error = (fields: object | string, text?: string): void => {
    const message = typeof fields === "string" ? fields : (text ?? "");
    if (message.startsWith(BROKEN_PROMISE)) found.push(message);
  };
  return { info() {}, warn() {}, error };
}

/** Ends a run when its time is over and it was worth it, or when it has taken too long. */
async function endWhenWorth(
  world: World,
  durationMs: number,
  isWorthIt: () => Promise<boolean>,
): Promise<void> {
  const lastMs = performance.now() + durationMs + LONGEST_MS;
  await Bun.sleep(durationMs);
  while (performance.now() < lastMs && !(await isWorthIt())) await Bun.sleep(LOOK_MS);
  world.isEnded = true;
}

async function isWorth(
  worth: Worth | undefined,
  recorder: Recorder,
  faults: readonly FaultRecord[],
  counters: () => Promise<readonly ReadonlyMap<string, number>[]>,
): Promise<boolean> {
  if (worth === undefined) return true;
  if (recorder.count("done") < worth.doneWrites) return false;
  if (!worth.faults.every((wanted) => faults.some(({ name }) => name === wanted))) return false;
  const late = Bun.sleep(COUNTERS_WITHIN_MS).then(() => []);
  const counted = await Promise.race([counters().catch(() => []), late]);
  return (
    sum(counted, "cache_hits") >= worth.hits && sum(counted, "warm_keys_restored") >= (worth.warmed ?? 0)
  );
}

function sum(counted: readonly ReadonlyMap<string, number>[], name: string): number {
  return counted.reduce((total, each) => total + (each.get(name) ?? 0), 0);
}

/** What a proxy says that it has counted, by INFO's names. */
async function counters(port: number): Promise<Map<string, number>> {
  using client = await RespClient.connect({ port });
  const info = String(await client.must("INFO"));
  return new Map([...info.matchAll(/^(\w+):(\d+)\r?$/gm)].map((match) => [match[1]!, Number(match[2])]));
}

/** The kinds of faults: those of one list happen one after the other, the lists at the same time. */
function faultsOf({
  hasFaults,
  untrackedTtlMs,
  mayEvict = false,
  threads = 1,
}: RunOptions): (readonly FaultName[])[] {
  if (!hasFaults) return [];
  const hasClientCommand = untrackedTtlMs === undefined;
  return [
    NETWORK_FAULTS,
    PROCESS_FAULTS.filter(
      // An origin that was killed is empty, and has to be filled again before it evicts.
      (name) => (hasClientCommand || name !== "clientKill") && !(mayEvict && name === "sigkill"),
    ),
    ...(threads > 1 ? [THREAD_FAULTS] : []),
  ];
}

/** Reads all keys over a connection of its own, as soon as the origin can be reached again. */
async function readLast(world: World, site: Site, port: number): Promise<void> {
  const deadlineMs = performance.now() + RECOVER_WITHIN_MS;
  for (;;) {
    try {
      using client = await RespClient.connect({ port });
      await readAll(wireOf(world, site, new SeededRandom(0)), client);
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await Bun.sleep(50);
    }
  }
}
