import { Chart } from "../../parts/chart.tsx";
import { type QuestionTimes, type Timeline, waitingOver } from "./timeline.ts";

const TOP = 18;
const CLIENTS = 92;
const GAP = 30;
const PROXY_Y = TOP + CLIENTS + GAP;
const WIRE = 92;
const ORIGIN_Y = PROXY_Y + WIRE;
const AXIS_Y = ORIGIN_Y + 24;
const HEIGHT = AXIS_Y + 22;
const LEFT = 34;
const RIGHT = 14;
const TICKS_MS = [0, 100, 200, 300, 400];

export interface FlowDrawingProps {
  readonly timeline: Timeline;
  /** The present, and the end of the time that is drawn. */
  readonly nowMs: number;
  readonly endMs: number;
  /** The most that wait at once, in any of the drawings beside it. */
  readonly most: number;
  /** Whether what goes to the origin is shown yet. */
  readonly hasQuestions: boolean;
  readonly label: string;
}

/** Clients that wait, and the questions on the wire below them, up to the present. */
export function FlowDrawing(props: FlowDrawingProps) {
  const { timeline, nowMs, endMs, most, hasQuestions, label } = props;
  return (
    <Chart label={label} class="flow">
      {(width) => {
        const x = (ms: number): number => LEFT + ((width - LEFT - RIGHT) * ms) / endMs;
        const y = (waiting: number): number => TOP + CLIENTS * (1 - waiting / most);
        const over = waitingOver(timeline, 1, nowMs);
        const area = over.map((waiting, ms) => `L${x(Math.min(ms, nowMs))} ${y(waiting)}`).join("");
        return (
          <svg width={width} height={HEIGHT} aria-hidden="true">
            <text class="soft halo" x={0} y={TOP - 6}>
              clients that wait
            </text>
            {[0, 200, 400].map((rule) => (
              <g key={rule}>
                <path class={rule === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(rule)}H${x(endMs)}`} />
                <text x={LEFT - 6} y={y(rule) + 4} text-anchor="end">
                  {rule}
                </text>
              </g>
            ))}
            <path class="waiting" d={`M${x(0)} ${y(0)}${area}L${x(nowMs)} ${y(0)}z`} />
            <text class="soft halo" x={0} y={PROXY_Y - 8}>
              proxy
            </text>
            <text class="soft halo" x={0} y={ORIGIN_Y + 15}>
              origin
            </text>
            <path class="axis" d={`M${LEFT} ${PROXY_Y}H${x(endMs)}M${LEFT} ${ORIGIN_Y}H${x(endMs)}`} />
            {hasQuestions ? (
              <Ways questions={timeline.questions} x={x} nowMs={nowMs} />
            ) : (
              <text class="soft" x={x(endMs / 2)} y={PROXY_Y + WIRE / 2 + 4} text-anchor="middle">
                how many questions?
              </text>
            )}
            <path class="leader" d={`M${x(nowMs)} ${TOP}V${AXIS_Y}`} />
            {TICKS_MS.map((ms) => (
              <text key={ms} x={x(ms)} y={AXIS_Y + 16} text-anchor="middle">
                {ms === 0 ? "0 ms" : ms}
              </text>
            ))}
          </svg>
        );
      }}
    </Chart>
  );
}

interface WaysProps {
  readonly questions: readonly QuestionTimes[];
  readonly x: (ms: number) => number;
  readonly nowMs: number;
}

/** Each question goes down to the origin, waits there for its turn, and comes up again. */
function Ways({ questions, x, nowMs }: WaysProps) {
  const downs: string[] = [];
  const ups: string[] = [];
  const turns: string[] = [];
  const along = (fromMs: number, toMs: number): number =>
    toMs === fromMs ? 1 : Math.min(1, (nowMs - fromMs) / (toMs - fromMs));
  for (const { sentMs, arrivedMs, answeredMs, backMs } of questions) {
    if (sentMs > nowMs) break;
    const down = along(sentMs, arrivedMs);
    downs.push(`M${x(sentMs)} ${PROXY_Y}L${x(Math.min(arrivedMs, nowMs))} ${PROXY_Y + WIRE * down}`);
    if (arrivedMs > nowMs) continue;
    turns.push(`M${x(arrivedMs)} ${ORIGIN_Y}H${x(Math.min(answeredMs, nowMs))}`);
    if (answeredMs > nowMs) continue;
    const up = along(answeredMs, backMs);
    ups.push(`M${x(answeredMs)} ${ORIGIN_Y}L${x(Math.min(backMs, nowMs))} ${ORIGIN_Y - WIRE * up}`);
  }
  const name = questions.length > 9 ? "many" : "few";
  return (
    <g class={`ways ${name}`}>
      <path class="down" d={downs.join("")} />
      <path class="up" d={ups.join("")} />
      <path class="turn" d={turns.join("")} />
    </g>
  );
}
