import { formatPolicy, type PolicyChoice, parsePolicy, policyNames } from "../cache/registry.ts";
import { systemClock } from "../lib/clock.ts";
import { CURVE_SIZES, DEFAULT_SIZES, parseCacheSizes } from "../sim/cache-size.ts";
import { checkPrefixEnds, DEFAULT_PREFIX_ENDS, KeyFamilies } from "../sim/key-families.ts";
import type { RecordSource } from "../sim/records.ts";
import { needsTwoPasses, type Pass, type ResultRow, run } from "../sim/runner.ts";
import { checkNamed, openSource, type Skipped, type SourceOptions } from "../sim/source.ts";
import { WRITTEN_FORMATS, writtenFormatNamed } from "../sim/written-format.ts";
import type { Config } from "./config.ts";
import type { EstimateResult } from "./estimate.ts";
import { EXIT_DONE, FailedError, UsageError } from "./exit.ts";
import type { PassProgress } from "./pass-progress.ts";
import type { RepeatableInput } from "./repeatable-input.ts";
import type { TraceFacts } from "./report-files.ts";
import { csvHeader, formatCsvLines, formatJsonLines } from "./result-lines.ts";
import { describeRate, parseSample } from "./sample.ts";
import { choice, count, optionalSetting, setting, switchSetting, text, threads } from "./setting.ts";
import { PlainOutput, terminal } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";

const CACHES = "Caches:";
const TRACE = "Trace:";
const COUNTING = "Counting:";
const SAMPLING = "Curves and samples:";
const OUTPUT = "Output:";

const DEFAULT_POLICIES = "fifo,lru,sieve,s3-fifo,w-tinylfu,belady";
const STANDARD_INPUT = "-";
/** Width of tables where the output is no terminal, or one that does not know how wide it is. */
const PLAIN_COLUMNS = 120;

const SETTINGS = {
  policy: setting(readPolicies, DEFAULT_POLICIES, {
    placeholder: "<names>",
    description: `policies, with parameters as s3-fifo(small=0.2), or "all": ${policyNames().join(", ")}`,
    group: CACHES,
  }),
  size: setting(parseCacheSizes, DEFAULT_SIZES, {
    placeholder: "<sizes>",
    description: "entries as 1000, bytes as 64mb, or a share of the working set as 1%",
    group: CACHES,
  }),
  ignoreSize: switchSetting({
    description: "count every object as 1, whatever the trace says of its size",
    group: CACHES,
  }),
  writes: setting(choice("store", "drop"), "store", {
    placeholder: "<effect>",
    description: "what a write does: store the object in the cache, or drop an older one from it",
    group: CACHES,
  }),
  seed: setting(count({ most: "4294967295" }), "1", {
    placeholder: "<number>",
    description: "for policies that draw at random",
    group: CACHES,
  }),
  format: optionalSetting(text(), {
    placeholder: "<name>",
    description: "format of the traces, where it cannot be found out",
    group: TRACE,
  }),
  columns: optionalSetting(text(), {
    placeholder: "<columns>",
    description: "columns of a CSV trace, as time=1,key=2,size=3,op=4,ttl=5",
    group: TRACE,
  }),
  skipBad: switchSetting({
    description: "pass over records that cannot be read, and tell how many there were",
    group: TRACE,
  }),
  limit: optionalSetting(count({ least: "1" }), {
    placeholder: "<records>",
    description: "only so many records from the beginning",
    group: TRACE,
  }),
  warmup: setting(count(), "0", {
    placeholder: "<records>",
    description: "so many records at the beginning fill the caches and are not counted",
    group: COUNTING,
  }),
  window: optionalSetting(count({ least: "1" }), {
    placeholder: "<records>",
    description: "miss ratio over time: for every so many records",
    group: COUNTING,
  }),
  byPrefix: switchSetting({
    description: "which family of keys misses, for traces of texts",
    group: COUNTING,
  }),
  prefixEnds: optionalSetting(readPrefixEnds, {
    placeholder: "<characters>",
    description: `each of which ends a key's prefix; without this ${DEFAULT_PREFIX_ENDS}`,
    group: COUNTING,
  }),
  mrc: switchSetting({
    description:
      "the curve of LRU alone, all sizes in one pass, whatever policies are named; without --size " +
      "some 80 of them from 0.01% to 100% in charts, JSON and CSV",
    group: SAMPLING,
  }),
  sample: optionalSetting(parseSample, {
    placeholder: "<sample>",
    description: "estimate from a share of the keys, as 0.01 or 1%, or from so many of them, as 8192",
    group: SAMPLING,
  }),
  compare: switchSetting({
    description: "set estimates against exact simulation: mean absolute error",
    group: SAMPLING,
  }),
  check: switchSetting({
    description: "check the invariants of every cache at the end: for who has changed a policy",
    group: COUNTING,
  }),
  json: switchSetting({ description: "print one JSON object for each cache", group: OUTPUT }),
  csv: switchSetting({ description: "print comma-separated values", group: OUTPUT }),
  svg: optionalSetting(text(), {
    placeholder: "<file>",
    description: "draw the miss ratio over the size into this file",
    group: OUTPUT,
  }),
  html: optionalSetting(text(), {
    placeholder: "<file>",
    description: "write a page with charts, a table and what was run into this file",
    group: OUTPUT,
  }),
  write: optionalSetting(text(), {
    placeholder: "<file>",
    description: "simulate nothing: write the trace or workload into a new file, or - for standard output",
    group: OUTPUT,
  }),
  writeFormat: optionalSetting(writtenFormatNamed, {
    placeholder: "<name>",
    description: `its format, where the file's name does not tell: ${WRITTEN_FORMATS.join(", ")}`,
    group: OUTPUT,
  }),
  threads: setting(threads(), "auto", {
    placeholder: "<count>",
    description: "how many to use at most; auto: as many as there are processors",
  }),
};

