import type { RecordSource } from "../replay/records.ts";
import type { KeyFamilies } from "../sim/key-families.ts";
import { needsTwoPasses } from "../sim/runner.ts";
import { openSource, type Skipped, type SourceOptions } from "../sim/source.ts";
import { countOf } from "./count-text.ts";
import { UsageError } from "./exit.ts";
import type { RepeatableInput } from "./repeatable-input.ts";
import type { Labels, Values } from "./simulate-settings.ts";

/**
 * Options that apply to all traces.
 * @param onSkipped called after each reading in which records were left out
 */
export function sourceOptions(
  { format, columns, skipBad, limit }: Values,
  families: KeyFamilies | undefined,
  onSkipped: (skipped: Skipped) => void,
): SourceOptions {
  return { format, columns, skipBad, limit, families, onSkipped };
}

/** @param input copy of standard input, if it is read more than once */
export async function openTrace(
  trace: string,
  options: SourceOptions,
  input: RepeatableInput | undefined,
): Promise<RecordSource> {
  return refusing(() => (input === undefined ? openSource(trace, options) : input.open(options)));
}

/**
 * Checks the options for all traces, before any trace is opened.
 * @throws UsageError
 */
export async function checkTold({ format, columns }: Values, labels: Labels): Promise<void> {
  if (format !== undefined) {
    const { formatNamed } = await import("../sim/trace/registry.ts");
    await refusing(() => formatNamed(format), `${labels.format}: `);
  }
  if (columns !== undefined) {
    const { parseColumns } = await import("../sim/trace/columns.ts");
    await refusing(async () => parseColumns(columns), `${labels.columns}: `);
  }
}

/**
 * Runs `work`, and turns its RangeErrors into wrong usage.
 * @throws UsageError for anything unknown or malformed
 */
export async function refusing<T>(work: () => Promise<T>, about = ""): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`${about}${error.message}`) : error;
  }
}

export function describeSkipped({ name }: RecordSource, { bad, firstBad, ignoredKinds }: Skipped): string {
  const parts: string[] = [];
  if (bad > 0) parts.push(`${countOf(bad, "broken record")} skipped, the first: ${firstBad}`);
  for (const [what, count] of ignoredKinds) parts.push(`${count.toLocaleString("en")} left out: ${what}`);
  return `${name}: ${parts.join("; ")}`;
}

/** Whether a trace must be read more than once. */
export async function isReadAgain(values: Values): Promise<boolean> {
  if (values.mrc) return values.compare;
  if (values.sample === undefined) {
    return needsTwoPasses({ policies: values.policy.policies, sizes: values.size });
  }
  const { needsRepeatable } = await import("../sim/sampled-run.ts");
  return values.compare || needsRepeatable(values.policy);
}

export async function repeatable(): Promise<RepeatableInput> {
  const { RepeatableInput } = await import("./repeatable-input.ts");
  return new RepeatableInput(process.stdin);
}
