import type { Clock } from "../../src/lib/clock.ts";
import type { Moment } from "../live/recent.ts";
import type { NowFigures } from "./now-figures.ts";

/** The lanes' heights in pixels, to scale; what happens at all can be seen. */
export interface Lanes {
  readonly hits: number;
  readonly waits: number;
  readonly misses: number;
}

const HEIGHT = 196;
const LEAST = 14;

export function lanesOf({ readsPerSecond, hitsPerSecond, coalescedPerSecond }: NowFigures): Lanes {
  if (!readsPerSecond) return { hits: HEIGHT - LEAST, waits: 0, misses: LEAST };
  const waits = coalescedPerSecond ? Math.max(3, (HEIGHT * coalescedPerSecond) / readsPerSecond) : 0;
  const hits = Math.min(
    HEIGHT - LEAST - waits,
    Math.max(LEAST, (HEIGHT * (hitsPerSecond ?? 0)) / readsPerSecond),
  );
  return { hits, waits, misses: HEIGHT - hits - waits };
}

/** Where the glass stands, as a share of the width; style/now.css has the same. */
const GLASS = 0.56;
/** How long a read takes from the left edge to the glass. */
const CROSSING_MS = 3500;
/** The share of the width in which reads fade in. */
const FADE = 0.12;
const STROKE = 2;
/** Strokes between the left edge and the glass. */
const STROKES = 110;

/** Reads of one moment. */
interface Slot {
  readonly atMs: number;
  readonly forMs: number;
  readonly hits: number;
  readonly misses: number;
}

/** Draws reads as they come: a hit is a stroke that ends at the glass, a miss a hatch that passes. */
export class PaneDrawing {
  readonly #canvas: HTMLCanvasElement;
  readonly #clock: Clock;
  /** The service's clock minus the browser's, smoothed, so that strokes move evenly. */
  #aheadMs: number | undefined;
  /** What is drawn, relative to the newest moment; made anew when that, the lanes or the size change. */
  #strip: Strip | undefined;

  constructor(canvas: HTMLCanvasElement, clock: Clock) {
    this.#canvas = canvas;
    this.#clock = clock;
  }

  draw(moments: readonly Moment[], lanes: Lanes, isStill: boolean): void {
    const canvas = this.#canvas;
    const newest = moments.at(-1);
    if (newest === undefined) return;
    const ratio = Math.min(2, devicePixelRatio);
    const before = this.#strip;
    if (before?.newest !== newest || before.lanes !== lanes) this.#strip = stripOf(canvas, moments, lanes);
    const { width, height, hits, misses, colours } = this.#strip!;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const glass = Math.round(width * GLASS);
    const moved = isStill ? 0 : ((this.#now(newest.atMs) - newest.atMs) * glass) / CROSSING_MS;
    const context = canvas.getContext("2d", { alpha: false })!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, width, height);
    context.fillStyle = colours.waits;
    context.fillRect(0, lanes.hits, glass, lanes.waits);
    context.fillStyle = colours.wash;
    context.fillRect(0, lanes.hits + lanes.waits, width, lanes.misses);
    // Rectangles at whole pixels are drawn many times faster than lines.
    context.fillStyle = colours.hits;
    for (const x of hits) {
      const left = Math.round(x + moved);
      if (left >= 0 && left < glass - 1) context.fillRect(left, 0, STROKE, lanes.hits - 1);
    }
    context.fillStyle = colours.misses;
    for (const [x, y] of misses) {
      const left = Math.round(x + moved);
      if (left >= 0 && left < width) hatch(context, left, Math.round(y));
    }
    context.fillStyle = fade(context, width, colours.ground);
    context.fillRect(0, 0, width * FADE, height);
  }

  #now(newestMs: number): number {
    const here = this.#clock.wallMs();
    const ahead = newestMs - here;
    const known = this.#aheadMs;
    this.#aheadMs =
      known === undefined || Math.abs(known - ahead) > 2000 ? ahead : known + 0.02 * (ahead - known);
    return here + this.#aheadMs;
  }
}