type Values = Config<typeof SETTINGS>["values"];
type Labels = Config<typeof SETTINGS>["labels"];
type Ranks = Config<typeof SETTINGS>["ranks"];

export const simulate = subcommand({
  name: "simulate",
  summary: "replay a trace: which policy, how much memory",
  description:
    "Replays traces (files, - for standard input, or generators such as zipf(n=100000,alpha=1)) through simulated " +
    "caches, the very policies of the proxy, and tells how much each of them misses at each size.",
  operands: "<trace...>",
  optionsBehindOperands: true,
  examples: [
    [
      "glasscache simulate access.csv.zst --columns key=2",
      "the usual policies, from 0.1% of the working set up",
    ],
    [
      "glasscache simulate keys.txt --policy lru,s3-fifo(small=0.2),belady --size 1%,1000,64mb",
      "these policies at these sizes",
    ],
    [
      "glasscache simulate keys.txt --policy all --json > results.ndjson",
      "everything, one JSON object a line",
    ],
    ["redis-cli monitor | glasscache simulate - --limit 100000", "what a Redis is asked right now"],
    ["glasscache simulate zipf(n=100000,alpha=0.9)", "a generated workload"],
    ["glasscache simulate keys.txt --html curves.html", "curves to look at in a browser"],
    ["glasscache simulate huge.csv.zst --sample 1%", "estimates from one key in a hundred"],
    ["glasscache simulate zipf(n=1000) --write zipf.oracleGeneral", "the same written as a trace"],
  ],
  settings: SETTINGS,
  async run({ values, labels, ranks }, traces) {
    if (values.json && values.csv) throw new UsageError(`${labels.json} and ${labels.csv}: choose one`);
    if (traces.filter((trace) => trace === STANDARD_INPUT).length > 1) {
      throw new UsageError("standard input (-) can be named only once");
    }
    if (values.write !== undefined) return writeOut(values.write, values, labels, traces);
    checkSampling(values, labels);
    if (values.prefixEnds !== undefined && !values.byPrefix) {
      throw new UsageError(`${labels.prefixEnds}: needs ${labels.byPrefix}`);
    }
    const hasReport = values.svg !== undefined || values.html !== undefined;
    const report = hasReport ? await import("./report-files.ts") : undefined;
    report?.checkReportFiles(values, traces);
    await checkTold(values, labels);
    for (const trace of traces) await refusing(() => checkNamed(trace));
    const output = new PlainOutput();
    const shown: { rows: ResultRow[]; curve: ResultRow[]; traces: TraceFacts[] } = {
      rows: [],
      curve: [],
      traces: [],
    };
    if (values.csv) await output.write(csvHeader());
    for (const [index, trace] of traces.entries()) {
      const begunMs = systemClock.monotonicMs();
      const { source, result } = await simulateTrace(trace, values, ranks);
      checkCounted(source, result, values, labels);
      if (isMeasuredInVain(result)) {
        process.stderr.write(
          `glasscache simulate: ${source.name}: sizes in bytes, but none of its objects has one: each counts as one byte\n`,
        );
      }
      const { estimates } = result;
      shown.rows.push(...result.rows);
      shown.curve.push(...result.curve);
      shown.traces.push({ ...result, name: source.name, requests: result.rows[0]?.requests ?? 0 });
      const comparisons = estimates?.comparisons !== undefined ? await import("./estimate.ts") : undefined;
      if (values.json) {
        const compared = comparisons?.formatComparisonLines(source.name, estimates!.comparisons!) ?? "";
        await output.write(formatJsonLines(result.curve) + compared);
      } else if (values.csv) await output.write(formatCsvLines(result.curve));
      else {
        const seconds = (systemClock.monotonicMs() - begunMs) / 1000;
        const columns = terminal(1)?.columns || PLAIN_COLUMNS;
        const head = describeRun(source, result, seconds);
        const { formatResults } = await import("./result-table.ts");
        const table = formatResults(result.rows, columns);
        const compared = comparisons === undefined ? "" : `\n${comparisons.formatComparisons(estimates!)}\n`;
        await output.write(`${index === 0 ? "" : "\n"}${head}\n\n${table}\n${compared}`);
      }
    }
    await report?.writeReportFiles(values, shown, process.argv.slice(2), systemClock);
    return EXIT_DONE;
  },
});

