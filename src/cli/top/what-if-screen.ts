import type { WhatIfPoint, WhatIfReport } from "../../instruments/view.ts";
import { fitted, widthOf, wrapped } from "../wrapping.ts";
import { amountText, clockText, durationText, percentText, sizeText, UNKNOWN } from "./figure-text.ts";
import { cursorOf, GUTTER, type ScreenBody, type ScreenInput } from "./screen-body.ts";
import { sortOf } from "./top-state.ts";
import type { TopStyle } from "./top-style.ts";
import { whatIfAdvice } from "./what-if-advice.ts";
import { roundedFactors } from "./what-if-factors.ts";

const OPTIMUM = "(optimum)";
/** Narrower screens show no errors in the table. */
const COLUMNS_FOR_ERRORS = 60;
/** With less room, what the policy under the cursor would mean is left out. */
const LEAST_DETAIL_ROWS = 2;
/** A size such as `0.71×`, and a gap. */
const LEAST_CELLS = 7;
/** Brackets and the asterisk. */
const MARK_CELLS = 3;
/** Sizes by how much they matter: those at the end go first. */
const FACTORS = [1, 2, 0.5, 4, 0.25, 8, 0.125];

interface Curve {
  readonly policy: string;
  readonly points: readonly WhatIfPoint[];
}

/** Miss ratios of other policies and sizes on the same requests. */
export function whatIfBody({ readings, state, style, columns, rows: room }: ScreenInput): ScreenBody {
  const told = readings.whatIf;
  if (told === undefined) return { head: ["Reading…"], list: [], tail: [] };
  if (told === null || told.curves.length === 0) {
    const why = "Nothing is simulated: what-if is off, or no request has been sampled yet.";
    return { head: wrapped(why, columns).split("\n"), list: [], tail: [] };
  }
  const report = roundedFactors(told);
  const curves = sorted(report, sortOf(state));
  const optimum = report.optimum.length > 0 ? [{ policy: OPTIMUM, points: report.optimum }] : [];
  const rows = [...curves, ...optimum];
  const table = matrix(report, rows, columns - GUTTER, style);
  const head = [...introduction(report, columns), "", `  ${style.bold(table.head)}`];
  const advice = wrapped(whatIfAdvice(report), columns).split("\n").map(style.bold);
  const tail = ["", ...advice, ...legend(columns).map(style.dim)];
  const chosen = rows[cursorOf(state, rows.length)]!;
  const left = room - head.length - rows.length - tail.length - 1;
  return {
    head,
    list: table.lines,
    leastRows: rows.length,
    tail: left < LEAST_DETAIL_ROWS ? tail : [...tail, "", ...details(chosen, left, columns, style)],
  };
}

function sorted({ curves }: WhatIfReport, by: string): readonly Curve[] {
  const atPresent = ({ points }: Curve) => points.find(({ factor }) => factor === 1)?.missRatio ?? 1;
  return by === "miss ratio"
    ? curves.toSorted((a, b) => atPresent(a) - atPresent(b))
    : curves.toSorted((a, b) => (a.policy < b.policy ? -1 : 1));
}

function introduction(report: WhatIfReport, columns: number): string[] {
  const { present, requests, sinceMs, samplingRatio, sampledRequests } = report;
  const size =
    present.unit === "bytes" ? sizeText(present.size) : `${present.size.toLocaleString("en")} entries`;
  const text =
    `Present: ${present.policy}, ${size}, measured miss ratio ${percentText(present.missRatio)}. ` +
    `Since ${clockText(sinceMs)} ${amountText(requests)} requests, ${amountText(sampledRequests)} simulated ` +
    `(at most ${percentText(samplingRatio)} of the keys).`;
  return wrapped(text, columns).split("\n");
}

function legend(columns: number): string[] {
  const text = "Misses in percent. [ ] the present cache, * the best of a size (optimum apart).";
  return wrapped(text, columns).split("\n");
}

