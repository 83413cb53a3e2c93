import { accessLog } from "./access-log.ts";
import { arc } from "./arc.ts";
import { csv } from "./csv.ts";
import { keys } from "./keys.ts";
import { KNOWN_TABLES } from "./known-tables.ts";
import { lirs } from "./lirs.ts";
import { monitor } from "./monitor.ts";
import type { TraceFormat } from "./trace-format.ts";
import { twitter } from "./twitter.ts";

/** Formats of texts alone; where several would take a trace, the first one does. */
export const TEXT_FORMATS: readonly TraceFormat[] = [
  monitor,
  accessLog,
  twitter,
  ...KNOWN_TABLES,
  arc,
  lirs,
  csv,
  keys,
];
