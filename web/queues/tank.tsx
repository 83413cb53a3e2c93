import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { QueueMember, QueuesReport } from "../../src/instruments/view.ts";
import { useWidth } from "../parts/chart.tsx";
import { countText } from "../parts/text.ts";
import type { Change } from "./changes.ts";
import { type Lane, LaneHead, placesOf } from "./lanes.tsx";
import { laneBox, laneLine, tileAt } from "./snake.ts";
import { LIVE_LOOK, Tile, type TileLook, type TileProps } from "./tile.tsx";

export interface TankProps {
  readonly report: QueuesReport;
  /** What has happened since the reading before. */
  readonly changes: readonly Change[];
  readonly step: number;
  readonly openId: string | undefined;
  readonly onOpen: (member: QueueMember) => void;
  /** By default that of a live cache. */
  readonly look?: TileLook;
  /** Small tiles for short names, and rules only if they are asked for. */
  readonly isDense?: boolean;
}

/** Of a lane's head, until it has been measured. */
const HEAD_PX = 44;
const LANE_GAP = 26;
/** Room for a word beside an arrow. */
const FATE_PX = 130;
/** For so many readings a lane keeps a row that it no longer needs. */
const KEPT_STEPS = 10;
/** A tile that leaves goes so far on. */
const AWAY_PX = 22;