/** What came of a trace, by exact simulation or by estimates. */
interface TraceResult {
  readonly rows: readonly ResultRow[];
  /** The same, with sizes between that people do not want to read but programs and charts do. */
  readonly curve: readonly ResultRow[];
  readonly records: number;
  readonly objects: number;
  readonly bytes: number | undefined;
  /** What share of the keys was looked at, at least. */
  readonly rate: number;
  readonly estimates: EstimateResult | undefined;
}

/** @throws UsageError for settings that do not go together */
function checkSampling(values: Values, labels: Labels): void {
  const isCurve = values.mrc || values.sample !== undefined;
  const by = values.mrc ? labels.mrc : labels.sample;
  if (isCurve && values.window !== undefined) throw new UsageError(`${labels.window}: not with ${by}`);
  if (isCurve && values.byPrefix) throw new UsageError(`${labels.byPrefix}: not with ${by}`);
  if (isCurve && values.check) throw new UsageError(`${labels.check}: not with ${by}`);
  if (!values.compare) return;
  if (!isCurve) throw new UsageError(`${labels.compare}: needs ${labels.sample} or ${labels.mrc}`);
  if (values.csv) throw new UsageError(`${labels.compare}: not with ${labels.csv}`);
}

/** @throws FailedError where there is no request whose miss could be counted */
function checkCounted(
  { name }: RecordSource,
  { rows, records }: TraceResult,
  values: Values,
  labels: Labels,
): void {
  if (rows.some(({ requests }) => requests > 0)) return;
  const behind =
    values.warmup === 0 ? "" : ` behind the ${countOf(values.warmup, "record")} of ${labels.warmup}`;
  throw new FailedError(
    `${name}: there is no read to count among its ${countOf(records, "record")}${behind}`,
  );
}

/** Whether caches have so many bytes, and no object of the trace a size. */
function isMeasuredInVain({ rows, objects, bytes }: TraceResult): boolean {
  return bytes === objects && rows.some(({ sizeUnit }) => sizeUnit === "bytes");
}

