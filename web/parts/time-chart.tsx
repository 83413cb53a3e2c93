import { type Signal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { useDashboard } from "../live/dashboard.ts";
import { useWidth } from "./chart.tsx";
import { clockText } from "./text.ts";

export interface TimeLine {
  readonly name: string;
  /** One a step; null: nothing was measured. */
  readonly values: readonly (number | null)[];
  /** Where the line is drawn, if it is stacked on others. */
  readonly stacked?: readonly (number | null)[];
  /** The name of its colour in style/tokens.css. */
  readonly colour: string;
  /** Whether the room below is filled, with the strokes or hatching of its result. */
  readonly area?: "strokes" | "hatching" | "plain";
  readonly dash?: readonly number[];
}

/** What somebody changed, or what happened at once. */
interface TimeMark {
  readonly atMs: number;
  readonly letter: string;
}

/** What charts of one view share, so that they move in step. */
interface TimeCursor {
  /** The step that is looked at; undefined: none. */
  readonly at: Signal<number | undefined>;
  /** The range that is shown, in Unix milliseconds; undefined: all. */
  readonly zoom: Signal<readonly [fromMs: number, toMs: number] | undefined>;
}

export interface TimeChartProps {
  readonly title: string;
  readonly fromMs: number;
  readonly stepMs: number;
  readonly lines: readonly TimeLine[];
  readonly marks: readonly TimeMark[];
  readonly cursor: TimeCursor;
  /** A value as text, with its unit where it needs one. */
  readonly text: (value: number) => string;
  /** Whether the axis of values is logarithmic, or has steps of powers of two. */
  readonly scale?: "logarithmic" | "bytes";
  /** Whether the axis of time is written below. */
  readonly hasTimes?: boolean;
}

const HEIGHT = 104;
const TIMES_HEIGHT = 26;
const LEFT = 54;
const LEAST_STEPS = 120;

/** A chart over time. Dragging zooms; arrow keys move the cursor of all charts that share it, + and − zoom, 0 shows all. */
export function TimeChart(props: TimeChartProps) {
  const { title, lines, cursor, text, fromMs, stepMs, hasTimes = false } = props;
  const { display, charts, link } = useDashboard();
  const UPlot = charts.library.value;
  useEffect(() => charts.load(), [charts, link.value.state]);
  const [ref, width] = useWidth<HTMLDivElement>();
  const chart = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const length = lines[0]?.values.length ?? 0;
  const names = lines.map(({ name }) => name).join();
  const height = HEIGHT + (hasTimes ? TIMES_HEIGHT : 0);

  useEffect(() => {
    if (ref.current === null || UPlot === undefined) return undefined;
    const made = new UPlot(optionsOf(latest), dataOf(latest.current), ref.current);
    chart.current = made;
    return () => made.destroy();
  }, [UPlot, names, props.scale]);

  useEffect(() => {
    if (width > 40) chart.current?.setSize({ width, height });
  }, [UPlot, width, height, names]);

  useEffect(() => {
    const made = chart.current;
    if (made === undefined) return;
    made.batch(() => {
      made.setData(dataOf(latest.current), false);
      made.setScale("x", rangeOf(latest.current));
    });
  }, [fromMs, length, lines]);

  useSignalEffect(() => {
    cursor.zoom.value;
    chart.current?.setScale("x", rangeOf(latest.current));
  });
  useSignalEffect(() => {
    display.theme.value;
    chart.current?.redraw(false);
  });
  useSignalEffect(() => {
    const at = cursor.at.value;
    const made = chart.current;
    if (made === undefined || made.cursor.idx === at) return;
    const left =
      at === undefined ? -10 : made.valToPos(latest.current.fromMs / 1000 + (at * stepMs) / 1000, "x");
    made.setCursor({ left, top: 0 }, false);
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30, Home: -length, End: length }[
      event.key
    ];
    const at = cursor.at.value ?? length - 1;
    if (by !== undefined) cursor.at.value = Math.min(length - 1, Math.max(0, at + by));
    else if (event.key === "Escape") cursor.at.value = undefined;
    else if (event.key === "0") cursor.zoom.value = undefined;
    else if (event.key === "+" || event.key === "-")
      zoomAround(latest.current, at, event.key === "+" ? 0.5 : 2);
    else return;
    event.preventDefault();
  };
  const shown = cursor.at.value ?? lastKnown(lines);
  const now = lines.map(({ name, values }) => `${name} ${textOf(values[shown], text)}`).join(", ");
  return (
    <div
      class="time-chart"
      role="application"
      aria-label={`${title}. ${clockText(fromMs + shown * stepMs)}: ${now}. Arrow keys move through time.`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div class="canvas" ref={ref} style={{ height: `${height}px` }} />
      <ul class="values">
        {lines.map(({ name, values, colour }) => (
          <li key={name} style={{ color: `var(${colour})` }}>
            <b>{textOf(values[shown], text)}</b> {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

function textOf(value: number | null | undefined, text: (value: number) => string): string {
  return value === null || value === undefined ? "–" : text(value);
}

function lastKnown(lines: readonly TimeLine[]): number {
  const last = lines.map(({ values }) => values.findLastIndex((value) => value !== null));
  return Math.max(0, ...last);
}

function dataOf({ fromMs, stepMs, lines }: TimeChartProps): uPlot.AlignedData {
  const length = lines[0]?.values.length ?? 0;
  const times = Array.from({ length }, (_, at) => (fromMs + at * stepMs) / 1000);
  return [times, ...lines.map(({ values, stacked }) => (stacked ?? values) as (number | null)[])];
}

function rangeOf({ cursor, fromMs, stepMs, lines }: TimeChartProps): { min: number; max: number } {
  const length = lines[0]?.values.length ?? 0;
  // What was before the service's start need not take room, but for a minimum of time.
  const first = lines
    .map(({ values }) => values.findIndex((value) => value !== null))
    .filter((at) => at >= 0);
  const begin = Math.max(0, Math.min(...first, length - LEAST_STEPS));
  const [from, to] = cursor.zoom.peek() ?? [
    fromMs + begin * stepMs,
    fromMs + Math.max(1, length - 1) * stepMs,
  ];
  return { min: from / 1000, max: to / 1000 };
}

function zoomAround(props: TimeChartProps, at: number, factor: number): void {
  const { min, max } = rangeOf(props);
  const middle = (props.fromMs + at * props.stepMs) / 1000;
  const half = Math.max((5 * props.stepMs) / 1000, ((max - min) / 2) * factor);
  const whole = rangeOf({ ...props, cursor: { ...props.cursor, zoom: { peek: () => undefined } as never } });
  props.cursor.zoom.value =
    2 * half >= whole.max - whole.min
      ? undefined
      : [1000 * Math.max(whole.min, middle - half), 1000 * Math.min(whole.max, middle + half)];
}

function optionsOf(latest: { readonly current: TimeChartProps }): uPlot.Options {
  const { lines, cursor, scale, hasTimes = false } = latest.current;
  const isLogarithmic = scale === "logarithmic";
  const colour = (name: string) => (chart: uPlot) => getComputedStyle(chart.root).getPropertyValue(name);
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    font,
    stroke: colour("--ink-faint"),
    grid: { stroke: colour("--rule"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: 400,
    height: HEIGHT + (hasTimes ? TIMES_HEIGHT : 0),
    padding: [8, 0, hasTimes ? 0 : 6, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
    },
    scales: {
      x: { time: true },
      y: isLogarithmic
        ? { distr: 3, range: (_, least, most) => logRange(least, most) }
        : { range: (_, __, most) => [0, Math.max(1e-9, (most ?? 1) * 1.08)] },
    },
    axes: [
      {
        ...axis,
        show: hasTimes,
        size: TIMES_HEIGHT,
        space: 90,
        values: (_, splits) => splits.map((at) => clockText(1000 * at, splits[1]! - splits[0]! < 60)),
      },
      {
        ...axis,
        size: LEFT,
        space: 26,
        values: (_, splits) => splits.map((value) => (value === null ? null : latest.current.text(value))),
        ...(isLogarithmic && {
          splits: (_: uPlot, __: number, least: number, most: number) => decades(least, most),
        }),
        ...(scale === "bytes" && { incrs: Array.from({ length: 40 }, (_, power) => 2 ** power) }),
      },
    ],
    series: [
      {},
      ...lines.map(
        ({ colour: name, area, dash }): uPlot.Series => ({
          stroke: colour(name),
          width: area === undefined ? 1.5 : 1,
          points: { show: false },
          spanGaps: false,
          ...(dash !== undefined && { dash: [...dash] }),
          ...(area !== undefined && {
            fill: ((chart: uPlot) =>
              areaFill(chart, colour(name)(chart), area)) as unknown as uPlot.Series.Fill,
          }),
        }),
      ),
    ],
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < 4) return;
          cursor.zoom.value = [1000 * chart.posToVal(left, "x"), 1000 * chart.posToVal(left + width, "x")];
          cursor.at.value = undefined;
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      ready: [
        (chart) => {
          chart.over.addEventListener("dblclick", () => {
            cursor.zoom.value = undefined;
          });
          chart.over.addEventListener("mousemove", ({ offsetX }) => {
            cursor.at.value = chart.posToIdx(offsetX);
          });
          chart.over.addEventListener("mouseleave", () => {
            cursor.at.value = undefined;
          });
        },
      ],
      draw: [(chart) => drawMarks(chart, latest.current.marks)],
    },
  };
}

function logRange(least: number | null, most: number | null): [number, number] {
  if (least === null || most === null || !(least > 0)) return [1e-6, 1];
  return [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most * 1.001))];
}

function decades(least: number, most: number): number[] {
  const from = Math.round(Math.log10(least));
  return Array.from({ length: Math.round(Math.log10(most)) - from + 1 }, (_, at) => 10 ** (from + at));
}

/** The texture of a result, in its colour: strokes for hits, hatching for misses. */
function areaFill(chart: uPlot, colour: string, area: NonNullable<TimeLine["area"]>): CanvasPattern | string {
  const size = area === "strokes" ? 4 : 6;
  const tile = new OffscreenCanvas(size, size);
  const context = tile.getContext("2d")!;
  context.globalAlpha = area === "plain" ? 0.16 : 0.42;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  if (area === "plain") context.fillRect(0, 0, size, size);
  else {
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(1.5, 0);
    context.lineTo(1.5, size);
    if (area === "hatching") {
      context.moveTo(0, 1.5);
      context.lineTo(size, 1.5);
    }
    context.stroke();
  }
  return chart.ctx.createPattern(tile, "repeat") ?? colour;
}

function drawMarks(chart: uPlot, marks: readonly TimeMark[]): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const ink = getComputedStyle(chart.root).getPropertyValue("--ink-faint");
  ctx.save();
  ctx.strokeStyle = ink;
  ctx.fillStyle = ink;
  ctx.font = `${600} ${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = "center";
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  for (const { atMs, letter } of marks) {
    const x = Math.round(chart.valToPos(atMs / 1000, "x", true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + 12 * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(letter, x, bbox.top + 9 * ratio);
  }
  ctx.restore();
}
