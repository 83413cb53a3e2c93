import type { ToldQueue } from "../../src/instruments/view.ts";
import { counted, countText, percentText, sizeText } from "../parts/text.ts";
import type { LaneBox } from "./snake.ts";

/** A queue on the screen: its tiles from the entrance to the exit, and where it begins. */
export interface Lane {
  readonly queue: ToldQueue;
  readonly places: readonly PlaceOnLane[];
  readonly box: LaneBox;
  readonly top: number;
  /** Where its tiles begin. */
  readonly track: number;
}

/** A member, or the part of a long queue that nobody has looked at. */
export type PlaceOnLane =
  | { readonly kind: "member"; readonly member: ToldQueue["members"][number] }
  | { readonly kind: "gap"; readonly count: number | undefined };

/** Returns the places of a queue from its entrance to its exit. */
export function placesOf({ members, length, walkedFromExit, walkedFromEntrance }: ToldQueue): PlaceOnLane[] {
  const places: PlaceOnLane[] = [];
  const unseen = length === undefined ? undefined : length - walkedFromExit - walkedFromEntrance;
  const isLong = walkedFromEntrance > 0 && unseen !== 0;
  // Without a length, members that were counted from the entrance have no rank.
  const seenFromExit = members.filter(({ rank }) => rank !== undefined && rank <= walkedFromExit).length;
  for (const [i, member] of members.entries()) {
    if (isLong && i === seenFromExit) places.push({ kind: "gap", count: unseen });
    places.push({ kind: "member", member });
  }
  return places.reverse();
}

/** Says what a queue is, and how much of it there is. */
export function LaneHead({ queue, unit }: { readonly queue: ToldQueue; readonly unit: "bytes" | "entries" }) {
  const { name, kind, order, entrance, exit, length, weight, share } = queue;
  const one = kind === "ghost" ? "key" : "entry";
  const many = kind === "ghost" ? "keys" : "entries";
  const isFull = weight !== undefined && share !== undefined && share > 0 && kind === "resident";
  return (
    <>
      <div>
        <h3>{name.replace("-", " ")}</h3>
        <span>
          {length === undefined ? `very many ${many}` : counted(length, one, many)}
          {unit === "bytes" && weight !== undefined && kind === "resident" && `, ${sizeText(weight)}`}
          {isFull && `, ${percentText(weight / share, 0)} % of its share`}
          {isFull && unit === "entries" && ` of ${countText(share)}`}
        </span>
      </div>
      <p class="rule-in">
        <b>In:</b> {entrance}
      </p>
      <p class="rule-out">
        <b>{order === "none" || order === "hand" ? "Out:" : "At the exit:"}</b> {exit}
      </p>
    </>
  );
}
