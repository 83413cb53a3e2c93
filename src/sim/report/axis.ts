import type { SizeUnit } from "../../replay/simulated-cache.ts";
import { countTicks, formatCountTick, formatSizeTick, sizeTicks } from "./ticks.ts";

/** The horizontal axis of a chart. */
export interface Axis {
  readonly title: string;
  /** Returns the position of a value: 0 at the left end, 1 at the right end. */
  place(value: number): number;
  /** Returns the marked values, at most as many as `room`. */
  ticks(room: number): { readonly value: number; readonly text: string }[];
}

/** A logarithmic axis of cache sizes. A single size gets a range around it. */
export function sizeAxis(sizes: readonly number[], unit: SizeUnit): Axis {
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  const [least, most] = smallest === largest ? [smallest / 2, largest * 2] : [smallest, largest];
  return {
    title: `Cache size, ${unit} (logarithmic)`,
    place: (size) => Math.log(size / least) / Math.log(most / least),
    ticks: (room) =>
      sizeTicks(least, most, unit, room).map((value) => ({ value, text: formatSizeTick(value, unit) })),
  };
}

/** An axis of a trace's records from `first` to `last`; a single one is in the middle. */
export function recordAxis(first: number, last: number): Axis {
  return {
    title: "First record of the window",
    place: (record) => (first === last ? 0.5 : 0) + (record - first) / Math.max(1, last - first),
    ticks: (room) => countTicks(first, last, room).map((value) => ({ value, text: formatCountTick(value) })),
  };
}
