import { parentPort, workerData } from "node:worker_threads";
import { Users } from "../../commands/acl/users.ts";
import { InstrumentsMemory } from "../../instruments/instruments-memory.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { SharedText } from "../../lib/shared-text.ts";
import { steadyClockSince } from "../../lib/steady-clock.ts";
import { Listener, tellOfDrain } from "../../net/listener.ts";
import { ListenError } from "../../net/listening-sockets.ts";
import { hashPassword } from "../../net/password-hash.ts";
import { Store } from "../../store/store.ts";
import { giveBeats } from "../beats.ts";
import { publishRegularly } from "../counters.ts";
import { CachingProxy } from "../proxy.ts";
import { changeSettings } from "../settings-change.ts";
import { sweepInSteps } from "../start.ts";
import { keepWarm } from "../warm/warmth.ts";
import { FlightClaims } from "./flight-claims.ts";
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
  parentPort!.on("message", async (message: ToThread) => {
    if (message.type === "tls") {
      listener.replaceTls(message.settings);
      return;
    }
    if (message.type === "users") {
      const { access } = proxy.host;
      access.adopt();
      await access.peers?.adopt();
      tell({ type: "changed", id: message.id, problem: undefined });
      return;
    }
    if (message.type === "change") {
      const { id } = message;
      const problem = await changeSettings(proxy, message.changes).then(
        () => undefined,
        (error: Error) => error.message,
      );
      tell({ type: "changed", id, problem });
      return;
    }
    if (message.type === "origin-access") {
      Object.assign(proxy.settings, message.access);
      return;
    }
    if (message.type === "end") {
      stopPublishing();
      stopSweeping();
      proxy.close();
      await proxy.recorder?.close();
      tell({ type: "ended" });
      parentPort!.close();
      return;
    }
    drains?.();
    const saved = warmth?.finish();
    tellOfDrain(await listener.drain(message.forMs), log);
    await saved;
    tell({ type: "drained" });
  });
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
