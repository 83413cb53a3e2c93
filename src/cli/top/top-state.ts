import { HOT_BY, type HotBy } from "../../instruments/view.ts";
import type { Wanted } from "./readings.ts";

export const SCREENS = ["overview", "what-if", "hot", "families", "counters", "biography"] as const;
export type ScreenName = (typeof SCREENS)[number];

/** What the rows of a screen can be ordered by. */
export const SORTS = {
  overview: [],
  "what-if": ["name", "miss ratio"],
  hot: ["amount", "hit ratio", "size"],
  families: ["requests", "memory", "hit ratio", "churn"],
  counters: ["name", "rate", "value"],
  biography: [],
} as const satisfies Record<ScreenName, readonly string[]>;

/** Steps of the pace, in milliseconds. */
const PACES_MS = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];

/** Characters of a text that is typed. A longer key would not fit into a URL. */
const MOST_TYPED = 1000;

/** What the user has chosen. */
export interface TopState {
  readonly screen: ScreenName;
  readonly intervalMs: number;
  readonly isPaused: boolean;
  readonly isHelp: boolean;
  readonly hotBy: HotBy;
  /** Of the counters' names. */
  readonly filter: string;
  /** Whether the filter is being typed. */
  readonly isFiltering: boolean;
  /** The key whose story is shown; empty: none. */
  readonly key: string;
  /** The key that is being typed; undefined: none is. */
  readonly typedKey: string | undefined;
  /** The row under the cursor, by screen. */
  readonly cursors: Readonly<Record<ScreenName, number>>;
  /** Places in `SORTS`, by screen. */
  readonly sorts: Readonly<Record<ScreenName, number>>;
}

export function initialState(screen: ScreenName, intervalMs: number, key = ""): TopState {
  const none = { overview: 0, "what-if": 0, hot: 0, families: 0, counters: 0, biography: 0 };
  return {
    screen,
    intervalMs,
    isPaused: false,
    isHelp: false,
    hotBy: "rate",
    filter: "",
    isFiltering: false,
    key,
    typedKey: undefined,
    cursors: none,
    sorts: none,
  };
}

export function sortOf({ screen, sorts }: TopState): string {
  return SORTS[screen][sorts[screen]] ?? "";
}

/** The parts that the present screen shows. */
export function wantedBy({ screen, hotBy, key }: TopState): Wanted {
  return {
    whatIf: screen === "what-if",
    hot: screen === "hot" ? [hotBy] : [],
    families: screen === "families",
    biography: screen === "biography" && key !== "" ? key : undefined,
  };
}

/** How many rows the list on the screen has, and how many are visible. */
export interface Extent {
  readonly rows: number;
  readonly visible: number;
}

/** What a key does besides changing the state. */
type Effect = "end" | "read" | "redraw" | "suspend";

export interface Pressed {
  readonly state: TopState;
  readonly effect?: Effect;
}