async function simulateTrace(
  trace: string,
  values: Values,
  ranks: Ranks,
): Promise<{ source: RecordSource; result: TraceResult }> {
  const families = values.byPrefix ? new KeyFamilies(values.prefixEnds) : undefined;
  let skipped: Skipped | undefined;
  // Once for every pass: each time the same.
  const options = sourceOptions(values, families, (told) => {
    skipped = told;
  });
  const isEstimated = values.mrc || values.sample !== undefined;
  using input = trace === STANDARD_INPUT && (await isReadAgain(values)) ? await repeatable() : undefined;
  const source = await open(trace, options, input);
  const progress = await showProgress(source);
  try {
    const shared = {
      source,
      policies: values.mrc ? [parsePolicy("lru")] : policiesFor(source, values),
      sizes: values.size,
      ignoresSizes: values.ignoreSize,
      writes: values.writes,
      seed: values.seed,
      threads: values.threads,
      progress: (pass: Pass, done: number) => progress?.update(pass, done),
    };
    if (isEstimated) {
      const { sample, warmup: warmupRecords, compare: isCompared } = values;
      const { estimate } = await import("./estimate.ts");
      // Whoever names sizes wants no others.
      const curveSizes = values.mrc && ranks.size === 0 ? parseCacheSizes(CURVE_SIZES) : [];
      const plan = { ...shared, curveSizes, sample, warmupRecords, isCompared, clock: systemClock };
      const estimates = await estimate(plan);
      return { source, result: { ...estimates, estimates } };
    }
    const result = await run({
      ...shared,
      isChecked: values.check,
      counting: {
        warmupRecords: values.warmup,
        windowRecords: values.window ?? 0,
        byFamily: values.byPrefix,
      },
      ...(families !== undefined && { familyName: (family: number) => families.name(family) }),
    });
    if (families?.areThere === false) {
      const ends = values.prefixEnds ?? DEFAULT_PREFIX_ENDS;
      process.stderr.write(
        `glasscache simulate: ${source.name}: no key has a prefix: they are numbers or hashes, or none of ${ends} is in them\n`,
      );
    }
    return {
      source,
      result: {
        ...result,
        curve: result.rows,
        bytes: result.workingSet?.bytes,
        rate: 1,
        estimates: undefined,
      },
    };
  } finally {
    progress?.clear();
    if (skipped !== undefined)
      process.stderr.write(`glasscache simulate: ${describeSkipped(source, skipped)}\n`);
  }
}

/** On the terminal, where there is one. */
async function showProgress({ name, extent }: RecordSource): Promise<PassProgress | undefined> {
  const stream = terminal(2);
  if (stream === undefined) return undefined;
  const { PassProgress } = await import("./pass-progress.ts");
  return new PassProgress(stream, systemClock, name, extent);
}

/** Whether a trace has to be read more than once. */
async function isReadAgain(values: Values): Promise<boolean> {
  if (values.mrc) return values.compare;
  if (values.sample === undefined) {
    return needsTwoPasses({ policies: values.policy.policies, sizes: values.size });
  }
  const { needsRepeatable } = await import("../sim/mrc/sampled-run.ts");
  return values.compare || needsRepeatable(values.policy);
}

async function repeatable(): Promise<RepeatableInput> {
  const { RepeatableInput } = await import("./repeatable-input.ts");
  return new RepeatableInput(process.stdin);
}

/** `--write`: no simulation, but a trace in another format. */
async function writeOut(
  path: string,
  values: Values,
  labels: Labels,
  traces: readonly string[],
): Promise<number> {
  const { formatOfName, printTrace, writeTraceFile } = await import("./trace-file.ts");
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
  const source = await open(trace!, options, undefined);
  const { records, leftOut } =
    path === STANDARD_INPUT
      ? await printTrace(source, new PlainOutput(), format)
      : await writeTraceFile(source, path, format);
  const notes = [`${source.name}: ${countOf(records, "request")} written as ${format}`];
  if (leftOut > 0)
    notes.push(`${leftOut.toLocaleString("en")} writes and deletes left out, which it cannot hold`);
  process.stderr.write(`glasscache simulate: ${notes.join("; ")}\n`);
  if (skipped !== undefined)
    process.stderr.write(`glasscache simulate: ${describeSkipped(source, skipped)}\n`);
  return EXIT_DONE;
}

