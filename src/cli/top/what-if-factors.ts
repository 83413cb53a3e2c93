import type { WhatIfPoint, WhatIfReport } from "../../instruments/view.ts";

/** The present size has changed by less since the sizes were chosen. */
const TOLERANCE = 0.02;

/**
 * Rounds factors to the powers of √2 that they stand for, and 1 for the present size: the sizes of simulated caches
 * stay as they are when the present one changes a little.
 */
export function roundedFactors(report: WhatIfReport): WhatIfReport {
  return {
    ...report,
    curves: report.curves.map((curve) => ({ ...curve, points: curve.points.map(rounded) })),
    optimum: report.optimum.map(rounded),
  };
}

function rounded(point: WhatIfPoint): WhatIfPoint {
  const factor = 2 ** (Math.round(2 * Math.log2(point.factor)) / 2);
  return Math.abs(point.factor / factor - 1) <= TOLERANCE ? { ...point, factor } : point;
}
