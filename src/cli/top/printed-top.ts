import { HOT_BY } from "../../instruments/view.ts";
import type { Clock } from "../../lib/clock.ts";
import { CounterLog } from "./counter-log.ts";
import { NoAnswer, type Reader, type Wanted } from "./readings.ts";
import { retryDelayMs, troubleText } from "./retry.ts";
import { topJson } from "./top-json.ts";
import { safeReadings, screenText } from "./top-screen.ts";
import { type TopState, wantedBy } from "./top-state.ts";

const EVERYTHING: Wanted = { whatIf: true, hot: HOT_BY, families: true };

export interface PrintedTopOptions {
  readonly address: string;
  readonly reader: Reader;
  readonly state: TopState;
  readonly json: boolean;
  /** Whether to end after one screen. */
  readonly once: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly clock: Clock;
  /** Resolves after so many milliseconds, earlier if the program is to end. */
  readonly wait: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly print: (text: string) => Promise<void>;
  readonly warn: (text: string) => void;
}

/**
 * Prints screens as text, or as JSON, one for each interval. The first one comes after an interval, so that there are
 * rates.
 * @throws FailedError, and NoAnswer if it comes before the first screen
 */
export async function printTop(options: PrintedTopOptions): Promise<void> {
  const { address, reader, state, json, once, clock, signal } = options;
  const log = new CounterLog();
  const nothing: Wanted = { whatIf: false, hot: [], families: false };
  const first = await reader.read(nothing, signal);
  log.add(first.counters.metrics, clock.monotonicMs());
  const biography = state.key === "" ? undefined : state.key;
  let failures = 0;
  for (let isFirst = true; ; ) {
    await options.wait(failures === 0 ? state.intervalMs : retryDelayMs(failures, state.intervalMs));
    if (signal.aborted) return;
    try {
      const readings = await reader.read(json ? { ...EVERYTHING, biography } : wantedBy(state), signal);
      log.add(readings.counters.metrics, clock.monotonicMs());
      failures = 0;
      const picture = { address, readings: safeReadings(readings), log, state, trouble: undefined };
      const text = json
        ? `${topJson(address, readings, log)}\n`
        : `${isFirst ? "" : "\n"}${screenText(picture, options.columns, options.rows)}`;
      await options.print(text);
      isFirst = false;
      if (once) return;
    } catch (error) {
      if (signal.aborted) return;
      if (once || !(error instanceof NoAnswer)) throw error;
      failures++;
      options.warn(troubleText(error.message, retryDelayMs(failures, state.intervalMs)));
    }
  }
}
