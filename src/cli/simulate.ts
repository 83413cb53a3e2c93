import { systemClock } from "../lib/clock.ts";
import { formatPolicy, type PolicyChoice, parsePolicy } from "../policy/registry.ts";
import type { RecordSource } from "../replay/records.ts";
import { CURVE_SIZES, parseCacheSizes } from "../sim/cache-size.ts";
import { DEFAULT_PREFIX_ENDS, KeyFamilies } from "../sim/key-families.ts";
import type { Pass } from "../sim/pass.ts";
import { type ResultRow, run } from "../sim/runner.ts";
import { checkNamed, type Skipped } from "../sim/source.ts";
import { countOf } from "./count-text.ts";
import type { EstimateResult } from "./estimate.ts";
import { EXIT_DONE, FailedError, UsageError } from "./exit.ts";
import type { PassProgress } from "./pass-progress.ts";
import type { TraceFacts } from "./report-files.ts";
import { csvHeader, formatCsvLines, formatJsonLines } from "./result-lines.ts";
import { describeRate } from "./sample.ts";
import {
  checkSampling,
  type Labels,
  type Ranks,
  SIMULATE_SETTINGS,
  STANDARD_INPUT,
  type Values,
} from "./simulate-settings.ts";
import { PlainOutput, terminal } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";
import {
  checkTold,
  describeSkipped,
  isReadAgain,
  openTrace,
  refusing,
  repeatable,
  sourceOptions,
} from "./trace-input.ts";

/** Width of tables if the output is not a terminal, or one of unknown width. */
const PLAIN_COLUMNS = 120;

export const simulate = subcommand({
  name: "simulate",
  summary: "replay a trace: which policy, how much memory",
  description:
    "Replays traces (files, - for standard input, or generators such as zipf(n=100000,alpha=1)) through simulated " +
    "caches with the policies of the proxy, and shows the miss ratio of each at each size.",
  operands: "<trace...>",
  operandValues: "files",
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
      "everything, one JSON object per line",
    ],
    ["redis-cli monitor | glasscache simulate - --limit 100000", "the present requests to a Redis"],
    ["glasscache simulate zipf(n=100000,alpha=0.9)", "a generated workload"],
    ["glasscache simulate keys.txt --html curves.html", "curves, for a browser"],
    ["glasscache simulate huge.csv.zst --sample 1%", "estimates from one key in a hundred"],
    ["glasscache simulate zipf(n=1000) --write zipf.oracleGeneral", "a workload, written as a trace"],
  ],
  settings: SIMULATE_SETTINGS,
  async run({ values, labels, ranks }, traces) {
    if (values.json && values.csv) throw new UsageError(`${labels.json} and ${labels.csv}: choose one`);
    if (traces.filter((trace) => trace === STANDARD_INPUT).length > 1) {
      throw new UsageError("standard input (-) can be named only once");
    }
    if (values.write !== undefined) {
      const { writeOut } = await import("./trace-conversion.ts");
      return writeOut(values.write, values, labels, traces);
    }
    checkSampling(values, labels);
    if (values.prefixEnds !== undefined && !values.byPrefix) {
      throw new UsageError(`${labels.prefixEnds}: needs ${labels.byPrefix}`);
    }
    const hasReport = values.svg !== undefined || values.html !== undefined;
    const report = hasReport ? await import("./report-files.ts") : undefined;
    report?.checkReportFiles(values, traces);
    const isReportPrinted = report?.isPrinted(values) === true;
    if (isReportPrinted && (values.json || values.csv)) {
      const by = values.svg === "-" ? labels.svg : labels.html;
      throw new UsageError(
        `${by} -: not with ${values.json ? labels.json : labels.csv}, which is printed, too`,
      );
    }
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
      for (const doubt of doubtsAbout(source, result)) {
        process.stderr.write(`glasscache simulate: ${source.name}: ${doubt}\n`);
      }
      const { estimates } = result;
      shown.rows.push(...result.rows);
      shown.curve.push(...result.curve);
      shown.traces.push({
        ...result,
        name: source.name,
        interpretation: source.interpretation?.description,
        requests: result.rows[0]?.requests ?? 0,
      });
      const comparisons = estimates?.comparisons !== undefined ? await import("./estimate.ts") : undefined;
      if (values.json) {
        const compared = comparisons?.formatComparisonLines(source.name, estimates!.comparisons!) ?? "";
        await output.write(formatJsonLines(result.curve) + compared);
      } else if (values.csv) await output.write(formatCsvLines(result.curve));
      else if (!isReportPrinted) {
        const seconds = (systemClock.monotonicMs() - begunMs) / 1000;
        const columns = terminal(1)?.columns || PLAIN_COLUMNS;
        const head = describeRun(source, result, seconds);
        const { formatResults } = await import("./result-table.ts");
        const table = formatResults(result.rows, columns);
        const compared = comparisons === undefined ? "" : `\n${comparisons.formatComparisons(estimates!)}\n`;
        await output.write(`${index === 0 ? "" : "\n"}${head}\n\n${table}\n${compared}`);
      }
    }
    await report?.writeReportFiles(values, shown, process.argv.slice(2), systemClock, output);
    return EXIT_DONE;
  },
});

