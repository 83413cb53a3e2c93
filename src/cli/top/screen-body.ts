import { wrapped } from "../wrapping.ts";
import type { CounterLog } from "./counter-log.ts";
import type { Readings } from "./readings.ts";
import type { TopState } from "./top-state.ts";
import type { TopStyle } from "./top-style.ts";

/** What a screen is made of. */
export interface ScreenInput {
  readonly readings: Readings;
  readonly log: CounterLog;
  readonly state: TopState;
  readonly style: TopStyle;
  readonly columns: number;
  /** Rows for the whole body. */
  readonly rows: number;
}

/** The lines between the screen's title and its last line. */
export interface ScreenBody {
  readonly head: readonly string[];
  /** A list with a cursor. If there is not enough room, those around the cursor are shown. */
  readonly list: readonly string[];
  /** The list has at least so many rows, as long as it is the tail that can give way; 3 by default. */
  readonly leastRows?: number;
  /** Lines about the row under the cursor, and the like. */
  readonly tail: readonly string[];
}

/** The cells before each row of a list, where the cursor is. */
export const GUTTER = 2;

/** The row under the cursor; 0 if there is none. */
export function cursorOf({ cursors, screen }: TopState, rows: number): number {
  return Math.max(0, Math.min(cursors[screen], rows - 1));
}

/** What is shown instead of keys if there are none. */
export function noKeys({ counters }: Readings, columns: number): string[] {
  const text =
    counters.service === "server"
      ? "A server does not measure keys; a proxy in front of it does."
      : "No key has been asked for lately.";
  return wrapped(text, columns).split("\n");
}
