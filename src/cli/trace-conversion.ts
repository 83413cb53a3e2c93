import type { Skipped } from "../sim/source.ts";
import { countOf } from "./count-text.ts";
import { EXIT_DONE, UsageError } from "./exit.ts";
import { type Labels, STANDARD_INPUT, type Values } from "./simulate-settings.ts";
import { PlainOutput } from "./standard-output.ts";
import { formatOfName, printTrace, writeTraceFile } from "./trace-file.ts";
import { describeSkipped, openTrace, sourceOptions } from "./trace-input.ts";

/** `--write`: converts a trace to another format instead of simulating it. */
export async function writeOut(
  path: string,
  values: Values,
  labels: Labels,
  traces: readonly string[],
): Promise<number> {
  const format = values.writeFormat ?? formatOfName(path);
  if (format === undefined) {
    throw new UsageError(`${labels.writeFormat}: the name "${path}" does not tell it, so it must be given`);
  }
  const [trace, ...others] = traces;
  if (others.length > 0)
    throw new UsageError(`${labels.write}: writes one trace, and ${traces.length} are named`);
  let skipped: Skipped | undefined;
  const options = sourceOptions(values, undefined, (told) => {
    skipped = told;
  });
  const source = await openTrace(trace!, options, undefined);
  const { records, leftOut } =
    path === STANDARD_INPUT
      ? await printTrace(source, new PlainOutput(), format)
      : await writeTraceFile(source, path, format);
  const read = source.interpretation === undefined ? "" : ` (${source.interpretation.description})`;
  const notes = [`${source.name}: ${countOf(records, "request")} written as ${format}${read}`];
  if (leftOut > 0)
    notes.push(
      `${leftOut.toLocaleString("en")} ${format === "recording" ? "new times to live" : "writes and deletes"} left out, which it cannot hold`,
    );
  process.stderr.write(`glasscache simulate: ${notes.join("; ")}\n`);
  const doubt = source.interpretation?.doubt;
  if (doubt !== undefined) process.stderr.write(`glasscache simulate: ${source.name}: ${doubt}\n`);
  if (skipped !== undefined)
    process.stderr.write(`glasscache simulate: ${describeSkipped(source, skipped)}\n`);
  return EXIT_DONE;
}
