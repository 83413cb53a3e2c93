import { arc } from "./arc.ts";
import { csv } from "./csv.ts";
import { keys } from "./keys.ts";
import { lirs } from "./lirs.ts";
import { monitor } from "./monitor.ts";
import type { TraceFormat } from "./trace-format.ts";
import { twitter } from "./twitter.ts";

/** Formats of texts alone; where several would take a trace, the first one does. */
export const TEXT_FORMATS: readonly TraceFormat[] = [
  monitor,
  twitter,
  arc,
  lirs,
  csv,
  keys,
];
