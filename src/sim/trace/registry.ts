import { unknownName } from "../../lib/nearest.ts";
import { TraceError } from "../../replay/records.ts";
import { binaryKeys } from "./binary-keys.ts";
import { lcs } from "./lcs.ts";
import { oracleGeneral } from "./oracle-general.ts";
import { recording } from "./recording.ts";
import type { TraceFormat, TraceHead } from "./trace-format.ts";
import { vscsi } from "./vscsi.ts";

const BINARY_FORMATS: readonly TraceFormat[] = [recording, lcs, vscsi, oracleGeneral];

/** All formats; if several match a trace, the first one is taken. */
export async function traceFormats(): Promise<readonly TraceFormat[]> {
  return [...BINARY_FORMATS, ...(await textFormats(true, true)), ...binaryKeys];
}

/**
 * Text formats. They are loaded only if one may be needed: loading takes as long as replaying a hundred thousand
 * requests.
 */
async function textFormats(hasBrackets: boolean, hasFields: boolean): Promise<readonly TraceFormat[]> {
  const logs = hasBrackets ? (await import("./log-formats.ts")).LOG_FORMATS : [];
  const published = hasFields ? (await import("./published-formats.ts")).PUBLISHED_FORMATS : [];
  const { TEXT_FORMATS } = await import("./text-formats.ts");
  return [...logs, ...published, ...TEXT_FORMATS];
}

function textFormatsFor({ lines }: TraceHead): Promise<readonly TraceFormat[]> {
  return textFormats(
    lines.some((line) => line.includes("[")),
    lines.some((line) => /[,\t ]/.test(line)),
  );
}

/** @throws RangeError naming the known formats */
export async function formatNamed(name: string): Promise<TraceFormat> {
  const formats = await traceFormats();
  const format = formats.find((known) => known.name.toLowerCase() === name.toLowerCase());
  if (format === undefined) {
    const names = formats.map((known) => known.name);
    throw new RangeError(unknownName("trace format", name, names));
  }
  return format;
}

/**
 * Detects the format by content and file name.
 * @param name the trace's name, for messages
 * @throws TraceError if no format matches
 */
export async function detectFormat(head: TraceHead, name: string): Promise<TraceFormat> {
  const formats = [...BINARY_FORMATS, ...(head.isText ? await textFormatsFor(head) : []), ...binaryKeys];
  const format = formats.find((known) => known.matches(head));
  if ((format === undefined || format.takesAnyText === true) && !head.hasColumns) {
    const { otherThanTrace } = await import("./not-a-trace.ts");
    const other = otherThanTrace(head);
    const hint = head.isText ? "; if each line is one key nevertheless: --format keys" : "";
    if (other !== undefined) throw new TraceError(`${name}: this is not a trace, but ${other}${hint}`);
  }
  if (format === undefined) {
    throw new TraceError(
      `${name}: its format cannot be detected from its content${head.isText ? "" : ", which is not text"}; give it with --format: ${namesOf(await traceFormats())}`,
    );
  }
  return format;
}

function namesOf(formats: readonly TraceFormat[]): string {
  return formats.map(({ name }) => name).join(", ");
}
