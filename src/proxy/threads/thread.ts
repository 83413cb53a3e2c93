import { parentPort, workerData } from "node:worker_threads";
import { Users } from "../../commands/acl/users.ts";
import { InstrumentsMemory } from "../../instruments/instruments-memory.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { SharedText } from "../../lib/shared-text.ts";
import { steadyClockSince } from "../../lib/steady-clock.ts";
import { Listener } from "../../net/listener.ts";
import { ListenError } from "../../net/listening-sockets.ts";
import { hashPassword } from "../../net/password-hash.ts";
import { Store } from "../../store/store.ts";
import { giveBeats } from "../beats.ts";
import { publishRegularly } from "../counters.ts";
import { CachingProxy } from "../proxy.ts";
import { sweepInSteps } from "../start.ts";
import { keepWarm } from "../warm/warmth.ts";
import { FlightClaims } from "./flight-claims.ts";
import { carryOut, type OrderedThread } from "./orders.ts";
import { Peers } from "./peers.ts";
import { SharedRegistry } from "./shared-registry.ts";
import type { FromThread, ThreadStart, ToThread } from "./thread-messages.ts";
import { ThreadTable } from "./thread-table.ts";

/**
 * The entry point of a worker: one thread of the proxy, with its own event loop, clients and connections to the
 * origin.
 */
runThread(workerData as ThreadStart);

function runThread(start: ThreadStart): void {
  const { settings, count, index, limits } = start;
  const threads = new ThreadTable(start.table, count);
  const registry = new SharedRegistry(threads, index);
  const clock = steadyClockSince(systemClock, start.clock);
  const log = logOver();
  const store = Store.attach(start.store, start.holder);
  const instruments = start.instruments && new InstrumentsMemory(start.instruments);
  const proxy = new CachingProxy({
    settings,
    limits,
    users: new Users(hashPassword, settings.password, new SharedText(start.users)),
    store,
    clock,
    random: systemRandom,
    log,
    setLogLevel: (level) => tell({ type: "log-level", level }),
    instruments,
    registry,
    threads,
    index,
    runId: start.runId,
    startedAtMs: start.startedAtMs,
    originMemory: start.originMemory,
    claims: new FlightClaims(start.claims, index),
    joinPeers: (answer) => {
      const peers = new Peers(start.channelName, index, threads, answer);
      // From now on the others wait for this thread's answers.
      threads.setAlive(index);
      return peers;
    },
  });
  let listener: Listener;
  try {
    listener = Listener.open({
      host: start.host,
      port: start.port,
      tls: start.tls,
      service: proxy,
      registry,
      limits: proxy.limits,
      clock,
      log,
      respOnly: start.respOnly,
      sharesPort: true,
      users: proxy.host.access.users,
    });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    tell({ type: "refused", message: error.message, code: error.code });
    proxy.close();
    return;
  }
  proxy.ports = listener;
  const stopSweeping = sweepInSteps(store, clock, count);
  const drains = instruments && giveBeats(proxy, instruments);
  const stopPublishing = publishRegularly(proxy, index);
  const warmth = keepWarm(proxy, log);
  const thread: OrderedThread = {
    ...{ proxy, listener, log, tell, warmth },
    beginDrain: () => drains?.(),
    stop: () => {
      stopPublishing();
      stopSweeping();
    },
    leave: () => parentPort!.close(),
  };
  parentPort!.on("message", (order: ToThread) => carryOut(order, thread));
  tell({ type: "listening", port: listener.port, tlsPort: listener.tlsPort });
}

function tell(message: FromThread): void {
  parentPort!.postMessage(message);
}

/** Returns a log that sends messages to the supervisor, which has the real one. */
function logOver(): Log {
  const at =
    (level: "info" | "warn" | "error") =>
    (fields: object | string, message?: string): void =>
      tell({ type: "log", level, message: typeof fields === "string" ? fields : (message ?? "") });
  return { info: at("info"), warn: at("warn"), error: at("error") };
}