function matrix(
  { present }: WhatIfReport,
  rows: readonly Curve[],
  columns: number,
  style: TopStyle,
): { head: string; lines: string[] } {
  const hasErrors = columns + GUTTER >= COLUMNS_FOR_ERRORS;
  const nameCells = Math.min(Math.max(...rows.map(({ policy }) => widthOf(policy))), Math.floor(columns / 3));
  const texts = rows.flatMap(({ points }) => points.map((point) => ratioText(point, hasErrors)));
  const cells = Math.max(LEAST_CELLS, ...texts.map((text) => text.length + MARK_CELLS));
  const factors = shownFactors(rows, Math.max(1, Math.floor((columns - nameCells) / cells)));
  const head = factors.map((factor) => `${factorText(factor)}  `.padStart(cells)).join("");
  const lines = rows.map(({ policy, points }) => {
    const line = factors.map((factor) => {
      const point = points.find((one) => one.factor === factor);
      if (point === undefined) return " ".repeat(cells);
      const isPresent = policy === present.policy && factor === 1;
      const isBest = policy !== OPTIMUM && point.missRatio === bestOf(rows, factor);
      const text = ratioText(point, hasErrors);
      const mark = isBest ? "*" : " ";
      const cell = (isPresent ? `[${text}]${mark}` : `${text}${mark} `).padStart(cells);
      return isBest ? style.good(cell) : isPresent ? style.bold(cell) : cell;
    });
    return fitted(`${fitted(policy, nameCells).padEnd(nameCells)}${line.join("")}`, columns);
  });
  return { head: fitted(`${"".padEnd(nameCells)}${head}`.trimEnd(), columns), lines };
}

/** An error of 1 says that nothing is known. */
function ratioText({ missRatio, error }: WhatIfPoint, hasError: boolean): string {
  if (error >= 1) return UNKNOWN;
  const ratio = (100 * missRatio).toFixed(1);
  return hasError ? `${ratio}±${(100 * error).toFixed(1)}` : ratio;
}

/** The best that a policy reaches which does not know the future. */
function bestOf(rows: readonly Curve[], factor: number): number {
  const ratios = rows
    .filter(({ policy }) => policy !== OPTIMUM)
    .flatMap(({ points }) => points.filter((point) => point.factor === factor))
    .map(({ missRatio }) => missRatio);
  const least = Math.min(...ratios);
  // If all are alike, none is the best.
  return least === Math.max(...ratios) ? Number.NaN : least;
}

/** As many sizes as there is room for, in ascending order. */
function shownFactors(rows: readonly Curve[], room: number): number[] {
  const all = [...new Set(rows.flatMap(({ points }) => points.map(({ factor }) => factor)))];
  const importance = (factor: number) =>
    FACTORS.includes(factor) ? FACTORS.indexOf(factor) : FACTORS.length;
  return all
    .toSorted((a, b) => importance(a) - importance(b))
    .slice(0, room)
    .toSorted((a, b) => a - b);
}

function factorText(factor: number): string {
  return factor < 1 && Number.isInteger(1 / factor)
    ? `1/${1 / factor}×`
    : `${Number(factor.toPrecision(2))}×`;
}

/** What the policy under the cursor would mean, at as many sizes as there are rows for. */
function details(curve: Curve, rows: number, columns: number, style: TopStyle): string[] {
  const { policy, points } = curve;
  const factors = shownFactors([curve], rows - 1);
  const title = style.bold(fitted(`${policy} in requests and time`, columns));
  return [
    title,
    ...points
      .filter(({ factor }) => factors.includes(factor))
      .map((point) => {
        const { factor } = point;
        const size = point.unit === "bytes" ? sizeText(point.size) : amountText(point.size);
        const parts = [
          `${factorText(factor).padStart(5)} ${size.padStart(8)}  ${ratioText(point, true).padStart(9)}%`,
          `${amountText(point.originRequestsPerSecond).padStart(6)} to the origin/s`,
          `mean ${durationText(point.meanLatencyMs)}`,
          savedText(point),
        ];
        while (parts.length > 1 && widthOf(parts.join("  ")) > columns) parts.pop();
        return fitted(parts.join("  "), columns);
      }),
  ];
}

function savedText({ originMsSavedPerSecond: ms, costSavedPerMonth: cost }: WhatIfPoint): string {
  const time = `${ms < 0 ? "costs" : "saves"} ${durationText(Math.abs(ms))}/s of origin time`;
  if (cost === undefined) return time;
  return `${time}, ${cost < 0 ? "costs" : "saves"} ${amountText(Math.abs(cost))} a month`;
}