interface Strip {
  readonly newest: Moment;
  readonly lanes: Lanes;
  readonly width: number;
  readonly height: number;
  readonly hits: readonly number[];
  readonly misses: readonly (readonly [x: number, y: number])[];
  readonly colours: Readonly<Record<"ground" | "hits" | "waits" | "misses" | "wash", string>>;
}

/** Places all strokes as they stand at the newest moment; its left edge is where reads come in. */
function stripOf(canvas: HTMLCanvasElement, moments: readonly Moment[], lanes: Lanes): Strip {
  const { clientWidth: width, clientHeight: height } = canvas;
  const slots = slotsOf(moments);
  const unit = strokeUnit(slots);
  const perMs = (width * GLASS) / CROSSING_MS;
  const nowMs = moments.at(-1)!.atMs;
  const hits: number[] = [];
  const misses: [number, number][] = [];
  for (const slot of slots) {
    const right = (nowMs - slot.atMs + slot.forMs) * perMs;
    const wide = slot.forMs * perMs;
    if (right - wide > width) continue;
    scattered(slot.hits / unit, slot.atMs, (share) => hits.push(right - share * wide));
    scattered(slot.misses / unit, slot.atMs + 1, (share, down) => {
      misses.push([
        right - share * wide,
        lanes.hits + lanes.waits + 3 + down * Math.max(0, lanes.misses - 12),
      ]);
    });
  }
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name);
  return {
    ...{ newest: moments.at(-1)!, lanes, width, height, hits, misses },
    colours: {
      ground: colour("--ground"),
      hits: colour("--hit"),
      waits: colour("--coalesced"),
      misses: colour("--miss"),
      wash: colour("--miss-wash"),
    },
  };
}

function slotsOf(moments: readonly Moment[]): Slot[] {
  const reads = ({ counters }: Moment, result: string) =>
    Number(counters[`glasscache_keys_read_total{result="${result}"}`] ?? 0);
  return moments.slice(1).map((moment, at) => {
    const before = moments[at]!;
    return {
      atMs: moment.atMs,
      forMs: moment.atMs - before.atMs,
      hits: reads(moment, "hit") - reads(before, "hit"),
      misses: reads(moment, "miss") - reads(before, "miss"),
    };
  });
}

/** How many reads a stroke stands for: 1, 2, 5, 10 and so on. */
export function strokeUnit(slots: readonly Pick<Slot, "forMs" | "hits" | "misses">[]): number {
  const sum = slots.reduce((total, { hits, misses }) => total + hits + misses, 0);
  const ms = slots.reduce((total, { forMs }) => total + forMs, 0);
  const wanted = ((sum / Math.max(1, ms)) * CROSSING_MS) / STROKES;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  return Math.max(1, [1, 2, 5, 10].map((step) => step * power).find((step) => step >= wanted) ?? 1);
}

/** Calls `place` about `count` times; equal seeds give equal places, so that nothing flickers. */
function scattered(count: number, seed: number, place: (share: number, down: number) => void): void {
  let state = Math.imul(seed | 0, 0x9e3779b1) || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const whole = Math.floor(count) + (next() < count % 1 ? 1 : 0);
  for (let at = 0; at < whole; at++) place((at + next()) / whole, next());
}

function hatch(context: CanvasRenderingContext2D, left: number, top: number): void {
  context.fillRect(left + 2, top, 1, 9);
  context.fillRect(left + 6, top, 1, 9);
  context.fillRect(left, top + 2, 9, 1);
  context.fillRect(left, top + 6, 9, 1);
}

/** Reads appear out of the ground at the left edge. */
function fade(context: CanvasRenderingContext2D, width: number, ground: string): CanvasGradient {
  const gradient = context.createLinearGradient(0, 0, width * FADE, 0);
  gradient.addColorStop(0, ground);
  // Transparent black would show as grey on the way.
  gradient.addColorStop(1, ground.replace("rgb(", "rgba(").replace(")", ", 0)"));
  return gradient;
}
