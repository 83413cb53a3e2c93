import { LEARN_LINKS } from "../admin/page.ts";
import type { DemoPhase } from "./demo-phases.ts";
import { definitionList, fitted, widthOf, wrapped } from "./wrapping.ts";

/** The demo's texts, laid out for a width. Independent of where they are shown. */

export interface DemoStyle {
  readonly columns: number;
  bold(text: string): string;
  dim(text: string): string;
  /** Colours `{Proxy Server}` and `{Backend Server}`. */
  source(text: string): string;
}

export const PLAIN_STYLE: Omit<DemoStyle, "columns"> = {
  bold: (text) => text,
  dim: (text) => text,
  source: (text) => text,
};

const REQUEST_CELLS = 31;

export function titleText({ columns, bold }: DemoStyle): string {
  return `${bold(wrapped("Glasscache: the read-through cache you can see through", columns))}\n`;
}

export function partText(what: string, place: string, { columns }: DemoStyle): string {
  return wrapped(`${what.padEnd(columns < 60 ? 0 : 42)} ${place}`, columns, "  ", "").replace(/^ +/, "");
}

/** A request, its reply, and an explanation. */
export function stepText(request: string, reply: string, explanation: string, style: DemoStyle): string {
  const { columns, source, dim } = style;
  const isOneLine = columns >= 72;
  const arrow = `->  ${source(reply)}`;
  const said = isOneLine
    ? `  ${request.padEnd(REQUEST_CELLS)} ${arrow}`
    : `${wrapped(request, columns, "    ", "  ")}\n${wrapped(arrow, columns, "        ", "    ")}`;
  return `${said}\n${dimLines(wrapped(explanation, columns, "      "), dim)}`;
}

export interface LoadFacts {
  readonly clients: number;
  /** Reads a second; 0: as many as there can be. */
  readonly rate: number;
  readonly originDelay: string;
}

export function loadText({ clients, rate, originDelay }: LoadFacts, style: DemoStyle): string {
  const away =
    originDelay === "0" ? "" : `; the server is ${originDelay} away, like a real one (--origin-delay)`;
  const pace =
    rate === 0
      ? `${clients} clients read as fast as they can`
      : `${clients} clients make ${rate.toLocaleString("en")} reads a second (--rate; 0: as fast as they can)`;
  const text =
    `Load: ${pace}, popular keys more often (Zipf), through a cache that has room for some of them. ` +
    `The times are those of one more client, which makes one request at a time${away}.`;
  return wrapped(text, style.columns).replace("Load:", `${style.bold("Load")}:`);
}

export function fillingLine(written: number, keys: number, { columns }: DemoStyle): string {
  const share = `${Math.floor((100 * written) / keys)}%`;
  return fitted(`  writing ${keys.toLocaleString("en")} keys first: ${share}`, columns - 1);
}

/** Announces a phase of the load. */
export function phaseText(
  { title, what, look, lesson }: Pick<DemoPhase, "title" | "what" | "look" | "lesson">,
  hasDashboard: boolean,
  { columns, bold, dim }: DemoStyle,
): string {
  const text = wrapped(`${title}: ${what}`, columns).replace(`${title}:`, `${bold(title)}:`);
  if (!hasDashboard) return text;
  const hints = [...look.map((line) => `Watch ${line}`), `Read ${LEARN_LINKS[lesson]}: a lesson on it.`];
  return [text, ...hints.map((line) => dimLines(wrapped(line, columns, "      ", "  "), dim))].join("\n");
}

export interface LoadMoment {
  readonly perSecond: number;
  readonly hits: number;
  readonly reads: number;
  /** Medians in microseconds; 0 if there are none. */
  readonly hitMicros: number;
  readonly missMicros: number;
}

const MOST_BAR_CELLS = 20;
const LEAST_BAR_CELLS = 5;

/** One row at any width. Times have priority, then the ratio, then the rate, then the bar. */
export function loadLine(moment: LoadMoment, { columns }: DemoStyle): string {
  const { perSecond, hits, reads, hitMicros, missMicros } = moment;
  const rate = perSecond.toLocaleString("en");
  const ratio = percent(hits, reads);
  const times = `hit ${duration(hitMicros)}, miss ${duration(missMicros)}`;
  const room = columns - 1;
  const long = `  ${rate.padStart(9)} requests/s   hit ratio ${ratio} `;
  const cells = Math.min(MOST_BAR_CELLS, room - widthOf(long) - 2 - widthOf(times));
  if (cells >= LEAST_BAR_CELLS) return `${long}${bar(hits, reads, cells)}  ${times}`;
  const shorter = [`${rate}/s  ${ratio} hits  ${times}`, `${ratio.trim()} hits  ${times}`];
  return fitted(shorter.find((line) => widthOf(line) <= room) ?? times, room);
}

export function summaryText(
  { hits, misses, failures }: { readonly hits: number; readonly misses: number; readonly failures: number },
  { columns }: DemoStyle,
): string {
  const total = hits + misses;
  const failed = failures > 0 ? `, ${failures.toLocaleString("en")} failed.` : ".";
  const text =
    `${total.toLocaleString("en")} reads: ${percent(hits, total).trim()} answered by the proxy's cache, ` +
    `${misses.toLocaleString("en")} by the server${failed}`;
  return wrapped(text, columns);
}

export function nextStepsText(
  serverPort: number,
  proxyPort: number,
  platform: string,
  style: DemoStyle,
): string {
  // The nc without -N ends by itself.
  const netcat = platform === "darwin" ? "nc" : "nc -N";
  const steps = [
    [`bin/glasscache client --port ${proxyPort}`, "interactive: GET shashank, PUT a=b, DUMP"],
    [`redis-cli -p ${proxyPort} GET shashank`, "any Redis client works"],
    [`redis-cli -p ${proxyPort} CONFIG SET policy lru`, "another eviction policy, entries kept"],
    [`redis-cli -p ${proxyPort} INFO cache`, "counters of the cache"],
    [
      `redis-cli -p ${serverPort} SET shashank changed`,
      "a write past the proxy: its entry is invalidated at once",
    ],
    [`echo "GET shashank" | ${netcat} localhost ${proxyPort}`, "the text protocol"],
  ] as const;
  const { columns, bold, dim } = style;
  // A command over several lines can be copied.
  const lineEnd = " \\";
  return (
    `${bold(wrapped("Now try it yourself, in a second terminal", columns))}\n` +
    `${definitionList(steps, columns, { indent: "  ", paintText: dim, lineEnd })}\n\n` +
    wrapped("Serving until Ctrl-C. Requests of other clients appear here:", columns)
  );
}

/** A line about a request or a change by another client. */
export function watchedText(line: string, { columns }: DemoStyle): string {
  return wrapped(line, columns, "      ", "  ");
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "    –" : `${((100 * part) / whole).toFixed(1)}%`.padStart(5);
}

/** Rows that a line takes, which may have been written at another width. */
export function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(widthOf(line) / Math.max(1, columns)));
}

function bar(part: number, whole: number, cells: number): string {
  const full = whole === 0 ? 0 : Math.round((cells * part) / whole);
  return "█".repeat(full) + "░".repeat(cells - full);
}

function duration(micros: number): string {
  if (micros === 0) return "–";
  return micros < 1000 ? `${Math.round(micros)} µs` : `${(micros / 1000).toFixed(1)} ms`;
}

function dimLines(text: string, dim: (text: string) => string): string {
  return text
    .split("\n")
    .map((line) => /^ */.exec(line)![0] + dim(line.trimStart()))
    .join("\n");
}
