import { existsSync } from "node:fs";
import { type RecordSource, TraceError } from "../replay/records.ts";
import { fileBytes, streamBytes } from "./input/trace-bytes.ts";
import { TraceSource } from "./input/trace-source.ts";
import type { KeyFamilies } from "./key-families.ts";
import type { Columns } from "./trace/columns.ts";
import type { Skipped } from "./trace/faults.ts";
import { formatNamed } from "./trace/registry.ts";
import { parseSpecification } from "./workload/specification.ts";

export type { Skipped } from "./trace/faults.ts";

export interface SourceOptions {
  /** Name of a trace's format; else it is found out by content and file name. */
  readonly format?: string | undefined;
  /** Which column of a table is what, as in `time=1,key=2,size=3,op=4,ttl=5`. */
  readonly columns?: string | undefined;
  /** Broken records are counted and left out; else the first one is an error. */
  readonly skipBad?: boolean | undefined;
  /** How many records are read at most. */
  readonly limit?: number | undefined;
  /** Gives each record the number of its key's family. */
  readonly families?: KeyFamilies | undefined;
  /** Told at the end of each reading in which something was left out. */
  readonly onSkipped?: ((skipped: Skipped) => void) | undefined;
  /** What `-` stands for; else the process's standard input. */
  readonly standardInput?: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Opens what requests come from.
 * @param text a file's name, `-` for standard input, or a generator such as `zipf(n=1000)`
 * @throws TraceError when it cannot be read or its format cannot be told
 * @throws RangeError for an unknown format or generator, or columns, a limit or parameters out of form
 */
export async function openSource(text: string, options: SourceOptions = {}): Promise<RecordSource> {
  const { limit } = options;
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw new RangeError(`the limit must be a whole number of records from 1, not ${limit}`);
  }
  const source = await openUnlimited(text, options);
  return limit === undefined ? source : limited(source, limit);
}

/**
 * Long before it is opened: whether a text names a trace or a workload at all.
 * @throws TraceError where it does not @throws RangeError for parameters out of form
 */
export async function checkNamed(text: string): Promise<void> {
  if (text === "-" || existsSync(text) || parseSpecification(text) !== undefined) return;
  const { GENERATORS } = await import("./workload/generator.ts");
  const meant = GENERATORS.find(({ name }) => text === name || text.startsWith(`${name}(`));
  const hint = meant === undefined ? "" : `; a workload is written as ${meant.name}(n=1000)`;
  throw new TraceError(`${text}: there is no such file${hint}`);
}

async function openUnlimited(text: string, options: SourceOptions): Promise<RecordSource> {
  const columns: Columns | undefined =
    options.columns === undefined
      ? undefined
      : (await import("./trace/columns.ts")).parseColumns(options.columns);
  const format = options.format === undefined ? undefined : await formatNamed(options.format);
  if (columns !== undefined && format !== undefined && format.isTable !== true) {
    throw new RangeError(`columns are told of a table (csv), and not of ${format.name}`);
  }
  const isStandardInput = text === "-";
  if (!isStandardInput && !existsSync(text)) {
    const specification = parseSpecification(text);
    if (specification !== undefined) {
      const { openWorkload } = await import("./workload/workload.ts");
      return openWorkload(specification);
    }
  }
  const bytes = isStandardInput ? streamBytes(options.standardInput ?? process.stdin) : fileBytes(text);
  return TraceSource.open(bytes, {
    name: isStandardInput ? "standard input" : text,
    path: isStandardInput ? "" : text,
    format,
    columns,
    skipsBad: options.skipBad === true,
    families: options.families,
    onSkipped: options.onSkipped,
  });
}

/** The first records of a source. Progress is told in records. */
function limited(source: RecordSource, limit: number): RecordSource {
  return {
    name: source.name,
    hasSizes: source.hasSizes,
    isRepeatable: source.isRepeatable,
    extent: limit,
    ...(source.reading !== undefined && { reading: source.reading }),
    async read(consume, progress) {
      let left = limit;
      await source.read(async (batch) => {
        if (batch.count > left) batch.count = left;
        left -= batch.count;
        const goesOn = await consume(batch);
        progress?.(limit - left);
        return goesOn && left > 0;
      });
    },
  };
}
