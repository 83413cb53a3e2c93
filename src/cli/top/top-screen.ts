import { fitted, widthOf, wrapped } from "../wrapping.ts";
import { biographyBody } from "./biography-screen.ts";
import type { CounterLog } from "./counter-log.ts";
import { countersBody } from "./counters-screen.ts";
import { familiesBody } from "./families-screen.ts";
import { clockText, durationText } from "./figure-text.ts";
import { helpLines } from "./help-screen.ts";
import { hotKeysBody } from "./hot-keys-screen.ts";
import { overviewBody } from "./overview-screen.ts";
import type { Readings } from "./readings.ts";
import { safeText, safeValue } from "./safe-text.ts";
import { cursorOf, type ScreenBody, type ScreenInput } from "./screen-body.ts";
import { type Extent, SCREENS, type ScreenName, SORTS, sortOf, type TopState } from "./top-state.ts";
import { PLAIN, type TopStyle } from "./top-style.ts";
import { whatIfBody } from "./what-if-screen.ts";

/** All that is shown at one moment. */
export interface Picture {
  /** Of the admin port, as the user wrote it. */
  readonly address: string;
  readonly readings: Readings;
  readonly log: CounterLog;
  readonly state: TopState;
  /** Why there are no newer readings. */
  readonly trouble: string | undefined;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface DrawnScreen {
  /** At most as many as there are rows, none wider than the screen. */
  readonly lines: readonly string[];
  readonly extent: Extent;
}

const BODIES: Readonly<Record<ScreenName, (input: ScreenInput) => ScreenBody>> = {
  overview: overviewBody,
  "what-if": whatIfBody,
  hot: hotKeysBody,
  families: familiesBody,
  counters: countersBody,
  biography: biographyBody,
};

const TITLES: Readonly<Record<ScreenName, string>> = {
  overview: "Overview",
  "what-if": "What-if",
  hot: "Hot keys",
  families: "Families",
  counters: "Counters",
  biography: "Biography",
};

/** A list is not shown with fewer rows, as long as there are other lines to leave out. */
const LEAST_LIST_ROWS = 3;

/** Draws a screen of a terminal. */
export function drawScreen(picture: Picture, { columns, rows }: ScreenSize, style: TopStyle): DrawnScreen {
  const { state, trouble } = picture;
  const bodyStyle = trouble === undefined ? style : PLAIN;
  const top = [headLine(picture, columns, style), tabLine(state, columns, style)];
  const bottom = bottomLines(picture, columns, style);
  const room = Math.max(0, rows - top.length - bottom.length - 1);
  const body = state.isHelp
    ? { head: helpLines(columns, style), list: [], tail: [] }
    : bodyOf(picture, bodyStyle, columns, room);
  const { lines, visible } = fittedBody(body, state, room, bodyStyle);
  const shown = trouble === undefined || state.isHelp ? lines : lines.map(style.dim);
  const gap = Array<string>(Math.max(0, room - shown.length)).fill("");
  return {
    lines: [...top, "", ...shown, ...gap, ...bottom].slice(0, rows).map((line) => fitted(line, columns)),
    extent: { rows: body.list.length, visible },
  };
}

/** Returns a screen as plain text, with all rows of its list. */
export function screenText(picture: Picture, columns: number, rows: number): string {
  const { head, list, tail } = bodyOf(picture, PLAIN, columns, rows);
  const lines = [headLine(picture, columns, PLAIN), "", ...head, ...list.map((line) => `  ${line}`), ...tail];
  return `${lines.map((line) => fitted(line, columns).trimEnd()).join("\n")}\n`;
}

function bodyOf(
  { readings, log, state }: Picture,
  style: TopStyle,
  columns: number,
  rows: number,
): ScreenBody {
  return BODIES[state.screen]({ readings, log, state, style, columns, rows });
}

/** Makes readings safe to draw. The texts in them are those of clients and of the server. */
export function safeReadings(readings: Readings): Readings {
  // Keys in base64 are made safe where they are decoded.
  return safeValue(readings);
}

/** Chooses the rows around the cursor, if not all fit. */
function fittedBody(
  { head, list, tail, leastRows = LEAST_LIST_ROWS }: ScreenBody,
  state: TopState,
  room: number,
  style: TopStyle,
): { lines: string[]; visible: number } {
  if (list.length === 0) return { lines: [...head, ...tail].slice(0, room), visible: 0 };
  const keptTail = tail.slice(0, Math.max(0, room - head.length - Math.min(leastRows, list.length)));
  const visible = Math.max(0, Math.min(list.length, room - head.length - keptTail.length));
  const cursor = cursorOf(state, list.length);
  const from = Math.max(0, Math.min(cursor - Math.floor(visible / 2), list.length - visible));
  const rows = list
    .slice(from, from + visible)
    .map((row, at) => (from + at === cursor ? style.chosen(`> ${row}`) : `  ${row}`));
  return { lines: [...head, ...rows, ...keptTail].slice(0, room), visible };
}

function headLine({ address, readings, state }: Picture, columns: number, { bold }: TopStyle): string {
  const { counters, settings } = readings;
  const policy = settings.find(({ name }) => name === "policy")?.value;
  const what = [`${counters.service} ${safeText(address)}`, policy].filter((part) => part !== undefined);
  const pace = state.isPaused ? "paused" : `every ${durationText(state.intervalMs)}`;
  const when = clockText(counters.atMs);
  const short = what.join(", ");
  const rights = [`${pace}  ${when}`, when];
  const [left, right] = [`Glasscache ${short}`, short]
    .flatMap((text) => rights.map((other) => [text, other] as const))
    .find((pair) => widthOf(pair[0]) + 2 + widthOf(pair[1]) <= columns) ?? [short, ""];
  const gap = " ".repeat(Math.max(0, columns - widthOf(left) - widthOf(right)));
  return fitted(`${bold(left)}${gap}${right}`, columns);
}

function tabLine({ screen }: TopState, columns: number, { bold, dim }: TopStyle): string {
  const tabs = (isShort: boolean) =>
    SCREENS.map((name, at) => {
      const title = isShort && name !== screen ? String(at + 1) : `${at + 1} ${TITLES[name]}`;
      return name === screen ? bold(`[${title}]`) : dim(` ${title} `);
    }).join(" ");
  return [tabs(false), tabs(true)].find((line) => widthOf(line) <= columns) ?? bold(TITLES[screen]);
}

function bottomLines({ state, trouble }: Picture, columns: number, style: TopStyle): string[] {
  if (state.isFiltering) return [fitted(`/${safeText(state.filter)}_`, columns)];
  if (state.typedKey !== undefined) return [promptLine(state.typedKey, columns)];
  if (trouble !== undefined) return wrapped(safeText(trouble), columns).split("\n").map(style.bad);
  return [style.dim(fitted(hintText(state, columns), columns))];
}

/** The end of a long key stays in view. */
function promptLine(typed: string, columns: number): string {
  const characters = Array.from(safeText(typed));
  const line = (from: number): string => `Key: ${from === 0 ? "" : "…"}${characters.slice(from).join("")}_`;
  let from = 0;
  while (from < characters.length && widthOf(line(from)) > columns) from++;
  return fitted(line(from), columns);
}

function hintText(state: TopState, columns: number): string {
  const { screen, filter, hotBy, isPaused } = state;
  const parts = [
    ...(screen === "hot" ? [`b by ${hotBy}`] : []),
    ...(screen === "biography" ? ["/ key"] : []),
    ...(SORTS[screen].length > 0 ? [`s sort: ${sortOf(state)}`] : []),
    ...(screen === "counters" ? [filter === "" ? "/ filter" : `/ filter: ${safeText(filter)}`] : []),
    isPaused ? "Space go on" : "Space pause",
    "+ - pace",
    "? help",
    "q end",
  ];
  // The first hints belong to this screen; the last ones are in the help.
  while (parts.length > 1 && widthOf(parts.join("  ")) > columns) parts.pop();
  return parts.join("  ");
}
