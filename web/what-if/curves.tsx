import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { WhatIfPoint, WhatIfReport } from "../../src/instruments/view.ts";
import { Chart } from "../parts/chart.tsx";
import { linePath } from "../parts/sparkline.tsx";
import { countText, percentText } from "../parts/text.ts";
import { outcomeAt, roundUp } from "./choice.ts";
import { policyLook } from "./policy-looks.ts";

export interface CurvesProps {
  readonly report: WhatIfReport;
  /** A size as text, by its multiple of the present one. */
  readonly sizeOf: (factor: number) => string;
  /** The chosen policy. */
  readonly policy: string;
  /** The chosen size, as a multiple of the present one. */
  readonly factor: Signal<number>;
}

const LEFT = 44;
const RIGHT = 64;
const TOP = 26;
/** Steps of the slider for a doubling of the size. */
const STEPS = 20;

/** Miss ratios over sizes; the slider below is the size axis. */
export function Curves({ report, policy, factor, sizeOf }: CurvesProps) {
  const slider = useId();
  const { curves, present } = report;
  const chosen = curves.find((curve) => curve.policy === policy)?.points ?? [];
  const least = chosen[0]?.factor ?? 0.125;
  const most = chosen.at(-1)?.factor ?? 8;
  const at = outcomeAt(chosen, factor.value);
  const say = `${sizeOf(factor.value)} of ${policy}: ${percentText(at?.missRatio)} percent misses`;
  return (
    <>
      <h3>
        % of reads missed <span class="right">requests a second at the origin</span>
      </h3>
      <Chart
        class="curves"
        label={`Miss ratios over sizes from ${sizeOf(least)} to ${sizeOf(most)}. Now ${percentText(present.missRatio)} percent misses; chosen: ${say}`}
      >
        {(width) => (
          <Plot
            width={width}
            report={report}
            policy={policy}
            factor={factor}
            least={least}
            most={most}
            sizeOf={sizeOf}
          />
        )}
      </Chart>
      <label class="hidden" for={slider}>
        Size of the cache
      </label>
      <input
        id={slider}
        type="range"
        class="sizes"
        style={{ marginLeft: `${LEFT - 13}px`, width: `calc(100% - ${LEFT + RIGHT - 26}px)` }}
        min={Math.log2(least) * STEPS}
        max={Math.log2(most) * STEPS}
        step={1}
        value={Math.log2(factor.value) * STEPS}
        aria-valuetext={say}
        onInput={({ currentTarget }) => {
          factor.value = 2 ** (Number(currentTarget.value) / STEPS);
        }}
      />
    </>
  );
}

interface PlotProps extends CurvesProps {
  readonly width: number;
  readonly least: number;
  readonly most: number;
}