/** All queues as lines of tiles, which move to their next places. */
export function Tank(props: TankProps) {
  const { report, changes, step, openId, onOpen, look = LIVE_LOOK, isDense = false } = props;
  const [frame, width] = useWidth<HTMLDivElement>();
  const current = useSignal<string | undefined>(undefined);
  const rows = useRef(new Map<string, KeptRows>());
  const heads = useSignal<Readonly<Record<string, number>>>({});
  const lanes = lay(report, width, step, rows.current, heads.value, isDense);
  const tiles = tilesOf(lanes, changes);
  const ids = tiles.filter(({ event }) => event !== "gone").map(({ member }) => member.id);
  const currentId = ids.includes(current.value ?? "") ? current.value : ids[0];
  const height = lanes.reduce((most, { track, box }) => Math.max(most, track + box.height), 0);
  // How high the heads are depends on how their words wrap.
  useLayoutEffect(() => {
    const found: Record<string, number> = {};
    for (const head of frame.current?.querySelectorAll<HTMLElement>(".lane-head") ?? []) {
      found[head.dataset["queue"]!] = head.offsetHeight;
    }
    if (JSON.stringify(found) !== JSON.stringify(heads.value)) heads.value = found;
  });

  const move = (event: KeyboardEvent): void => {
    const from = tiles.find(({ member }) => member.id === currentId);
    if (from === undefined) return;
    const to = neighbour(tiles, from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    current.value = to.member.id;
    frame.current?.querySelector<HTMLElement>(`[data-id="${to.member.id}"]`)?.focus();
  };

  return (
    <div
      ref={frame}
      class={isDense ? "tank dense" : "tank"}
      role="group"
      aria-label="The queues. Arrow keys go from entry to entry, Enter opens one."
      style={{ height: `${height + 4}px` }}
      onKeyDown={move}
      onFocusIn={({ target }) => {
        const id = (target as HTMLElement).dataset["id"];
        if (id !== undefined) current.value = id;
      }}
    >
      {width > 0 &&
        lanes.map(({ queue, top, box, places }) => (
          <div class={`lane ${queue.kind}`} key={queue.name} style={{ transform: `translateY(${top}px)` }}>
            <div class="lane-head" data-queue={queue.name}>
              <LaneHead queue={queue} unit={report.unit} />
            </div>
            {queue.order !== "none" && <Line queue={queue} box={box} count={places.length} width={width} />}
            {places.length === 0 && <p class="label nobody">{emptyText(queue.kind)}</p>}
            {places.map((place, at) => {
              if (place.kind === "member") return null;
              const [x, y] = tileAt(box, at);
              return (
                <span
                  key="gap"
                  class="gap"
                  title="The middle of a long queue is not looked at"
                  style={{
                    transform: `translate(${x}px,${y}px)`,
                    width: `${box.tileWidth}px`,
                    height: `${box.tileHeight}px`,
                  }}
                >
                  {place.count !== undefined && <b>{countText(place.count)}</b>}
                  unseen
                </span>
              );
            })}
          </div>
        ))}
      {width > 0 &&
        // In the order of their ids: the page's order of elements stays while they move.
        tiles
          .toSorted((a, b) => (a.member.id < b.member.id ? -1 : 1))
          .map((tile) => (
            <Tile
              key={tile.member.id}
              {...tile}
              step={step}
              isOpen={tile.member.id === openId}
              isCurrent={tile.member.id === currentId}
              look={look}
              onOpen={() => onOpen(tile.member)}
            />
          ))}
    </div>
  );
}

/** The line that tiles follow, and what becomes of the one at its end. */
function Line({ queue, box, count, width }: Pick<Lane, "queue" | "box"> & { count: number; width: number }) {
  const { path, x, y, way } = laneLine(box, count);
  const room = way > 0 ? width - x : x;
  const turn = queue.members[0]?.entry?.turn;
  return (
    <svg width={width} height={box.height} aria-hidden="true">
      <path class="axis" d={path} />
      {turn !== undefined && room > FATE_PX && (
        <text x={x + 6 * way} y={y + 4} text-anchor={way > 0 ? "start" : "end"}>
          {turn === queue.name
            ? "would stay"
            : turn === ""
              ? "would leave"
              : `into ${turn.replace("-", " ")}`}
        </text>
      )}
    </svg>
  );
}

function emptyText(kind: "resident" | "ghost"): string {
  return kind === "ghost" ? "Nothing is remembered." : "Empty.";
}

/** The rows of a lane, and the reading that needed them last. */
interface KeptRows {
  readonly rows: number;
  readonly step: number;
}

/** Lays the queues one below the other. Lanes do not lose one row at once: that would move all below, and often back. */
function lay(
  report: QueuesReport,
  width: number,
  step: number,
  rows: Map<string, KeptRows>,
  heads: Readonly<Record<string, number>>,
  isDense: boolean,
): Lane[] {
  let top = 0;
  return report.queues.map((queue) => {
    const places = placesOf(queue);
    const isGhost = queue.kind === "ghost";
    const box = laneBox({ count: places.length, isGhost, isDense }, width);
    const needed = Math.ceil(places.length / box.perRow);
    const name = `${width} ${queue.name}`;
    const before = rows.get(name);
    const isKept = before?.rows === needed + 1 && step - before.step <= KEPT_STEPS;
    const kept = isKept ? before.rows : needed;
    if (!isKept) rows.set(name, { rows: needed, step });
    const height = Math.max(
      box.height,
      laneBox({ count: kept * box.perRow, isGhost, isDense }, width).height,
    );
    const track = top + (heads[queue.name] ?? HEAD_PX);
    const lane = { queue, places, box: { ...box, height }, top, track };
    top = track + height + LANE_GAP;
    return lane;
  });
}

type PlacedTile = Pick<TileProps, "queue" | "member" | "x" | "y" | "width" | "height" | "event">;

/** Returns the tiles of all members, and of those that have just gone. */
function tilesOf(lanes: readonly Lane[], changes: readonly Change[]): PlacedTile[] {
  const events = new Map(changes.map((change) => [change.id, change]));
  const tiles: PlacedTile[] = [];
  const seen = new Set<string>();
  for (const { queue, places, box, track } of lanes) {
    for (const [at, place] of places.entries()) {
      if (place.kind === "gap" || seen.has(place.member.id)) continue;
      seen.add(place.member.id);
      const [x, y] = tileAt(box, at);
      tiles.push({
        ...{ queue, member: place.member, x, y: y + track },
        ...{ width: box.tileWidth, height: box.tileHeight },
        event: eventOf(events.get(place.member.id)),
      });
    }
  }
  for (const { before, now, what } of changes) {
    if (now !== undefined || before === undefined || (what !== "left" && what !== "forgotten")) continue;
    const lane = lanes.find(({ queue }) => queue.name === before.queue);
    if (lane === undefined || seen.has(before.member.id)) continue;
    seen.add(before.member.id);
    const [x, y] = tileAt(lane.box, Math.max(0, lane.places.length - (before.member.rank === 1 ? 0 : 1)));
    tiles.push({
      ...{ queue: lane.queue, member: before.member, x: x + AWAY_PX, y: y + lane.track },
      ...{ width: lane.box.tileWidth, height: lane.box.tileHeight, event: "gone" },
    });
  }
  return tiles;
}

function eventOf(change: Change | undefined): PlacedTile["event"] {
  switch (change?.what) {
    case "read":
      return "hit";
    case "returned":
      return "back";
    case "entered":
    case "refilled":
      return "new";
    default:
      return change !== undefined && change.reads > 0 && change.now?.isGhost === false ? "hit" : undefined;
  }
}

/** Returns the tile that an arrow key leads to. Left is towards the entrance, right towards the exit. */
function neighbour(tiles: readonly PlacedTile[], from: PlacedTile, key: string): PlacedTile | undefined {
  const lane = tiles.filter(({ queue, event }) => queue === from.queue && event !== "gone");
  const at = lane.indexOf(from);
  switch (key) {
    case "ArrowLeft":
      return lane[at - 1];
    case "ArrowRight":
      return lane[at + 1];
    case "Home":
      return lane[0];
    case "End":
      return lane.at(-1);
    case "ArrowUp":
    case "ArrowDown": {
      const way = key === "ArrowUp" ? -1 : 1;
      const beyond = tiles.filter(({ y, event }) => (y - from.y) * way > 1 && event !== "gone");
      const distance = (tile: PlacedTile) => Math.abs(tile.y - from.y) * 1000 + Math.abs(tile.x - from.x);
      return beyond.toSorted((a, b) => distance(a) - distance(b))[0];
    }
    default:
      return undefined;
  }
}