/** Returns what a key changes. A key is a character, or the sequence that it sends. */
export function pressed(state: TopState, key: string, extent: Extent): Pressed {
  if (key === "\x03" || key === "\x04") return { state, effect: "end" };
  if (key === "\x1a") return { state, effect: "suspend" };
  if (key === "\x0c") return { state, effect: "redraw" };
  if (state.isFiltering) return { state: filtered(state, key) };
  if (state.typedKey !== undefined) return keyTyped(state, state.typedKey, key);
  if (state.isHelp) return { state: { ...state, isHelp: false } };
  const cursor = Math.min(state.cursors[state.screen], Math.max(0, extent.rows - 1));
  const moved = movedCursor(key, cursor, extent);
  if (moved !== undefined)
    return { state: { ...state, cursors: { ...state.cursors, [state.screen]: moved } } };
  const screen = otherScreen(state.screen, key);
  if (screen !== undefined) return { state: { ...state, screen }, effect: "read" };
  switch (key) {
    case "q":
    case "Q":
      return { state, effect: "end" };
    case " ":
      return state.isPaused
        ? { state: { ...state, isPaused: false }, effect: "read" }
        : { state: { ...state, isPaused: true } };
    case "r":
      return { state, effect: "read" };
    case "?":
    case "h":
      return { state: { ...state, isHelp: true } };
    case "+":
      return paced(
        state,
        PACES_MS.find((ms) => ms > state.intervalMs),
      );
    case "-":
      return paced(
        state,
        PACES_MS.findLast((ms) => ms < state.intervalMs),
      );
    case "s": {
      const sorts = SORTS[state.screen].length;
      if (sorts === 0) return { state };
      const next = (state.sorts[state.screen] + 1) % sorts;
      return { state: { ...state, sorts: { ...state.sorts, [state.screen]: next } } };
    }
    case "b":
      if (state.screen !== "hot") return { state: { ...state, typedKey: "" } };
      return {
        state: { ...state, hotBy: HOT_BY[(HOT_BY.indexOf(state.hotBy) + 1) % HOT_BY.length]! },
        effect: "read",
      };
    case "/":
      return state.screen === "counters"
        ? { state: { ...state, isFiltering: true } }
        : { state: { ...state, typedKey: "" } };
    case "\x1b":
      return { state: { ...state, filter: "" } };
    default:
      return { state };
  }
}

function paced(state: TopState, intervalMs: number | undefined): Pressed {
  return intervalMs === undefined ? { state } : { state: { ...state, intervalMs }, effect: "read" };
}

/** The name of a key is typed. */
function keyTyped(state: TopState, typed: string, key: string): Pressed {
  if (key === "\x1b") return { state: { ...state, typedKey: undefined } };
  if (key !== "\r" && key !== "\n") return { state: { ...state, typedKey: edited(typed, key) } };
  if (typed === "") return { state: { ...state, typedKey: undefined } };
  const cursors = { ...state.cursors, biography: 0 };
  return {
    state: { ...state, screen: "biography", key: typed, typedKey: undefined, cursors },
    effect: "read",
  };
}

/** Returns a text after a key that may edit it. */
function edited(text: string, key: string): string {
  if (key === "\x15") return "";
  if (key === "\x7f" || key === "\b") return Array.from(text).slice(0, -1).join("");
  const isPrintable = /^[^\p{C}]$/u.test(key);
  return isPrintable && text.length < MOST_TYPED ? text + key : text;
}

function filtered(state: TopState, key: string): TopState {
  const cursors = { ...state.cursors, counters: 0 };
  if (key === "\r" || key === "\n") return { ...state, isFiltering: false };
  if (key === "\x1b") return { ...state, isFiltering: false, filter: "", cursors };
  const filter = edited(state.filter, key);
  return filter === state.filter ? state : { ...state, filter, cursors };
}

function movedCursor(key: string, cursor: number, { rows, visible }: Extent): number | undefined {
  const page = Math.max(1, visible - 1);
  const last = Math.max(0, rows - 1);
  switch (key) {
    case "k":
    case "\x1b[A":
    case "\x1bOA":
      return Math.max(0, cursor - 1);
    case "j":
    case "\x1b[B":
    case "\x1bOB":
      return Math.min(last, cursor + 1);
    case "\x1b[5~":
    case "\x02":
      return Math.max(0, cursor - page);
    case "\x1b[6~":
    case "\x06":
      return Math.min(last, cursor + page);
    case "g":
    case "\x1b[H":
    case "\x1bOH":
    case "\x1b[1~":
      return 0;
    case "G":
    case "\x1b[F":
    case "\x1bOF":
    case "\x1b[4~":
      return last;
    default:
      return undefined;
  }
}

function otherScreen(screen: ScreenName, key: string): ScreenName | undefined {
  const at = SCREENS.indexOf(screen);
  if (key === "\t" || key === "\x1b[C" || key === "\x1bOC") return SCREENS[(at + 1) % SCREENS.length];
  if (key === "\x1b[Z" || key === "\x1b[D" || key === "\x1bOD") return SCREENS.at(at - 1);
  return /^[1-9]$/.test(key) ? SCREENS[Number(key) - 1] : undefined;
}
