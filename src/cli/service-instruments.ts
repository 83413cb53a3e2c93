import { threadTime } from "../admin/processor-time.ts";
import type { InstrumentsStart } from "../admin/thread-messages.ts";
import { PROXY_SERIES, SERVER_SERIES } from "../instruments/history-series.ts";
import { Instruments } from "../instruments/instruments.ts";
import { InstrumentsMemory } from "../instruments/instruments-memory.ts";
import type { ProxySource, ServerSource } from "../instruments/instruments-source.ts";
import { NumberInstruments } from "../instruments/number-instruments.ts";
import { answerQuestions, instrumentsChannel } from "../instruments/questions.ts";
import { ThreadBeats } from "../instruments/thread-beats.ts";
import { ThreadNumbers } from "../instruments/thread-numbers.ts";
import { ThreadQuestions, threadsChannel } from "../instruments/thread-questions.ts";
import type { InstrumentsView } from "../instruments/view.ts";
import { systemClock } from "../lib/clock.ts";
import { steadyClockSince } from "../lib/steady-clock.ts";
import { parsePolicy } from "../policy/registry.ts";
import { LiveSettings } from "../proxy/live-settings.ts";
import { PROXY_METRICS, proxyMetrics } from "../proxy/metrics.ts";
import { slowRequestsReport } from "../proxy/slow-report.ts";
import { channelsReport } from "../proxy/threads/channels-report.ts";
import { ThreadTable } from "../proxy/threads/thread-table.ts";
import { SERVER_METRICS, serverMetrics } from "../server/numbers.ts";
import { PUBLISHED_SHAPE as SERVER_SHAPE } from "../server/published-numbers.ts";
import { Store } from "../store/store.ts";

/** The instruments of a service, and what keeps them going. */
export interface OpenInstruments {
  readonly view: InstrumentsView;
  /** Reads what has come. @returns whether there may be more */
  tick(): boolean;
  close(): void;
}

/** The settings of a proxy that the admin port may change, besides the policy: what it measures. */
const LIVE_HERE = ["audit", "slowlog-slower-than", "slowlog-entries"];

/** About how many words of events to read before requests of the admin port have their turn. */
const TICK_WORDS = 2 ** 16;

export function openInstruments(start: InstrumentsStart): OpenInstruments {
  const { source } = start;
  return source.kind === "proxy" ? openOfProxy(source, start) : openOfServer(source, start);
}

function openOfProxy(
  source: ProxySource,
  { settings, holder, isRestart }: InstrumentsStart,
): OpenInstruments {
  const clock = steadyClockSince(systemClock, source.clock);
  const nowMs = (): number => clock.monotonicMs();
  const time = threadTime();
  const store = Store.attach(source.store, holder);
  const threads = new ThreadTable(source.threads.buffer, source.threads.count);
  const { numbers } = threads;
  const questions = new ThreadQuestions(threadsChannel(source.runId), threads.count);
  const view = new Instruments({
    service: "proxy",
    figures: {
      series: PROXY_SERIES,
      brokenPromises: () => numbers.sum("auditsBroken"),
      keysRead: () => {
        const coalesced = numbers.sum("coalesced");
        return { hits: numbers.sum("hits") + coalesced, misses: numbers.sum("misses") - coalesced };
      },
      metrics: () => proxyMetrics({ threads, store, nowMs }),
      histograms: () => PROXY_METRICS.histograms(numbers),
      channels: () => channelsReport(threads, nowMs()),
    },
    threads: questions,
    live: {
      names: LIVE_HERE,
      show: (name) => LiveSettings.show(threads.common, name),
      change: (name, value) => LiveSettings.change(threads.common, name, value),
    },
    slowRequests: (count) => slowRequestsReport(threads, count),
    settings: { ...settings, policies: settings.policies.map(parsePolicy) },
    memory: new InstrumentsMemory(source.instruments),
    ...{
      store,
      nowMs,
      threadMs: time.readMs,
      clockMs: systemClock.monotonicMs,
      collectGarbage: () => Bun.gc(true),
      restartedMs: isRestart ? nowMs() : undefined,
    },
  });
  const stopAnswering = answerQuestions(instrumentsChannel(source.runId), view);
  const tick = (): boolean => {
    const begunMs = systemClock.monotonicMs();
    const hasMore = view.tick(TICK_WORDS);
    time.spent(systemClock.monotonicMs() - begunMs);
    return hasMore;
  };
  return {
    ...{ view, tick },
    close() {
      stopAnswering();
      questions.close();
    },
  };
}

function openOfServer(source: ServerSource, { isRestart }: InstrumentsStart): OpenInstruments {
  const clock = steadyClockSince(systemClock, source.clock);
  const nowMs = (): number => clock.monotonicMs();
  const numbers = new ThreadNumbers(SERVER_SHAPE, 1, source.numbers, 0);
  const view = new NumberInstruments({
    service: "server",
    figures: {
      series: SERVER_SERIES,
      metrics: () => serverMetrics(source.numbers),
      histograms: () => SERVER_METRICS.histograms(numbers),
    },
    beats: new ThreadBeats(source.beats, 0, 1),
    ...{ nowMs, restartedMs: isRestart ? nowMs() : undefined },
  });
  return { view, tick: () => view.tick(), close() {} };
}