function sourceOptions(
  { format, columns, skipBad, limit }: Values,
  families: KeyFamilies | undefined,
  onSkipped: (skipped: Skipped) => void,
): SourceOptions {
  return { format, columns, skipBad, limit, families, onSkipped };
}

async function open(
  trace: string,
  options: SourceOptions,
  input: RepeatableInput | undefined,
): Promise<RecordSource> {
  return refusing(() => (input === undefined ? openSource(trace, options) : input.open(options)));
}

/** Long before a trace is opened. @throws UsageError for what is told about all of them and cannot be so */
async function checkTold({ format, columns }: Values, labels: Labels): Promise<void> {
  if (format !== undefined) {
    const { formatNamed } = await import("../sim/trace/registry.ts");
    await refusing(() => formatNamed(format), `${labels.format}: `);
  }
  if (columns !== undefined) {
    const { parseColumns } = await import("../sim/trace/columns.ts");
    await refusing(async () => parseColumns(columns), `${labels.columns}: `);
  }
}

/** @throws UsageError for what is unknown, or out of form */
async function refusing<T>(work: () => Promise<T>, about = ""): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`${about}${error.message}`) : error;
  }
}

function describeSkipped({ name }: RecordSource, { bad, firstBad, ignored, ignoredWhat }: Skipped): string {
  const parts: string[] = [];
  if (bad > 0) parts.push(`${countOf(bad, "broken record")} passed over, the first: ${firstBad}`);
  if (ignored > 0) parts.push(`${ignored.toLocaleString("en")} left out: ${ignoredWhat}`);
  return `${name}: ${parts.join("; ")}`;
}

/** The same policy is simulated once only; what is for unequal sizes alone is left out of "all" without them. */
function policiesFor({ hasSizes }: RecordSource, { policy, ignoreSize }: Values): PolicyChoice[] {
  const distinct = new Map(policy.policies.map((choice) => [formatPolicy(choice), choice]));
  if (policy.isAll && (ignoreSize || !hasSizes)) distinct.delete("belady-size");
  return [...distinct.values()];
}

function describeRun(
  source: RecordSource,
  { rows, objects, records, rate, estimates }: TraceResult,
  seconds: number,
): string {
  if (estimates !== undefined && rate < 1) {
    const isMore = estimates.rows.some(({ sampleRate }) => sampleRate > rate);
    return (
      `${source.name}: ${countOf(rows[0]?.requests ?? 0, "request")} for about ${countOf(objects, "object")}\n` +
      `${countOf(rows.length, "cache")} in ${estimates.seconds.toFixed(1)} s, estimated from ${describeRate(rate)}` +
      `${isMore ? ", of more for small caches" : ""}`
    );
  }
  return (
    `${source.name}: ${countOf(rows[0]?.requests ?? 0, "request")} for ${countOf(objects, "object")}\n` +
    `${countOf(rows.length, "cache")} in ${seconds.toFixed(1)} s, ${describeSpeed((rows.length * records) / seconds)} in all`
  );
}

/** `1.4 million requests/s`, `36,000 requests/s`. */
function describeSpeed(perSecond: number): string {
  const millions = perSecond / 1e6;
  const rounded = Number(perSecond.toPrecision(2)).toLocaleString("en");
  return `${millions >= 1 ? `${millions.toFixed(1)} million` : rounded} requests/s`;
}

/** `1 cache`, `2,000 caches`. */
function countOf(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

function readPrefixEnds(given: string): string {
  checkPrefixEnds(given);
  return given;
}

function readPolicies(given: string): { policies: PolicyChoice[]; isAll: boolean } {
  const names = splitPolicies(given);
  const isAll = names.some((name) => name.toLowerCase() === "all");
  const policies = names.flatMap((name) =>
    name.toLowerCase() === "all" ? policyNames().map(parsePolicy) : [parsePolicy(name)],
  );
  return { policies, isAll };
}

/** At commas outside of brackets. */
function splitPolicies(given: string): string[] {
  return given.split(/,(?![^(]*\))/).map((name) => name.trim());
}
