import type { ChartOptions } from "./chart.ts";

const WIDE: ChartOptions = { width: 960, names: "beside" };
export const NARROW: ChartOptions = { width: 380, names: "below" };

/** Renders charts for large and for small screens; the page shows those that fit. */
export function renderForScreens(render: (options: ChartOptions) => readonly string[]): string {
  return `<div class="charts wide">
${render(WIDE).join("\n")}
</div>
<div class="charts narrow">
${render(NARROW).join("\n")}
</div>`;
}
