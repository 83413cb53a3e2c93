import { Chart } from "./chart.tsx";

export interface SparklineProps {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A value as text. */
  readonly text: (value: number) => string;
  /** What stands below the line's beginning. */
  readonly begin: string;
  /** The result whose colour the line has. */
  readonly result?: "hit" | "miss";
}

const HEIGHT = 46;
const RIGHT = 46;

/** A line without axes: its shape, its lowest point, and its latest value. */
export function Sparkline({ label, values, text, begin, result = "hit" }: SparklineProps) {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined || known.length < 2) return null;
  const least = Math.min(...known);
  const most = Math.max(...known);
  return (
    <Chart label={`${label}: now ${text(last)}, between ${text(least)} and ${text(most)}`}>
      {(width) => {
        const inner = width - RIGHT;
        const range = Math.max(most - least, 0.02 * Math.abs(most), 1e-9);
        const x = (at: number) => (at / (values.length - 1)) * inner;
        const y = (value: number) => 4 + (HEIGHT - 8) * (1 - (value - (most + least - range) / 2) / range);
        const lowest = values.indexOf(least);
        return (
          <svg width={width} height={HEIGHT + 18} aria-hidden="true">
            <path class="rule" d={`M0 ${HEIGHT + 0.5}H${inner}`} />
            <path class={`line ${result}`} d={linePath(values, x, y)} />
            <circle class={`dot ${result}`} cx={x(values.lastIndexOf(last))} cy={y(last)} r="3.5" />
            <text class="strong" x={inner + 8} y={y(last) + 4}>
              {text(last)}
            </text>
            <text y={HEIGHT + 15}>{begin}</text>
            {lowest > values.length * 0.2 && lowest < values.length * 0.8 && (
              <text x={x(lowest)} y={HEIGHT + 15} text-anchor="middle">
                lowest {text(least)}
              </text>
            )}
            <text x={inner} y={HEIGHT + 15} text-anchor="end">
              now
            </text>
          </svg>
        );
      }}
    </Chart>
  );
}

/** The path of a line, with gaps where nothing was measured. */
export function linePath(
  values: readonly (number | null)[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let isDrawing = false;
  values.forEach((value, at) => {
    if (value !== null) path += `${isDrawing ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    isDrawing = value !== null;
  });
  return path;
}
