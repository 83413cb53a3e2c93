import { accessSync, constants, existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { VERSION } from "../lib/version.ts";
import type { PageRow } from "../sim/report/results-section.ts";
import { reason } from "./config.ts";
import { FailedError } from "./exit.ts";
import { describeRate } from "./sample.ts";
import type { PlainOutput } from "./standard-output.ts";

/** As a file's name, this means standard output. */
const STANDARD_OUTPUT = "-";

/** Facts about a trace, for the page. */
export interface TraceFacts {
  readonly name: string;
  /** How it was understood; undefined for a workload. */
  readonly interpretation: string | undefined;
  readonly requests: number;
  readonly records: number;
  readonly objects: number;
  /** Bytes of the working set, if it was measured. */
  readonly bytes: number | undefined;
  /** The share of the keys that was sampled. */
  readonly rate: number;
}

/** The results over all traces. */
export interface Reported {
  readonly rows: readonly PageRow[];
  /** Points of the curves: the rows, and perhaps more sizes. */
  readonly curve: readonly PageRow[];
  readonly traces: readonly TraceFacts[];
}

/** Charts and pages to write when the simulation is over. */
export interface ReportFiles {
  readonly svg: string | undefined;
  readonly html: string | undefined;
}

/**
 * Checks in advance that the files can be written, and would not replace a trace.
 * @throws FailedError naming the file
 */
export function checkReportFiles({ svg, html }: ReportFiles, traces: readonly string[]): void {
  if (svg !== undefined && html !== undefined && resolve(svg) === resolve(html)) {
    const where = svg === STANDARD_OUTPUT ? "standard output (-)" : svg;
    throw new FailedError(`${where}: one file cannot hold both the chart and the page`);
  }
  for (const path of [svg, html]) {
    if (path === undefined || path === STANDARD_OUTPUT) continue;
    const trace = traces.find((name) => isSameFile(name, path));
    if (trace !== undefined) throw new FailedError(`${path}: it would replace the trace ${trace}`);
    const directory = dirname(path);
    if (!existsSync(directory)) throw new FailedError(`${path}: there is no directory ${directory}`);
    const isThere = existsSync(path);
    if (isThere && statSync(path).isDirectory()) throw new FailedError(`${path}: it is a directory`);
    try {
      accessSync(isThere ? path : directory, constants.W_OK);
    } catch (error) {
      throw new FailedError(`${path}: it cannot be written: ${reason(error)}`);
    }
  }
}

/** Whether two paths name the same file; false if one of them does not exist. */
function isSameFile(a: string, b: string): boolean {
  const [first, second] = [statSync(a, { throwIfNoEntry: false }), statSync(b, { throwIfNoEntry: false })];
  return first?.isFile() === true && first.dev === second?.dev && first.ino === second.ino;
}

/** Whether a report goes to standard output, so that nothing else can. */
export function isPrinted({ svg, html }: ReportFiles): boolean {
  return svg === STANDARD_OUTPUT || html === STANDARD_OUTPUT;
}

/**
 * Writes the reports. Replaces files of the same name.
 * @throws FailedError naming the file
 */
export async function writeReportFiles(
  { svg, html }: ReportFiles,
  { rows, curve, traces }: Reported,
  command: readonly string[],
  clock: Clock,
  output: PlainOutput,
): Promise<void> {
  const write = (path: string, content: string): Promise<void> | void =>
    path === STANDARD_OUTPUT ? output.write(content) : writeFile(path, content);
  if (svg !== undefined) await write(svg, (await import("../sim/report/svg.ts")).renderSvg(curve));
  if (html === undefined) return;
  const { renderHtml } = await import("../sim/report/html.ts");
  const facts: [string, string][] = traces.flatMap(describeTrace);
  facts.push(
    ["Command", ["glasscache", ...command.map(quote)].join(" ")],
    ["Version", `glasscache ${VERSION}`],
    ["Date", new Date(clock.wallMs()).toISOString().replace(/\.[0-9]+Z$/, "Z")],
  );
  await write(html, renderHtml(rows, { facts, curve, firstRequests: firstRequestsOf(traces) }));
}

/** Returns the share of first requests of each trace whose records are all counted as requests. */
function firstRequestsOf(traces: readonly TraceFacts[]): Map<string, number> {
  const known = traces.filter(({ requests, records, rate }) => requests === records && rate === 1);
  return new Map(known.map(({ name, objects, requests }) => [name, objects / requests]));
}

function describeTrace({
  name,
  interpretation,
  requests,
  records,
  objects,
  bytes,
  rate,
}: TraceFacts): [string, string][] {
  const count = (value: number): string => value.toLocaleString("en");
  const about = rate < 1 ? "about " : "";
  const facts: [string, string][] = [
    ["Trace", name],
    ...(interpretation === undefined ? [] : [["Read as", interpretation] as [string, string]]),
    ["Requests", records === requests ? count(requests) : `${count(requests)} of ${count(records)} records`],
    ["Objects", about + count(objects)],
  ];
  if (bytes !== undefined && bytes !== objects) facts.push(["Bytes", about + count(bytes)]);
  if (rate < 1) facts.push(["Sample", describeRate(rate)]);
  return facts;
}

/** Quotes an argument for a shell. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** Writes a whole file or nothing: if writing fails, an existing file stays unchanged. */
function writeFile(path: string, content: string): void {
  // Anything that is not a regular file, such as a pipe, is written directly.
  const isFile = !existsSync(path) || statSync(path).isFile();
  const target = isFile ? `${path}.${process.pid}.part` : path;
  try {
    writeFileSync(target, content);
    if (isFile) renameSync(target, path);
  } catch (error) {
    if (isFile) rmSync(target, { force: true });
    throw new FailedError(`${path}: it cannot be written: ${reason(error)}`);
  }
}
