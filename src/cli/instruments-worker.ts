import * as os from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { AdminListenError } from "../admin/http-listener.ts";
import { threadTime } from "../admin/processor-time.ts";
import { AdminServer } from "../admin/server.ts";
import type { FromInstruments, InstrumentsStart } from "../admin/thread-messages.ts";
import { PROXY_SERIES } from "../instruments/history-series.ts";
import { Instruments } from "../instruments/instruments.ts";
import { InstrumentsMemory } from "../instruments/instruments-memory.ts";
import { publishedHistograms } from "../instruments/published-metrics.ts";
import { answerQuestions, instrumentsChannel } from "../instruments/questions.ts";
import { systemClock } from "../lib/clock.ts";
import { steadyClockSince } from "../lib/steady-clock.ts";
import { parsePolicy } from "../policy/registry.ts";
import { proxyMetrics } from "../proxy/metrics.ts";
import { PUBLISHED } from "../proxy/published-numbers.ts";
import { ThreadTable } from "../proxy/threads/thread-table.ts";
import { Store } from "../store/store.ts";

/** How often the rings are read. They have room for far more. */
const TICK_MS = 20;
/** About how many words of events to read before requests of the admin port have their turn. */
const TICK_WORDS = 2 ** 16;
/** Below the service's own threads (`man 2 setpriority`): they go first if there is not enough processor time. */
const PRIORITY = 10;

/** The entry point of a worker: the thread of the instruments, which also serves the admin port. */
runInstruments(workerData as InstrumentsStart);

function runInstruments(start: InstrumentsStart): void {
  lowerPriority();
  const { source, settings, admin } = start;
  const clock = steadyClockSince(systemClock, source.clock);
  const time = threadTime();
  const store = Store.attach(source.store, start.holder);
  const threads = new ThreadTable(source.threads.buffer, source.threads.count);
  const nowMs = (): number => clock.monotonicMs();
  const instruments = new Instruments({
    service: "proxy",
    figures: {
      series: PROXY_SERIES,
      metrics: () => proxyMetrics({ threads, store, nowMs }),
      histograms: () => publishedHistograms(PUBLISHED, threads.numbers),
    },
    settings: { ...settings, policies: settings.policies.map(parsePolicy) },
    memory: new InstrumentsMemory(source.instruments),
    store,
    threadMs: time.readMs,
    nowMs,
    restartedMs: start.isRestart ? clock.monotonicMs() : undefined,
  });
  const stopAnswering = answerQuestions(instrumentsChannel(source.runId), instruments);
  let server: AdminServer | undefined;
  if (admin !== undefined) {
    try {
      server = AdminServer.open({ ...admin, view: instruments, clock: systemClock });
    } catch (error) {
      if (!(error instanceof AdminListenError)) throw error;
      tell({ type: "refused", message: error.message });
    }
  }
  const timer = setInterval(() => {
    const begunMs = systemClock.monotonicMs();
    if (instruments.tick(TICK_WORDS)) setImmediate(() => instruments.tick(TICK_WORDS));
    time.spent(systemClock.monotonicMs() - begunMs);
  }, TICK_MS);
  parentPort!.on("message", async () => {
    clearInterval(timer);
    stopAnswering();
    await server?.close();
    tell({ type: "ended" });
    parentPort!.close();
  });
  tell({ type: "ready", port: server?.port });
}

/** Where the system does not allow it, the instruments run like everything else. */
function lowerPriority(): void {
  try {
    // On Linux 0 means the present thread; elsewhere it would be the whole process.
    if (process.platform === "linux") os.setPriority(0, PRIORITY);
  } catch {
    // They keep to their budget all the same.
  }
}

function tell(message: FromInstruments): void {
  parentPort!.postMessage(message);
}
