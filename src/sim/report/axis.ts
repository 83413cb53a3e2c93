import type { SizeUnit } from "../../replay/simulated-cache.ts";
import { countTicks, formatCountTick, formatSizeTick, sizeTicks } from "./ticks.ts";

/** What goes from left to right in a chart. */
export interface Axis {
  readonly title: string;
  /** Where a value stands: 0 at the left end, 1 at the right one. */
  place(value: number): number;
  /** The values that are marked, where there is room for so many. */
  ticks(room: number): { readonly value: number; readonly text: string }[];
}

/** Sizes of caches, logarithmic. One size alone gets a range around it. */
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

/** Records of a trace, from the `first` one that is shown to the `last`; one alone stands in the middle. */
export function recordAxis(first: number, last: number): Axis {
  return {
    title: "First record of the window",
    place: (record) => (first === last ? 0.5 : 0) + (record - first) / Math.max(1, last - first),
    ticks: (room) => countTicks(first, last, room).map((value) => ({ value, text: formatCountTick(value) })),
  };
}
