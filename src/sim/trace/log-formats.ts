import { accessLog } from "./access-log.ts";
import { monitor } from "./monitor.ts";
import type { TraceFormat } from "./trace-format.ts";

/** What programs write while they serve requests; every one of these has a bracket in its lines. */
export const LOG_FORMATS: readonly TraceFormat[] = [monitor, accessLog];
