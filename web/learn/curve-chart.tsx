import { useId } from "preact/hooks";
import type { SizeUnit } from "../../src/replay/simulated-cache.ts";
import { Chart } from "../parts/chart.tsx";
import { TableBehind } from "../parts/table.tsx";
import { countText, percentText, sizeText } from "../parts/text.ts";
import { HowToRead } from "../parts/view.tsx";
import { type CurvePoint, OPTIMA } from "../play/curve.ts";
import { policyName } from "../play/decider.ts";
import { listText } from "../play/step-sentence.ts";
import { policyLook } from "../what-if/policy-looks.ts";
import type { Player } from "./player.ts";

const LEFT = 40;
const RIGHT = 14;
const TOP = 14;
const HEIGHT = 210;
/** Steps of the slider over the whole axis. */
const STEPS = 400;

/** A point as a share. */
const ratioOf = ({ misses, requests }: CurvePoint): number => (requests === 0 ? 0 : misses / requests);

/** Misses of the whole run over sizes, with these caches on it; the slider below is the size axis. */
export function CurveChart({ player }: { readonly player: Player }) {
  const slider = useId();
  const { points, share } = player.curve.value;
  const { caches } = player.settings.value;
  const { unit, size } = caches[0]!;
  const text = (value: number): string => (unit === "bytes" ? sizeText(value) : countText(value));
  const optimum = OPTIMA[unit];
  const policies = [...new Set(caches.map(({ policy }) => policy))];
  const sizes = [...new Set(points.map((point) => point.size))];
  const least = Math.min(1e9, ...sizes, size);
  const most = Math.max(2, ...sizes);
  const span = Math.log(most / least) || 1;
  const step = Math.round((STEPS * Math.log(size / least)) / span);
  const sizeAt = (share: number): number =>
    Math.max(1, Math.round(least * (most / least) ** Math.min(1, Math.max(0, share))));
  const setTo = (chosen: number): void => {
    if (chosen !== size && chosen >= 1)
      player.change({ caches: caches.map((cache) => ({ ...cache, size: chosen })) });
  };
  const find = (policy: string, at: number): CurvePoint | undefined =>
    points.find((point) => point.policy === policy && point.size === at);
  const say = sayText(
    caches.map(({ policy, size: own }) => ({ policy, size: text(own), point: find(policy, own) })),
    unit,
    share === 1,
  );
  return (
    <section class="curve">
      <h3>How much memory is enough?</h3>
      <p class="prose">
        {say === ""
          ? share < 1
            ? "The curve is being computed: the whole run, at many sizes."
            : "There is no curve: nothing has come to the end of the run."
          : say}
      </p>
      <Chart
        class="sizes-chart"
        label={`Miss ratios of the whole run over sizes from ${text(least)} to ${text(most)} ${unit}. ${say}`}
      >
        {(width) => {
          const inner = width - LEFT - RIGHT;
          const x = (value: number): number => LEFT + (inner * Math.log(value / least)) / span;
          const y = (ratio: number): number => TOP + HEIGHT * (1 - ratio);
          const path = (policy: string): string =>
            points
              .filter((point) => point.policy === policy)
              .map(
                (point, i) =>
                  `${i === 0 ? "M" : "L"}${x(point.size).toFixed(1)} ${y(ratioOf(point)).toFixed(1)}`,
              )
              .join("");
          const choose = (event: PointerEvent): void => {
            if (event.type === "pointermove" && event.buttons === 0) return;
            const { left } = (event.currentTarget as SVGElement).getBoundingClientRect();
            setTo(sizeAt((event.clientX - left - LEFT) / inner));
          };
          return (
            <svg
              width={width}
              height={TOP + HEIGHT + 34}
              aria-hidden="true"
              onPointerDown={choose}
              onPointerMove={choose}
              style={{ touchAction: "pan-y" }}
            >
              {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
                <g key={tick}>
                  <path class={tick === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(tick)}H${LEFT + inner}`} />
                  <text x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
                    {percentText(tick, 0)}
                  </text>
                </g>
              ))}
              <path class="line optimum" d={path(optimum)} />
              {policies.map((policy) => {
                const { colour, dash } = policyLook(policyName(policy));
                return (
                  <path
                    key={policy}
                    class="line"
                    style={{ color: `var(${colour})` }}
                    d={path(policy)}
                    stroke-dasharray={dash}
                  />
                );
              })}
              {ticks(least, most).map((value) => (
                <g key={value}>
                  <path class="axis" d={`M${x(value)} ${y(0)}v5`} />
                  <text x={x(value)} y={y(0) + 19} text-anchor="middle">
                    {text(value)}
                  </text>
                </g>
              ))}
              {caches.map(({ policy, size: own }, i) => {
                const { colour, mark } = policyLook(policyName(policy));
                const whole = find(policy, own);
                const sofar = player.shown.value?.view.caches[i];
                return (
                  <g key={i} style={{ color: `var(${colour})` }}>
                    {i === 0 && <path class="leader" d={`M${x(own)} ${TOP}V${y(0)}`} />}
                    {whole !== undefined && (
                      <path
                        class="dot"
                        d={mark}
                        transform={`translate(${x(own)} ${y(ratioOf(whole))}) scale(1.4)`}
                      />
                    )}
                    {sofar !== undefined && sofar.requests > 0 && (
                      <path
                        class="hollow"
                        d={mark}
                        transform={`translate(${x(own)} ${y(sofar.misses / sofar.requests)}) scale(1.4)`}
                      />
                    )}
                  </g>
                );
              })}
            </svg>
          );
        }}
      </Chart>
      <label class="hidden" for={slider}>
        Size of all caches
      </label>
      <input
        id={slider}
        type="range"
        class="size-axis"
        min={0}
        max={STEPS}
        value={step}
        aria-valuetext={`${text(size)} ${unit}`}
        onInput={({ currentTarget }) => {
          const to = Number(currentTarget.value);
          const chosen = sizeAt(to / STEPS);
          // Small sizes lie many steps apart; a key still leads to the next one.
          setTo(chosen === size ? size + Math.sign(to - step) : chosen);
        }}
      />
      <ul class="legend curve-legend">
        {policies.map((policy) => {
          const { colour, dash, mark } = policyLook(policyName(policy));
          return (
            <li key={policy} style={{ color: `var(${colour})` }}>
              <svg width="30" height="12" aria-hidden="true">
                <path class="line" d="M0 6h30" stroke-dasharray={dash} />
                <path class="dot" d={mark} transform="translate(15 6)" />
              </svg>
              <span>{policy}</span>
            </li>
          );
        })}
        {!policies.includes(optimum) && (
          <li>
            <svg width="30" height="12" aria-hidden="true">
              <path class="line optimum" d="M0 6h30" />
            </svg>
            <span>the best there could be</span>
          </li>
        )}
      </ul>
      {share < 1 && <p class="label">{percentText(share, 0)} % of the curve is computed</p>}
      <HowToRead>
        % of the requests that missed, over the size of the cache in {unit}. The filled mark is the whole run
        at this size, the hollow one how far it has come. Where a line falls steeply, a little memory helps
        much; where it is flat, more memory is wasted. No policy can get below the best there could be, which
        knows the future (Belady).
      </HowToRead>
      <TableBehind
        summary="As a table"
        caption="Miss ratios of the whole run by size"
        rows={sizes}
        keyOf={(value) => value}
        columns={[
          { head: unit, isNumber: true, cell: text },
          ...[...new Set([...policies, optimum])].map((policy) => ({
            head: policy,
            isNumber: true,
            cell: (value: number) => {
              const point = find(policy, value);
              return point === undefined ? "–" : `${percentText(ratioOf(point))} %`;
            },
          })),
        ]}
      />
    </section>
  );
}

interface SaidCache {
  readonly policy: string;
  readonly size: string;
  readonly point: CurvePoint | undefined;
}

/** @param isOver whether all points are there: a policy that breaks a rule has none */
function sayText(known: readonly SaidCache[], unit: SizeUnit, isOver: boolean): string {
  const isOne = known.every(({ size }) => size === known[0]!.size);
  const parts = known.flatMap(({ policy, size, point }) =>
    point === undefined
      ? []
      : [`${policy}${isOne ? "" : ` with ${size}`} misses ${percentText(ratioOf(point))}\u00a0%`],
  );
  if (parts.length < known.length && (!isOver || parts.length === 0)) return "";
  const room = isOne ? ` with room for ${known[0]!.size}${unit === "entries" ? " entries" : ""}` : "";
  return `Over the whole run${room}, ${listText(parts)}.`;
}

/** Some six round numbers on a logarithmic axis. */
function ticks(least: number, most: number): number[] {
  const powers = Array.from({ length: 16 }, (_, i) => 10 ** i);
  const ones = powers
    .flatMap((power) => [power, 2 * power, 5 * power])
    .filter((tick) => tick >= least && tick <= most);
  return ones.length <= 7 ? ones : powers.filter((tick) => tick >= least && tick <= most);
}
