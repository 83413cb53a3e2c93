import { Chart } from "../../parts/chart.tsx";
import { HEIGHT, herdPlaces, LEFT, RULES, SECONDS_EVERY, TOP } from "./herd-places.ts";
import { ASK_AT_S } from "./run.ts";

export interface HerdBarsProps {
  /** Of each second. */
  readonly questions: readonly number[];
  /** So many seconds have passed. */
  readonly passed: number;
  /** Drawn as an outline: the same without jitter. */
  readonly without?: readonly number[];
  readonly guess?: number | undefined;
  /** What it shows, in a sentence. */
  readonly label: string;
}

/** A bar for each second: the questions that reached the origin. */
export function HerdBars({ questions, passed, without, guess, label }: HerdBarsProps) {
  return (
    <Chart label={label} class="herd">
      {(width) => {
        const { wide, x, y } = herdPlaces(width, questions.length);
        return (
          <svg width={width} height={TOP + HEIGHT + 42} aria-hidden="true">
            {RULES.map((rule) => (
              <g key={rule}>
                <path class={rule === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(rule)}H${width}`} />
                <text x={LEFT - 8} y={y(rule) + 4} text-anchor="end">
                  {rule}
                </text>
              </g>
            ))}
            {questions.slice(0, passed).map((count, second) => (
              <rect
                key={second}
                class="questions"
                x={x(second) + 1}
                y={y(count)}
                width={Math.max(1, wide - 2)}
                height={y(0) - y(count)}
              />
            ))}
            {without?.map((count, second) => (
              <rect
                key={second}
                class="others"
                x={x(second) + 0.5}
                y={y(count)}
                width={Math.max(1, wide - 1)}
                height={y(0) - y(count)}
              />
            ))}
            {questions.map(
              (_, second) =>
                second % SECONDS_EVERY === 0 && (
                  <text key={second} x={x(second)} y={y(0) + 18}>
                    {second}
                  </text>
                ),
            )}
            <text x={(LEFT + width) / 2} y={y(0) + 36} text-anchor="middle">
              seconds
            </text>
            {guess !== undefined && (
              <>
                <path
                  class="guess-mark"
                  d={`M${x(ASK_AT_S) - wide / 2} ${y(guess)}H${x(ASK_AT_S + 1) + wide / 2}`}
                />
                <text class="strong halo" x={x(ASK_AT_S + 2)} y={y(guess) + 4}>
                  your guess
                </text>
              </>
            )}
          </svg>
        );
      }}
    </Chart>
  );
}
