import type { ChartOptions } from "./chart.ts";

const WIDE: ChartOptions = { width: 960, names: "beside" };
export const NARROW: ChartOptions = { width: 380, names: "below" };

/** Charts for large screens and for small ones, of which the page shows what fits. */
export function renderForScreens(render: (options: ChartOptions) => readonly string[]): string {
  return `<div class="charts wide">
${render(WIDE).join("\n")}
</div>
<div class="charts narrow">
${render(NARROW).join("\n")}
</div>`;
}
