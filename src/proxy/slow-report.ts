import { notedArguments } from "../commands/shown-arguments.ts";
import type { SlowEntry } from "../instruments/slow-log.ts";
import { toldKey } from "../instruments/told-key.ts";
import type { SlowRequestsReport, ToldSlowRequest } from "../instruments/view.ts";
import { LiveSettings } from "./live-settings.ts";
import { RESULTS } from "./request-results.ts";
import type { ThreadTable } from "./threads/thread-table.ts";

/** Tells the latest slow requests of all threads. Any thread may ask. */
export function slowRequestsReport({ slowLog, common }: ThreadTable, count: number): SlowRequestsReport {
  const slowerThanMs = LiveSettings.read(common, "slowlog-slower-than");
  const limit = LiveSettings.read(common, "slowlog-entries");
  return {
    slowerThanMs: slowerThanMs === Number.POSITIVE_INFINITY ? null : slowerThanMs,
    limit,
    requests: slowLog.newest(Math.min(count, limit)).map(toldRequest),
  };
}

function toldRequest(entry: SlowEntry): ToldSlowRequest {
  const { id, endedAtMs, durationMs, result, body, clientAddress, clientName } = entry;
  return {
    ...{ id, endedAtMs, durationMs: rounded(durationMs), result: RESULTS[result]! },
    waits: waitsOf(entry),
    arguments: notedArguments(body).map((argument) => toldKey(argument)),
    ...{ clientAddress, clientName },
  };
}

/** Returns where the time went, in milliseconds; only what is not 0. */
export function waitsOf(entry: SlowEntry): ToldSlowRequest["waits"] {
  const {
    durationMs,
    originMs: origin,
    otherReadMs: otherRead,
    transferMs: transfer,
    fenceMs: fence,
  } = entry;
  const other = Math.max(0, durationMs - origin - otherRead - transfer - fence);
  const waits = Object.entries({ origin, otherRead, transfer, fence, other }).map(
    ([name, ms]) => [name, rounded(ms)] as const,
  );
  return Object.fromEntries(waits.filter(([, ms]) => ms > 0));
}

/** To a microsecond: floats have noise beyond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
