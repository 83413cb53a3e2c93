import { TraceError } from "../records.ts";
import { arc } from "./arc.ts";
import { binaryKeys } from "./binary-keys.ts";
import { csv } from "./csv.ts";
import { keys } from "./keys.ts";
import { lirs } from "./lirs.ts";
import { monitor } from "./monitor.ts";
import { oracleGeneral } from "./oracle-general.ts";
import { recording } from "./recording.ts";
import type { TraceFormat, TraceHead } from "./trace-format.ts";
import { twitter } from "./twitter.ts";
import { vscsi } from "./vscsi.ts";

/** All formats; where several would take a trace, the first one does. */
export const TRACE_FORMATS: readonly TraceFormat[] = [
  recording,
  vscsi,
  oracleGeneral,
  monitor,
  twitter,
  csv,
  arc,
  lirs,
  keys,
  ...binaryKeys,
];

/** @throws RangeError naming those that are known */
export function formatNamed(name: string): TraceFormat {
  const format = TRACE_FORMATS.find((known) => known.name.toLowerCase() === name.toLowerCase());
  if (format === undefined)
    throw new RangeError(`unknown trace format "${name}"; known are ${formatNames()}`);
  return format;
}

/** Judges by content and file name. @param name the trace's, for people @throws TraceError when no format fits */
export function detectFormat(head: TraceHead, name: string): TraceFormat {
  const format = TRACE_FORMATS.find((known) => known.matches(head));
  if (format === undefined) {
    throw new TraceError(
      `${name}: its format cannot be told from its content; name it with --format: ${formatNames()}`,
    );
  }
  return format;
}

function formatNames(): string {
  return TRACE_FORMATS.map(({ name }) => name).join(", ");
}
