import type { QueuesReport } from "../../src/instruments/view.ts";
import { durationText } from "../parts/text.ts";
import type { Change } from "../queues/changes.ts";
import { queueText, timesText } from "../queues/queue-words.ts";

/** A change in words; the key's name stands before them. */
export interface Told {
  readonly mark: string;
  readonly look: string;
  readonly text: string;
}

/** What readers should see first, if many things happened at once. */
const URGENCY: Readonly<Record<Change["what"], number>> = {
  returned: 0,
  moved: 1,
  remembered: 2,
  left: 3,
  entered: 4,
  refilled: 5,
  read: 6,
  forgotten: 7,
};

/**
 * Chooses the changes to be told: one of each kind first, and of those the entry that was read most. The kinds come in
 * the order of what they teach.
 */
export function worthTelling(changes: readonly Change[], most: number): Change[] {
  const sorted = changes.toSorted((a, b) => URGENCY[a.what] - URGENCY[b.what] || b.reads - a.reads);
  const isFirst = ({ what }: Change, at: number) => sorted.findIndex((each) => each.what === what) === at;
  const firsts = sorted.filter(isFirst);
  return [...firsts, ...sorted.filter((each) => !firsts.includes(each))].slice(0, most);
}

/** Tells a change in the policy's terms. */
export function tellChange(change: Change, queues: QueuesReport["queues"]): Told {
  const { what, from, to, reads, now, left } = change;
  switch (what) {
    case "returned":
      return {
        mark: "!",
        look: "wrong",
        text: `was remembered among ${queueText(from)} and is asked for again: it is in ${queueText(to)} now.`,
      };
    case "moved":
      return {
        mark: "→",
        look: "hit",
        text: `passes from ${queueText(from)} to ${queueText(to)}${readsText(change)}.`,
      };
    case "remembered":
      return {
        mark: "○",
        look: "evicted",
        text: `left ${queueText(from)}${readsText(change)}. Its value is gone, its key is remembered among ${queueText(to)}.`,
      };
    case "left":
      return { mark: "○", look: "evicted", text: leftText(change) };
    case "entered":
      return {
        mark: "#",
        look: "miss",
        text: `was a miss and enters ${queueText(to)}${reads > 0 ? `; it was ${timesText(reads)} since` : ""}.`,
      };
    case "refilled":
      return { mark: "+", look: "fill", text: "was filled anew: a new value came from the origin." };
    case "forgotten":
      return { mark: "○", look: "evicted", text: "is forgotten: nothing is known of it any more." };
    case "read": {
      const turn = now?.member.entry?.turn;
      const isGhost = queues.some(({ name, kind }) => name === turn && kind === "ghost");
      const next =
        turn === undefined || turn === "" || isGhost || left !== undefined
          ? ""
          : turn === to
            ? " When its turn comes it will stay."
            : ` When its turn comes it will pass to ${queueText(turn)}.`;
      const text = reads === 1 ? "was read: a hit." : `was ${timesText(reads)}: hits.`;
      return { mark: "|", look: "hit", text: text + next };
    }
  }
}

function leftText({ from, left, before }: Change): string {
  if (left === undefined) return `left ${queueText(from)}.`;
  const { cause, queue, reads, ageMs } = left;
  const age = durationText(ageMs);
  const where = before === undefined ? " It had come only just before." : "";
  switch (cause) {
    case "evicted":
      return `was evicted from ${queueText(queue ?? from)}, ${age} after its fill: ${timesText(reads)}.${where}`;
    case "expired":
      return `expired, ${age} after its fill: ${timesText(reads)}.${where}`;
    default:
      return `was removed, ${age} after its fill: written, deleted or invalidated.${where}`;
  }
}

function readsText({ before, now, left }: Change): string {
  const reads = left?.reads ?? now?.member.entry?.reads ?? before?.member.entry?.reads;
  return reads === undefined ? "" : `, ${timesText(reads)} since its fill`;
}
