import type { ChannelsReport, ToldChannel } from "../../instruments/view.ts";
import type { ThreadTable } from "./thread-table.ts";

/**
 * Tells of each thread's channel to the origin.
 * @param nowMs the time base of the cache
 */
export function channelsReport(table: ThreadTable, nowMs: number): ChannelsReport {
  const boundMs = table.numbers.largest("stalenessBoundMs");
  const channels = Array.from({ length: table.count }, (_, thread) => channelOf(table, thread, nowMs));
  return { boundMs, channels };
}

/** Returns how long ago an answer proved that no invalidation is missing; undefined: the origin sends none. */
export function silenceMs(table: ThreadTable, thread: number, nowMs: number): number | undefined {
  const untilMs = table.provenUntilOf(thread);
  if (untilMs === Number.POSITIVE_INFINITY) return undefined;
  return Math.max(0, nowMs - (untilMs - table.numbers.of(thread, "stalenessBoundMs")));
}

function channelOf(table: ThreadTable, thread: number, nowMs: number): ToldChannel {
  const { numbers } = table;
  const silence = silenceMs(table, thread, nowMs);
  const micros = numbers.of(thread, "heartbeatMicros");
  return {
    thread,
    isUp: numbers.of(thread, "channelsDown") === 0 && nowMs <= table.provenUntilOf(thread),
    ...(silence !== undefined && { silenceMs: silence }),
    ...(micros > 0 && { roundTripMs: micros / 1000 }),
    pushes: numbers.of(thread, "pushInvalidations"),
    losses: numbers.of(thread, "channelLosses"),
  };
}
