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
  /** Name of the trace's format; by default it is detected from content and file name. */
  readonly format?: string | undefined;
  /** The columns of a table, as in `time=1,key=2,size=3,op=4,ttl=5`. */
  readonly columns?: string | undefined;
  /** Whether broken records are counted and left out; by default the first one is an error. */
  readonly skipBad?: boolean | undefined;
  /** Most records to read. */
  readonly limit?: number | undefined;
  /** If given, numbers the key family of each record. */
  readonly families?: KeyFamilies | undefined;
  /** Called at the end of each reading in which records were left out. */
  readonly onSkipped?: ((skipped: Skipped) => void) | undefined;
  /** The stream that `-` stands for; the process's standard input by default. */
  readonly standardInput?: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Opens a source of records.
 * @param text a file's name, `-` for standard input, or a generator such as `zipf(n=1000)`
 * @throws TraceError if it cannot be read or its format cannot be detected
 * @throws RangeError for an unknown format or generator, or malformed columns, limit or parameters
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
 * Checks, long before it is opened, whether a text names a trace or a workload at all.
 * @throws TraceError if it does not
 * @throws RangeError for malformed parameters
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
    throw new RangeError(`columns can be given for a table (csv), not for ${format.name}`);
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
    unpack: async (...raw) => (await import("./input/unpacking.ts")).unpacked(...raw),
    onSkipped: options.onSkipped,
  });
}

/** The first records of a source. Counts progress in records. */
function limited(source: RecordSource, limit: number): RecordSource {
  return {
    name: source.name,
    hasSizes: source.hasSizes,
    isRepeatable: source.isRepeatable,
    extent: limit,
    ...(source.interpretation !== undefined && { interpretation: source.interpretation }),
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
