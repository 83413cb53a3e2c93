import { bidNumber, LOT_ROWS, lotMark } from "./lots-text.ts";
import type { Lot } from "./run.ts";

export interface LotsTableProps {
  readonly title: string;
  readonly lots: readonly Lot[];
  /** Whether the cache still has what the origin does not have. */
  readonly isOn: boolean;
}

/** What bidders were told of each lot, above what the origin has. */
export function LotsTable({ title, lots, isOn }: LotsTableProps) {
  return (
    <table class="lots">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">lot</th>
          {lots.map(({ name }) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{LOT_ROWS.told}</th>
          {lots.map((lot) => {
            const mark = lotMark(lot, isOn);
            return (
              <td key={lot.name} class={mark?.name}>
                {bidNumber(lot.told)}
                {mark !== undefined && (
                  <>
                    <b>{mark.sign}</b>
                    <span class="hidden"> {mark.says}</span>
                  </>
                )}
              </td>
            );
          })}
        </tr>
        <tr>
          <th scope="row">{LOT_ROWS.origin}</th>
          {lots.map(({ name, atOrigin }) => (
            <td key={name}>{bidNumber(atOrigin)}</td>
          ))}
        </tr>
      </tbody>
    </table>
  );
}
