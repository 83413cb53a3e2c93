import type { ResultRow } from "../runner.ts";
import { type FamilyShare, familyShares } from "./family-shares.ts";
import { type Column, count, percent, renderTable } from "./html-table.ts";
import { renderParts } from "./parts.ts";
import { describeSize } from "./svg.ts";

/** A table for each result with counts by family; nothing if there is none. */
export function renderFamilies(rows: readonly ResultRow[]): string {
  const hasTraces = new Set(rows.map(({ trace }) => trace)).size > 1;
  const parts = rows.flatMap((row) => {
    const shares = familyShares(row);
    if (shares === undefined) return [];
    const { shown, more } = shares;
    const table = renderTable(shown, COLUMNS);
    return {
      title: `${hasTraces ? `${row.trace}, ` : ""}${row.policy}, ${describeSize(row)}`,
      markup: more === 0 ? table : `${table}\n<p class="faint">and ${count(more)} more</p>`,
    };
  });
  if (parts.length === 0) return "";
  return `<h2>Misses by prefix</h2>
<p class="faint">Which family of keys misses: by what stands before the first character that ends a prefix.</p>
<div class="families">
${renderParts(parts)}
</div>`;
}

const COLUMNS: readonly Column<FamilyShare>[] = [
  { head: "Family", isText: true, show: ({ family }) => family, whole: ({ family }) => family },
  { head: "Misses", show: ({ misses }) => count(misses), value: ({ misses }) => misses },
  {
    head: "Of all misses",
    show: ({ share }) => percent(share),
    value: ({ share }) => share,
    bar: ({ share }) => share,
  },
  { head: "Requests", show: ({ requests }) => count(requests), value: ({ requests }) => requests },
  { head: "Miss ratio", show: ({ missRatio }) => percent(missRatio), value: ({ missRatio }) => missRatio },
];