function Plot({ width, report, policy, factor, least, most, sizeOf }: PlotProps) {
  const { curves, optimum, present } = report;
  const isNarrow = width < 520;
  const inner = width - LEFT - RIGHT;
  const height = Math.round(Math.min(340, Math.max(200, width * 0.42)));
  const base = TOP + height;
  const all = [...curves.flatMap(({ points }) => points), ...optimum];
  const top = Math.min(
    1,
    roundUp(1.04 * Math.max(0.02, present.missRatio, ...all.map(({ missRatio }) => missRatio))),
  );
  const x = (multiple: number): number =>
    LEFT + (inner * Math.log2(multiple / least)) / Math.log2(most / least);
  const y = (ratio: number): number => base - (height * Math.max(0, ratio)) / top;
  const own = curves.find((curve) => curve.policy === policy)?.points ?? [];
  const at = outcomeAt(own, factor.value);
  const rate = ratePerRatio(all);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * top);
  const choose = (event: PointerEvent): void => {
    if (event.type === "pointermove" && event.buttons === 0) return;
    const left = (event.currentTarget as SVGElement).getBoundingClientRect().left;
    const share = Math.min(1, Math.max(0, (event.clientX - left - LEFT) / inner));
    factor.value = least * 2 ** (Math.round(share * Math.log2(most / least) * STEPS) / STEPS);
  };
  const path = (points: readonly WhatIfPoint[]): string =>
    linePath(
      points.map(({ missRatio }) => missRatio),
      (index) => x(points[index]!.factor),
      y,
    );
  const look = policyLook(policy);
  return (
    <svg
      width={width}
      height={base + 44}
      aria-hidden="true"
      onPointerDown={choose}
      onPointerMove={choose}
      style={{ touchAction: "pan-y" }}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <path class={tick === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(tick).toFixed(1)}H${LEFT + inner}`} />
          <text x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
            {percentText(tick, top < 0.1 ? 1 : 0)}
          </text>
          {rate !== undefined && (
            <text x={LEFT + inner + 8} y={y(tick) + 4}>
              {countText(rate * tick)}
            </text>
          )}
        </g>
      ))}
      {curves.map(({ policy: name, points }) => {
        if (name === policy) return null;
        const { colour, dash, mark } = policyLook(name);
        const last = points.at(-1);
        return (
          <g key={name} style={{ color: `var(${colour})` }} class="other">
            <path class="line" d={path(points)} stroke-dasharray={dash} />
            {last !== undefined && (
              <path class="dot" d={mark} transform={`translate(${x(last.factor)} ${y(last.missRatio)})`} />
            )}
          </g>
        );
      })}
      <path class="line optimum" d={path(optimum)} />
      {optimum.length > 2 && !isNarrow && (
        <text class="halo" x={x(optimum[1]!.factor)} y={Math.min(base - 6, y(optimum[1]!.missRatio) + 16)}>
          Belady: no cache can get below this
        </text>
      )}
      <g style={{ color: `var(${look.colour})` }}>
        <path class="band" d={bandPath(own, x, y)} />
        <path class="line chosen" d={path(own)} stroke-dasharray={look.dash} />
        {own.map((point) => (
          <path
            key={point.factor}
            class="dot"
            d={look.mark}
            transform={`translate(${x(point.factor)} ${y(point.missRatio)})`}
          />
        ))}
      </g>
      {at !== undefined && (
        <>
          <path
            class="leader"
            d={`M${x(1)} ${y(present.missRatio)}H${x(factor.value)}V${y(at.missRatio)}M${x(factor.value)} ${y(at.missRatio)}V${base}`}
          />
          <circle class="choice" cx={x(factor.value)} cy={y(at.missRatio)} r="6" />
          <text
            class="strong halo"
            x={x(factor.value) + (factor.value > most / 2 ? -12 : 12)}
            y={y(at.missRatio) + 18}
            text-anchor={factor.value > most / 2 ? "end" : "start"}
          >
            {percentText(at.missRatio)} %
          </text>
        </>
      )}
      <circle class="present" cx={x(1)} cy={y(present.missRatio)} r="8" />
      <text class="strong halo" x={x(1) + 14} y={y(present.missRatio) - 12}>
        now {percentText(present.missRatio)} %
      </text>
      {octaves(least, most)
        .filter((multiple) => !isNarrow || multiple === 1 || Math.abs(Math.log2(multiple)) === 3)
        .map((multiple) => (
          <g key={multiple}>
            <path class="axis" d={`M${x(multiple)} ${base}v6`} />
            <text
              class={multiple === 1 ? "strong" : ""}
              x={x(multiple)}
              y={base + 38}
              text-anchor={multiple > 0.98 * most ? "end" : "middle"}
            >
              {sizeOf(multiple)}
            </text>
          </g>
        ))}
    </svg>
  );
}

/** Whole powers of two between two multiples; every second one where there are many. */
function octaves(least: number, most: number): number[] {
  const from = Math.ceil(Math.log2(least) - 0.01);
  const to = Math.floor(Math.log2(most) + 0.01);
  return Array.from({ length: to - from + 1 }, (_, at) => 2 ** (from + at));
}

function bandPath(
  points: readonly WhatIfPoint[],
  x: (factor: number) => number,
  y: (ratio: number) => number,
): string {
  if (points.length === 0) return "";
  const edge =
    (sign: number) =>
    ({ factor, missRatio, error }: WhatIfPoint) =>
      `${x(factor).toFixed(1)} ${y(Math.min(1, Math.max(0, missRatio + sign * error))).toFixed(1)}`;
  return `M${points.map(edge(1)).join("L")}L${[...points].reverse().map(edge(-1)).join("L")}Z`;
}

/** Requests a second at the origin for a miss ratio of 1: both axes tell the same. */
function ratePerRatio(points: readonly WhatIfPoint[]): number | undefined {
  const point = points.reduce<WhatIfPoint | undefined>(
    (most, one) => (one.missRatio > (most?.missRatio ?? 0) ? one : most),
    undefined,
  );
  return point && point.originRequestsPerSecond / point.missRatio;
}