/** The result of a trace, by exact simulation or by estimates. */
interface TraceResult {
  readonly rows: readonly ResultRow[];
  /** The rows and sizes between them, for programs and charts; tables for people leave those out. */
  readonly curve: readonly ResultRow[];
  readonly records: number;
  readonly objects: number;
  readonly bytes: number | undefined;
  /** The least share of the keys that was sampled. */
  readonly rate: number;
  readonly estimates: EstimateResult | undefined;
}

/** @throws FailedError if there is no request to count */
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

/** Signs that the trace was misinterpreted, or simulated in vain. */
function doubtsAbout({ interpretation }: RecordSource, result: TraceResult): string[] {
  const doubts: string[] = [];
  if (isMeasuredInVain(result)) {
    doubts.push("sizes in bytes, but none of its objects has one: each counts as one byte");
  }
  if (interpretation === undefined) return doubts;
  const { objects, records } = result;
  const isOnceEach = objects >= records;
  const once = `every object was requested only once, so no cache has a hit; is the trace interpreted correctly? (${interpretation.description})`;
  if (interpretation.doubt !== undefined) doubts.push(interpretation.doubt + (isOnceEach ? `; ${once}` : ""));
  else if (isOnceEach) doubts.push(once);
  return doubts;
}

/** Whether cache sizes are in bytes although no object of the trace has a size. */
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
  // Called once for every pass, each time with the same result.
  const options = sourceOptions(values, families, (told) => {
    skipped = told;
  });
  const isEstimated = values.mrc || values.sample !== undefined;
  using input = trace === STANDARD_INPUT && (await isReadAgain(values)) ? await repeatable() : undefined;
  const source = await openTrace(trace, options, input);
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
      // Users who give sizes get only those.
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

/** Shows progress on the terminal, if there is one. */
async function showProgress({ name, extent }: RecordSource): Promise<PassProgress | undefined> {
  const stream = terminal(2);
  if (stream === undefined) return undefined;
  const { PassProgress } = await import("./pass-progress.ts");
  return new PassProgress(stream, systemClock, name, extent);
}

/** Simulates each policy only once. "all" leaves out policies for unequal sizes if the trace has none. */
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
  const read = source.interpretation === undefined ? "" : ` (${source.interpretation.description})`;
  if (estimates !== undefined && rate < 1) {
    const isMore = estimates.rows.some(({ sampleRate }) => sampleRate > rate);
    return (
      `${source.name}: ${countOf(rows[0]?.requests ?? 0, "request")} for about ${countOf(objects, "object")}${read}\n` +
      `${countOf(rows.length, "cache")} in ${estimates.seconds.toFixed(1)} s, estimated from ${describeRate(rate)}` +
      `${isMore ? ", more for small caches" : ""}`
    );
  }
  return (
    `${source.name}: ${countOf(rows[0]?.requests ?? 0, "request")} for ${countOf(objects, "object")}${read}\n` +
    `${countOf(rows.length, "cache")} in ${seconds.toFixed(1)} s, ${describeSpeed((rows.length * records) / seconds)} in all`
  );
}

/** Returns `1.4 million requests/s` or `36,000 requests/s`. */
function describeSpeed(perSecond: number): string {
  const millions = perSecond / 1e6;
  const rounded = Number(perSecond.toPrecision(2)).toLocaleString("en");
  return `${millions >= 1 ? `${millions.toFixed(1)} million` : rounded} requests/s`;
}
