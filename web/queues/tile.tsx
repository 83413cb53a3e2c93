import type { QueueMember, ToldQueue } from "../../src/instruments/view.ts";
import { keyText, visibleText } from "../parts/key-text.ts";
import { countText, durationText, sizeText } from "../parts/text.ts";
import { timesText } from "./queue-words.ts";
import { tileName } from "./snake.ts";

/** Reads that give a tile its strokes, and its glass a deeper colour: 1, 10, 100, 1,000. */
const WARMEST = 4;
const CHARACTER_PX = 7.3;

export interface TileProps {
  readonly queue: ToldQueue;
  readonly member: QueueMember;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Just read, just filled, back from the ghosts, or gone. */
  readonly event: "hit" | "new" | "back" | "gone" | undefined;
  /** Changes with each reading, so that a ring is drawn anew. */
  readonly step: number;
  readonly isOpen: boolean;
  readonly isCurrent: boolean;
  readonly onOpen: () => void;
  readonly look: TileLook;
}

/** What is told of a member. */
export interface TileLook {
  /** All that is known of it, in words. */
  label(queue: ToldQueue, member: QueueMember): string;
  /** Strokes for its reads, and the depth of its glass: from 0 to 4. */
  strokes(reads: number): number;
}

/** A member of a queue: its name, a stroke for its reads, and where it would go. */
export function Tile(props: TileProps) {
  const { queue, member, x, y, width, height, event, step, isOpen, isCurrent, onOpen, look } = props;
  const { entry } = member;
  const name = member.key === undefined ? member.id : visibleText(keyText(member.key));
  const isNext = member === queue.members[0] && queue.order !== "none";
  const warmth = look.strokes(entry?.reads ?? 0);
  const sign = signOf(queue, member);
  const names = ["tile", entry === undefined ? "ghost" : `warm-${warmth}`];
  if (isNext && entry !== undefined) names.push("next");
  if (event !== undefined) names.push(event);
  if (isOpen) names.push("opened");
  if (entry?.state !== undefined) names.push("spent");
  if (!member.isSampled) names.push("passing");
  return (
    <button
      type="button"
      class={names.join(" ")}
      data-id={member.id}
      tabIndex={isCurrent ? 0 : -1}
      title={name}
      aria-label={look.label(queue, member)}
      aria-hidden={event === "gone" ? "true" : undefined}
      onClick={onOpen}
      style={{ transform: `translate(${x}px,${y}px)`, width: `${width}px`, height: `${height}px` }}
    >
      <span class="id">{tileName(name, Math.floor((width - 9) / CHARACTER_PX))}</span>
      {warmth > 0 && <span class="tally">{"|".repeat(warmth)}</span>}
      {sign !== "" && <span class="turn">{sign}</span>}
      {(event === "hit" || event === "back") && <i class="ring" key={step} />}
    </button>
  );
}

/** 0 without reads, then one more for ten times as many. */
function warmthOf(reads: number): number {
  return reads < 1 ? 0 : Math.min(WARMEST, 1 + Math.floor(Math.log10(reads) + 1e-9));
}

/** Where an entry would go if its turn came now: `↻` it would stay, `→` pass on; nothing: it would leave. */
function signOf({ name, order, kind }: ToldQueue, { entry }: QueueMember): string {
  const turn = entry?.turn;
  if (turn === undefined || turn === "" || kind === "ghost" || order === "none") return "";
  if (turn === name) return "↻";
  return turn.endsWith("ghosts") ? "" : "→";
}

/** Entries of a live cache. */
export const LIVE_LOOK: TileLook = { label: tileLabel, strokes: warmthOf };

function tileLabel(queue: ToldQueue, { key, id, rank, entry }: QueueMember): string {
  const parts = [key === undefined ? `key ${id}, whose name is not known` : visibleText(keyText(key))];
  parts.push(queue.name);
  if (queue.order !== "none" && rank !== undefined) {
    parts.push(queue.members[0]?.id === id ? "next at the exit" : `${countText(rank)} from the exit`);
  }
  if (entry === undefined) return parts.join(", ");
  parts.push(timesText(entry.reads), sizeText(entry.valueBytes));
  if (entry.ttlMs >= 0) parts.push(entry.ttlMs === 0 ? "expired" : `expires in ${durationText(entry.ttlMs)}`);
  if (entry.state === "void") parts.push("void");
  if (entry.turn === queue.name) parts.push("would stay");
  else if (entry.turn !== undefined)
    parts.push(entry.turn === "" ? "would leave" : `would go to ${entry.turn}`);
  return parts.join(", ");
}
