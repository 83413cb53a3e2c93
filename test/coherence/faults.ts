import type { SeededRandom } from "../../src/lib/random.ts";
import type { Supervisor } from "../../src/proxy/threads/supervisor.ts";
import type { RunningServer } from "../support/origins.ts";
import type { Relay } from "../support/relay.ts";
import { RespClient } from "../support/resp-client.ts";
import type { World } from "./client.ts";
import { NOBODY, type Site } from "./history.ts";
import { RELAY_FAULTS } from "./relay-faults.ts";

export interface Surroundings {
  readonly world: World;
  readonly origin: RunningServer;
  readonly sites: readonly { readonly site: Site; readonly port: number }[];
  /** Between each proxy and the origin. */
  readonly relays: readonly Relay[];
  /** The proxies that have several threads. */
  readonly threaded: readonly Supervisor[];
  readonly random: SeededRandom;
  /** Whether the origin still has its data after it was killed. */
  readonly isDurable: boolean;
  /** About how long something must be silent to be taken for dead. */
  readonly patienceMs: number;
}

/** Does one thing that goes wrong in the world, and puts it right again. */
type Fault = (surroundings: Surroundings) => Promise<void>;

/** Every kind of fault, by name. */
export const FAULTS = {
  fin: onSomeRelay("fin"),
  rst: onSomeRelay("rst"),
  slow: onSomeRelay("slow"),
  fragments: onSomeRelay("fragments"),
  stall: onSomeRelay("stall"),
  swallow: onSomeRelay("swallow"),

  /** The origin ends connections, those of proxies and others. */
  async clientKill({ origin, random }) {
    using client = await RespClient.connect({ port: origin.port });
    const list = String(await client.must("CLIENT", "LIST"));
    const ids = [...list.matchAll(/^id=(\d+)/gm)].map((match) => match[1]!);
    for (let i = 0; i < 3; i++) await client.ask("CLIENT", "KILL", "ID", random.pick(ids));
  },

  /** The origin stands still for a while. */
  async sigstop({ origin, random, patienceMs }) {
    origin.program.signal("SIGSTOP");
    await Bun.sleep(random.below(patienceMs * 2));
    origin.program.signal("SIGCONT");
  },

  /** The origin dies and comes back, with its data or without. */
  async sigkill({ world, origin, isDurable, random }) {
    if (isDurable) {
      await origin.kill();
      await Bun.sleep(random.below(100));
      await origin.restart();
      return;
    }
    const loss = beginLoss(world);
    await origin.kill();
    await Bun.sleep(random.below(100));
    await origin.restart();
    loss.happened(NOBODY, "restart");
  },

  /** Everything is deleted at once, through a proxy or at the origin, while nobody writes. */
  async flush({ world, origin, sites, relays, random, patienceMs }) {
    const { keys } = world;
    keys.pause();
    while (keys.registers.some(({ isLocked }) => isLocked)) await Bun.sleep(1);
    const { site, port } = random.pick(sites);
    using client = await connect(port);
    const loss = beginLoss(world);
    const isDone = (await client.ask("FLUSHALL").catch(() => undefined)) === "OK";
    if (isDone) {
      loss.happened(site, "FLUSHALL");
    } else {
      // It must not happen later: what is still on its way through a relay is lost, what has arrived is executed.
      for (const relay of relays) relay.cut("rst");
      await Bun.sleep(patienceMs);
      await hasReadAll(origin);
      loss.mayHaveHappened();
    }
    keys.resume();
  },

  /** One of a proxy's threads dies. */
  async threadKill({ threaded, random }) {
    const supervisor = random.pick(threaded);
    await supervisor.killThread(random.below(supervisor.threadCount));
    await Bun.sleep(random.below(500));
  },
} satisfies Record<string, Fault>;

const CONNECT_WITHIN_MS = 20_000;

export const NETWORK_FAULTS: readonly FaultName[] = ["fin", "rst", "slow", "fragments", "stall", "swallow"];
export const PROCESS_FAULTS: readonly FaultName[] = ["clientKill", "sigstop", "sigkill", "flush"];
/** Only for proxies of several threads. */
export const THREAD_FAULTS: readonly FaultName[] = ["threadKill"];
export type FaultName = keyof typeof FAULTS;

export interface FaultRecord {
  readonly name: FaultName;
  readonly startMs: number;
  readonly endMs: number;
}

/** Lets faults of these kinds happen one after the other, each kind as often as the others, until the world ends. */
export async function runFaults(
  surroundings: Surroundings,
  names: readonly FaultName[],
  happened: FaultRecord[],
): Promise<void> {
  const { world, random } = surroundings;
  let coming: FaultName[] = [];
  while (!world.isEnded) {
    if (coming.length === 0) coming = [...names];
    const [name] = coming.splice(random.below(coming.length), 1);
    const startMs = world.recorder.nowMs();
    await FAULTS[name!](surroundings);
    happened.push({ name: name!, startMs, endMs: world.recorder.nowMs() });
    // Time in between for connections to be set up again, and for caches to fill.
    await Bun.sleep(100 + random.below(500));
  }
}

/**
 * Waits until the origin has executed all requests that its sockets held. However slow it is, it reads its sockets in
 * turn: a new one is accepted, and read, after those that were ready before.
 */
async function hasReadAll({ port }: RunningServer): Promise<void> {
  using client = await connect(port);
  await client.must("PING");
}

/** Connects as soon as anybody listens: all threads of a proxy may have died at once. */
async function connect(port: number): Promise<RespClient> {
  const deadlineMs = performance.now() + CONNECT_WITHIN_MS;
  for (;;) {
    try {
      return await RespClient.connect({ port });
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await Bun.sleep(20);
    }
  }
}

/** A fault on the way between one of the proxies and the origin. */
function onSomeRelay(name: keyof typeof RELAY_FAULTS): Fault {
  return ({ relays, random, patienceMs }) => RELAY_FAULTS[name](random.pick(relays), random, patienceMs);
}

/**
 * All keys are about to be lost. Of registers that nobody writes at this moment it can be said when; of the others,
 * of counters and of keys without writers, nothing can be told any more.
 */
function beginLoss({ keys, recorder }: World): Loss {
  const startMs = recorder.nowMs();
  const free = keys.lockAll();
  const written = keys.registers.filter((register) => !free.includes(register)).map(({ key }) => key);
  for (const key of [...written, ...keys.counters, ...keys.forgetRetired()]) recorder.cutOff(key);
  for (const key of keys.fleeting) recorder.ignore(key);
  keys.isLosing = true;
  const isOver = (): void => {
    keys.isLosing = false;
    for (const key of keys.fleeting) recorder.ignore(key);
    keys.retireCounters();
    keys.forgetRetired();
  };
  return {
    happened(site, how) {
      isOver();
      for (const register of free) {
        recorder.loss(register.key, register.nextVersion(), site, startMs, recorder.nowMs(), how);
        register.holds = "nothing";
        keys.unlock(register);
      }
    },
    mayHaveHappened() {
      isOver();
      for (const register of free) {
        recorder.cutOff(register.key, startMs);
        keys.retire(register);
        keys.unlock(register);
      }
      keys.forgetRetired();
    },
  };
}

interface Loss {
  happened(site: Site, how: string): void;
  /** It is over, and nobody knows whether it has happened. */
  mayHaveHappened(): void;
}
