import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Chart } from "../parts/chart.tsx";
import type { PolicyLook } from "../what-if/policy-looks.ts";
import { labelHeights } from "./label-heights.ts";

/** A line of a chart: a value for each place of the slider. */
interface Line {
  readonly title: string;
  readonly look: PolicyLook;
  readonly values: readonly number[];
}

export interface LinesProps {
  readonly lines: readonly Line[];
  /** What the chart shows: `Hits of 20 over the length of the scan`. */
  readonly label: string;
  /** What the slider sets, at a place: `strangers in the scan: 24`. */
  readonly setting: (place: number) => string;
  /** The place that is chosen first. */
  readonly first: number;
  /** Places with a word below the axis. */
  readonly ticks: readonly { readonly place: number; readonly text: string }[];
  /** The greatest value, and the values with a rule. */
  readonly most: number;
  readonly rules: readonly number[];
  /** The unit, behind each value at the axis. */
  readonly unit?: string;
  /** What a place says, in a sentence or two. */
  readonly says: (place: number) => string;
  /** Drawn below, for a place. */
  readonly children?: (place: number) => ComponentChildren;
}

const LEFT = 44;
const TOP = 14;
const HEIGHT = 180;
const LABEL_GAP_PX = 15;
const CHARACTER_PX = 7.4;

/** Change one thing: a slider, and lines whose every point is a run of its own. */
export function Lines(props: LinesProps) {
  const { lines, label, setting, first, ticks, most, rules, unit = "", says } = props;
  const place = useSignal(first);
  const last = lines[0]!.values.length - 1;
  const say = says(place.value);
  const right = 16 + Math.max(...lines.map(({ title }) => title.length)) * CHARACTER_PX;
  return (
    <div class="lines">
      <Chart label={`${label}. ${say}`}>
        {(width) => {
          const x = (at: number): number => LEFT + ((width - LEFT - right) * at) / last;
          const y = (value: number): number => TOP + HEIGHT * (1 - value / most);
          const ends = labelHeights(
            lines.map(({ values }) => y(values.at(-1)!)),
            { top: TOP, bottom: TOP + HEIGHT, gap: LABEL_GAP_PX },
          );
          return (
            <svg width={width} height={TOP + HEIGHT + 28} aria-hidden="true">
              {rules.map((rule) => (
                <g key={rule}>
                  <path class={rule === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(rule)}H${x(last)}`} />
                  <text x={LEFT - 8} y={y(rule) + 4} text-anchor="end">
                    {rule}
                    {unit}
                  </text>
                </g>
              ))}
              {ticks.map(({ place: at, text }) => (
                <text key={at} x={x(at)} y={y(0) + 20} text-anchor={at === last ? "end" : "middle"}>
                  {text}
                </text>
              ))}
              <path class="leader" d={`M${x(place.value)} ${TOP}V${y(0)}`} />
              {lines.map(({ title, look, values }, i) => (
                <g key={title} style={{ color: `var(${look.colour})` }}>
                  <path
                    class="line"
                    d={values.map((value, at) => `${at === 0 ? "M" : "L"}${x(at)} ${y(value)}`).join("")}
                    stroke-dasharray={look.dash}
                  />
                  <path
                    class="dot"
                    d={look.mark}
                    transform={`translate(${x(place.value)} ${y(values[place.value]!)}) scale(1.4)`}
                  />
                  <text class="strong" x={x(last) + 8} y={ends[i]! + 4}>
                    {title}
                  </text>
                </g>
              ))}
            </svg>
          );
        }}
      </Chart>
      <label class="setting">
        <span class="label">{setting(place.value)}</span>
        <input
          type="range"
          min={0}
          max={last}
          value={place.value}
          aria-valuetext={say}
          onInput={({ currentTarget }) => (place.value = Number(currentTarget.value))}
        />
      </label>
      <p class="prose">{say}</p>
      {props.children?.(place.value)}
    </div>
  );
}
