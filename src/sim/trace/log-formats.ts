import { accessLog } from "./access-log.ts";
import { monitor } from "./monitor.ts";
import type { TraceFormat } from "./trace-format.ts";

/** Logs of servers; every format here has a bracket in its lines. */
export const LOG_FORMATS: readonly TraceFormat[] = [monitor, accessLog];
