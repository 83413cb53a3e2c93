import type { Clock } from "../../src/lib/clock.ts";
import type { Moment } from "../live/recent.ts";
import { figureOf } from "../live/series.ts";
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

  constructor(canvas: HTMLCanvasElement, clock: Clock) {
    this.#canvas = canvas;
    this.#clock = clock;
  }

  draw(moments: readonly Moment[], lanes: Lanes, isStill: boolean): void {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = Math.min(2, devicePixelRatio);
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const slots = slotsOf(moments);
    const newest = slots.at(-1);
    if (newest === undefined) return;
    const nowMs = isStill ? newest.atMs : this.#now(newest.atMs);
    const colour = (name: string) => getComputedStyle(canvas).getPropertyValue(name);
    const glass = width * GLASS;
    const perMs = glass / CROSSING_MS;
    const unit = strokeUnit(slots);
    const hits = new Path2D();
    const misses = new Path2D();
    for (const slot of slots) {
      const right = (nowMs - slot.atMs + slot.forMs) * perMs;
      const wide = slot.forMs * perMs;
      if (right < 0) continue;
      scattered(slot.hits / unit, slot.atMs, (share) => {
        const x = right - share * wide;
        if (x >= 0 && x < glass - 1) {
          hits.moveTo(x, 0);
          hits.lineTo(x, lanes.hits - 1);
        }
      });
      scattered(slot.misses / unit, slot.atMs + 1, (share, down) => {
        const x = right - share * wide;
        const y = lanes.hits + lanes.waits + 3 + down * Math.max(0, lanes.misses - 12);
        if (x >= 0 && x < width) hatch(misses, x, y);
      });
    }
    context.fillStyle = colour("--coalesced");
    context.fillRect(0, lanes.hits, glass, lanes.waits);
    context.fillStyle = colour("--miss-wash");
    context.fillRect(0, lanes.hits + lanes.waits, width, lanes.misses);
    context.strokeStyle = colour("--hit");
    context.lineWidth = 1.6;
    context.stroke(hits);
    context.strokeStyle = colour("--miss");
    context.lineWidth = 1.2;
    context.stroke(misses);
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

function slotsOf(moments: readonly Moment[]): Slot[] {
  const reads = ({ counters }: Moment, result: string) =>
    figureOf(counters, "glasscache_keys_read_total", { result }) ?? 0;
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

function hatch(path: Path2D, x: number, y: number): void {
  path.moveTo(x + 2.5, y);
  path.lineTo(x + 2.5, y + 9);
  path.moveTo(x + 6.5, y);
  path.lineTo(x + 6.5, y + 9);
  path.moveTo(x, y + 2.5);
  path.lineTo(x + 9, y + 2.5);
  path.moveTo(x, y + 6.5);
  path.lineTo(x + 9, y + 6.5);
}
