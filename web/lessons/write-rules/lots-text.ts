import type { Lot } from "./run.ts";

/** The rows of a table of lots. */
export const LOT_ROWS = { told: "confirmed", origin: "at the origin" } as const;

/** What is special about a confirmed bid. */
interface LotMark {
  readonly name: string;
  readonly sign: string;
  readonly says: string;
}

const ONLY_CACHED: LotMark = { name: "only-cached", sign: "+", says: "only in the cache" };
const LOST: LotMark = { name: "lost", sign: "!", says: "lost" };

/** @param isOn whether the cache still has what the origin does not have */
export function lotMark({ isOnlyTold }: Lot, isOn: boolean): LotMark | undefined {
  if (!isOnlyTold) return undefined;
  return isOn ? ONLY_CACHED : LOST;
}

/** `bid 37` is shown as 37. */
export function bidNumber(bid: string | undefined): string {
  return bid?.replace("bid ", "") ?? "–";
}

/** The table as text, after the plug was pulled. */
export function lotsText(title: string, lots: readonly Lot[]): string {
  const heads = lots.map(({ name }) => `<th scope="col">${name}</th>`);
  const told = lots.map((lot) => {
    const mark = lotMark(lot, false);
    const bid = bidNumber(lot.told);
    if (mark === undefined) return `<td>${bid}</td>`;
    return `<td class="${mark.name}">${bid}<b>${mark.sign}</b><span class="hidden"> ${mark.says}</span></td>`;
  });
  const atOrigin = lots.map((lot) => `<td>${bidNumber(lot.atOrigin)}</td>`);
  return `<table class="lots"><caption class="hidden">${title}</caption><thead><tr><th scope="col">lot</th>${heads.join("")}</tr></thead><tbody><tr><th scope="row">${LOT_ROWS.told}</th>${told.join("")}</tr><tr><th scope="row">${LOT_ROWS.origin}</th>${atOrigin.join("")}</tr></tbody></table>`;
}
