import type { HotKeysReport } from "../../instruments/view.ts";
import { amountText, percentText, sizeText } from "./figure-text.ts";
import { type Column, tableText } from "./flexible-table.ts";
import { keyText } from "./safe-text.ts";
import { GUTTER, noKeys, type ScreenBody, type ScreenInput } from "./screen-body.ts";
import { sortOf } from "./top-state.ts";

type HotKey = HotKeysReport["keys"][number];

/** The keys that are asked for most, or cost most. */
export function hotKeysBody({ readings, state, style, columns }: ScreenInput): ScreenBody {
  const report = readings.hot[state.hotBy];
  if (report === undefined) return { head: ["Reading…"], list: [], tail: [] };
  const { unit } = report;
  const amount = (value: number) => (unit === "bytes" ? sizeText(value) : amountText(value));
  const table: readonly Column<HotKey>[] = [
    {
      title: "key",
      importance: 9,
      leastCells: 12,
      cell: ({ key, cutFromBytes }) => keyText(key, cutFromBytes),
    },
    { title: unit, importance: 8, cell: (key) => amount(key.amount) },
    {
      title: "at least",
      importance: 3,
      cell: ({ amount: told, error, samplingError }) => amount(Math.max(0, told - error - samplingError)),
    },
    { title: "at most", importance: 2, cell: (key) => amount(key.amount + key.samplingError) },
    { title: "hits", importance: 6, cell: ({ hitRatio }) => percentText(hitRatio) },
    { title: "value", importance: 5, cell: ({ valueBytes }) => sizeText(valueBytes) },
  ];
  const { head, rows } = tableText(table, sorted(report.keys, sortOf(state)), columns - GUTTER);
  if (rows.length === 0) return { head: noKeys(readings, columns), list: [], tail: [] };
  return { head: [`  ${style.bold(head)}`], list: rows, tail: [] };
}

function sorted(keys: readonly HotKey[], by: string): readonly HotKey[] {
  if (by === "hit ratio") return keys.toSorted((a, b) => a.hitRatio - b.hitRatio);
  return by === "size" ? keys.toSorted((a, b) => b.valueBytes - a.valueBytes) : keys;
}
