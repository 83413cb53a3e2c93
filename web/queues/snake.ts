/** Where tiles lie: each queue is a line that turns at the edge, so that each step leads to the neighbouring place. */

export interface LaneShape {
  /** How many tiles. */
  readonly count: number;
  readonly isGhost: boolean;
  /** Small tiles, for short names. */
  readonly isDense?: boolean;
}

export interface LaneBox {
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** From one tile to the next, along and down. */
  readonly stepX: number;
  readonly stepY: number;
  readonly perRow: number;
  readonly height: number;
}

/** Room on either side for the line that comes in and the arrow that leads out. */
export const MARGIN = 16;
/** Tiles become wider than this only to fill a row. */
const WIDEST = 1.3;

/** The least size of tiles, for lanes of this width and more. */
const SIZES = [
  { from: 1300, entry: [74, 44], ghost: [58, 26], gap: 6 },
  { from: 520, entry: [58, 40], ghost: [52, 24], gap: 6 },
  { from: 0, entry: [44, 36], ghost: [44, 24], gap: 4 },
] as const;

const DENSE_SIZES = [
  { from: 440, entry: [46, 40], ghost: [42, 26], gap: 5 },
  { from: 0, entry: [38, 36], ghost: [34, 24], gap: 4 },
] as const;

export function laneBox({ count, isGhost, isDense = false }: LaneShape, width: number): LaneBox {
  const { entry, ghost, gap } = (isDense ? DENSE_SIZES : SIZES).find(({ from }) => width >= from)!;
  const [least, height] = isGhost ? ghost : entry;
  const room = width - 2 * MARGIN + gap;
  const perRow = Math.max(1, Math.floor(room / (least + gap)));
  const stepX = Math.min(room / perRow, least * WIDEST + gap);
  const rows = Math.max(1, Math.ceil(count / perRow));
  return {
    ...{ tileWidth: stepX - gap, tileHeight: height, stepX, stepY: height + gap, perRow },
    height: rows * (height + gap) - gap,
  };
}

/** Returns where a tile lies within its lane. @param at 0 is the tile at the entrance */
export function tileAt({ perRow, stepX, stepY }: LaneBox, at: number): readonly [x: number, y: number] {
  const row = Math.floor(at / perRow);
  const column = at % perRow;
  return [MARGIN + (row % 2 === 0 ? column : perRow - 1 - column) * stepX, row * stepY];
}

/** The line through the tiles of a lane. */
export interface LaneLine {
  readonly path: string;
  /** The tip of the arrow behind the last tile, and whether it points to the right: 1, or to the left: −1. */
  readonly x: number;
  readonly y: number;
  readonly way: 1 | -1;
}

/** Draws the line through all tiles of a lane, from the left edge to an arrow behind the last one. */
export function laneLine(box: LaneBox, count: number): LaneLine {
  const half = box.tileHeight / 2;
  const middle = box.tileWidth / 2;
  if (count === 0) return { path: "", x: 0, y: half, way: 1 };
  const points = [`M0 ${half}`];
  for (let at = 0; at < count; at++) {
    const [x, y] = tileAt(box, at);
    points.push(`L${round(x + middle)} ${y + half}`);
  }
  const [x, y] = tileAt(box, count - 1);
  const way = Math.floor((count - 1) / box.perRow) % 2 === 0 ? 1 : -1;
  const tip = round(x + middle + way * (middle + MARGIN - 3));
  points.push(`L${tip} ${y + half}M${tip - 5 * way} ${y + half - 4}l${5 * way} 4l${-5 * way} 4`);
  return { path: points.join(""), x: tip, y: y + half, way };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/**
 * Returns the part of a key that tells it from its neighbours, shortened: of `user:17:cart` it is `17`, of
 * `search:oak+table` it is `oak+table`, of `src/cli/top.ts` it is `top`.
 */
export function tileName(key: string, most: number): string {
  const parts = key.split(/[:/.|]/).filter((part) => part !== "");
  const path = key.includes("/")
    ? key
        .slice(key.lastIndexOf("/") + 1)
        .split(".")
        .find(Boolean)
    : undefined;
  const part = parts.find((each, i) => i > 0 && /\d/.test(each)) ?? path ?? parts[1] ?? parts[0] ?? key;
  if (part.length <= most) return part;
  const end = Math.ceil((most - 1) / 2);
  return `${part.slice(0, most - 1 - end)}…${part.slice(part.length - end)}`;
}
