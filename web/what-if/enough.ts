import type { WhatIfReport } from "../../src/instruments/view.ts";
import { ENOUGH_READS } from "../dashboard/verdict.ts";

/** Whether simulated caches have seen enough reads to be compared. */
export function isEnough(report: WhatIfReport | undefined): report is WhatIfReport {
  return report !== undefined && report.requests >= ENOUGH_READS;
}
