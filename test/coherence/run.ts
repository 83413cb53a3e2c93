import { SeededRandom } from "../../src/lib/random.ts";
import { type RunningProxy, startProxy } from "../../src/proxy/start.ts";
import type { RunningServer } from "../support/origins.ts";
import { Relay } from "../support/relay.ts";
import { RespClient } from "../support/resp-client.ts";
import { checkHistory, type Violation } from "./check-history.ts";
import { type ClientKind, runClient, type World, wireOf } from "./client.ts";
import { type FaultRecord, NETWORK_FAULTS, PROCESS_FAULTS, runFaults, type Surroundings } from "./faults.ts";
import { type History, ORIGIN } from "./history.ts";
import { Keys } from "./keys.ts";
import { readAll } from "./operations.ts";
import { Recorder } from "./recorder.ts";

export interface RunOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly origin: RunningServer;
  /** Whether the origin still has its data after it was killed. */
  readonly isDurable: boolean;
  /** Whether the origin can run scripts. */
  readonly hasScripts: boolean;
  /** Whether things go wrong. Without, the way to the origin is slow all the time. */
  readonly hasFaults: boolean;
  readonly unsafeSkipLeases?: boolean;
}

export interface RunResult {
  readonly history: History;
  readonly violations: readonly Violation[];
  readonly recorder: Recorder;
  readonly faults: readonly FaultRecord[];
  /** Counters of both proxies. */
  readonly hits: number;
  readonly misses: number;
  readonly coalesced: number;
  readonly discardedFills: number;
}

const HEARTBEAT_MS = 100;
const HEARTBEAT_TIMEOUT_MS = 250;
const ORIGIN_TIMEOUT_MS = 1000;
/** Clocks are read a little before or after what they are read for. */
const BOUND_SLACK_MS = 50;
const BOUND_MS = HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS + BOUND_SLACK_MS;
/** Far beyond every time-out and every time the origin stands still. */
const ANSWER_WITHIN_MS = 15_000;
const RECOVER_WITHIN_MS = 20_000;
const PROXIES = ["A", "B"];

/**
 * One run of the checker: clients of two proxies, and some of the origin itself, read and write a few keys, while
 * connections and the origin fail in every way; then all is put right, all keys are read once more, and the history
 * is judged.
 */
export async function runChecker(options: RunOptions): Promise<RunResult> {
  const { origin, seed, durationMs } = options;
  const seeds = new SeededRandom(seed);
  const nextSeed = (): number => seeds.below(2 ** 32);
  const recorder = new Recorder();
  const world: World = {
    keys: new Keys({ registers: 4, counters: 2 }),
    recorder,
    hasScripts: options.hasScripts,
    answerWithinMs: ANSWER_WITHIN_MS,
    isEnded: false,
  };
  const relays: Relay[] = [];
  const proxies: RunningProxy[] = [];
  try {
    for (const _ of PROXIES) {
      const relay = await Relay.start(origin.port, nextSeed());
      relays.push(relay);
      proxies.push(
        await startProxy({
          ...{ host: "127.0.0.1", port: 0, origin: `127.0.0.1:${relay.port}`, memoryBytes: 8 * 1024 ** 2 },
          ...{ heartbeatMs: HEARTBEAT_MS, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS },
          ...{ originTimeoutMs: ORIGIN_TIMEOUT_MS, unsafeSkipLeases: options.unsafeSkipLeases ?? false },
          random: new SeededRandom(nextSeed()),
        }),
      );
    }
    const sites = [
      ...PROXIES.map((site, i) => ({ site, port: proxies[i]!.port })),
      { site: ORIGIN, port: origin.port },
    ];
    const clients = sites.flatMap(({ site, port }): ClientKind[] => {
      const speaking =
        site === ORIGIN ? (["RESP2", "RESP3"] as const) : (["RESP2", "RESP2", "RESP3", "text"] as const);
      return speaking.map((speaks) => ({ site, port, speaks }));
    });
    const surroundings: Surroundings = {
      ...{ world, origin, relays, sites, isDurable: options.isDurable },
      ...{ random: new SeededRandom(nextSeed()), patienceMs: HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS },
    };
    const faults: FaultRecord[] = [];
    if (!options.hasFaults)
      for (const relay of relays) relay.setMode("down", { kind: "delay", minMs: 1, maxMs: 20 });
    setTimeout(() => {
      world.isEnded = true;
    }, durationMs);
    await Promise.all([
      ...clients.map((kind) => runClient(world, kind, nextSeed())),
      ...(options.hasFaults ? [NETWORK_FAULTS, PROCESS_FAULTS] : []).map((names) =>
        runFaults({ ...surroundings, random: new SeededRandom(nextSeed()) }, names, faults),
      ),
    ]);
    for (const { port } of sites) await answers(port);
    await Bun.sleep(BOUND_MS);
    for (const { site, port } of sites) {
      using client = await RespClient.connect({ port });
      await readAll(wireOf(world, site, new SeededRandom(nextSeed())), client);
    }
    const history = recorder.history(BOUND_MS);
    const sum = (counter: "hits" | "misses" | "coalesced" | "discardedFills"): number =>
      proxies.reduce((total, { proxy }) => total + proxy.stats[counter], 0);
    return {
      ...{ history, recorder, faults, violations: checkHistory(history) },
      ...{ hits: sum("hits"), misses: sum("misses"), coalesced: sum("coalesced") },
      discardedFills: sum("discardedFills"),
    };
  } finally {
    for (const proxy of proxies) await proxy.close();
    for (const relay of relays) relay[Symbol.dispose]();
  }
}

/** Waits until a proxy reaches its origin again. */
async function answers(port: number): Promise<void> {
  const deadlineMs = performance.now() + RECOVER_WITHIN_MS;
  for (;;) {
    using client = await RespClient.connect({ port });
    const reply = await client.ask("EXISTS", "nothing");
    if (reply === 0) return;
    if (performance.now() > deadlineMs) throw new Error(`port ${port} does not recover: ${String(reply)}`);
    await Bun.sleep(50);
  }
}
