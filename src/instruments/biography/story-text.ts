import { formatSize } from "../../lib/quantity.ts";
import { INVALIDATORS, type Invalidator, REFUSALS, type Refusal } from "../events/event-kinds.ts";
import type { BiographyEvent } from "../view.ts";
import type { Interruption } from "./interruptions.ts";
import { REGRET_MS } from "./regret-windows.ts";
import type { StoryEvent } from "./story-events.ts";
import {
  COALESCED,
  EXPIRED,
  FILLED,
  HIT,
  INVALIDATED,
  MISS,
  REFUSED,
  REMOVED,
  type StoryRecord,
  WROTE,
} from "./story-record.ts";
import { sayCount, sayDuration, sayQueue } from "./words.ts";

const READS_LIMIT = 65_535;

const INVALIDATED_BY: Readonly<Record<Invalidator, string>> = {
  write: "invalidated: a write of it passed through the proxy",
  push: "invalidated: the origin pushed that it had changed",
  reply: "invalidated: a reply of the origin may have shown a newer state",
};

const REFUSED_BECAUSE: Readonly<Record<Refusal, string>> = {
  void: "not stored: the key was invalidated while the origin was asked",
  "no-time-to-live": "not stored: nothing was left of its time to live",
  "no-room": "not stored: there was no room for it",
  "no-value": "not stored: the origin had no value for it",
};

/** Tells the policy and the queue that a number of a place stands for. */
export type PlaceNames = (place: number) => { readonly policy: string; readonly queue: string };

/** What the sentences refer to: what happened to the key before. */
interface Before {
  /** The last departure or invalidation, until the next fill. */
  gone:
    | { readonly how: string; readonly atMs: number; readonly isRegret: (atMs: number) => boolean }
    | undefined;
  /** The last hit since the last fill. */
  lastReadMs: number | undefined;
}

/** Tells a story in plain sentences, the oldest event first. */
export function tellStory(story: readonly StoryEvent[], nameOf: PlaceNames): BiographyEvent[] {
  const before: Before = { gone: undefined, lastReadMs: undefined };
  return story.map((event) =>
    "record" in event
      ? tellRecord(event.record, event.removed, before, nameOf)
      : tellInterruption(event, before),
  );
}

function tellRecord(
  record: StoryRecord,
  removed: StoryRecord | undefined,
  before: Before,
  nameOf: PlaceNames,
): BiographyEvent {
  const { kind, atMs, a, b, c } = record;
  switch (kind) {
    case HIT:
      before.lastReadMs = atMs + a;
      return {
        ...{ atMs, what: "hit", text: sayHits(record) },
        detail: { hits: b, untilMs: atMs + a, valueBytes: c },
      };
    case MISS: {
      const text = `miss${sayAskedAgain(before, atMs)}`;
      before.gone = undefined;
      return { atMs, what: "miss", text };
    }
    case COALESCED: {
      const text = b === 1 ? "coalesced: it waited for the answer to an earlier miss" : sayCoalesced(record);
      return { atMs, what: "coalesced", text, detail: { reads: b, untilMs: atMs + a } };
    }
    case FILLED:
      before.gone = undefined;
      before.lastReadMs = undefined;
      return {
        atMs,
        what: "filled",
        text: sayFill(record),
        detail: { valueBytes: a, ttlMs: b, originMs: c },
      };
    case REFUSED: {
      const why = REFUSALS[a]!;
      return { atMs, what: "refused", text: REFUSED_BECAUSE[why], detail: { why } };
    }
    case WROTE:
      return a === 1
        ? { atMs, what: "deleted", text: "deleted through the proxy" }
        : { atMs, what: "written", text: "written through the proxy" };
    case INVALIDATED: {
      const by = INVALIDATORS[a]!;
      const end = removed === undefined ? "" : `, ${sayLife(removed, before)}`;
      leave(before, "invalidation", atMs);
      const detail = { by, ...(removed === undefined ? {} : lifeOf(removed)) };
      return { atMs, what: "invalidated", text: INVALIDATED_BY[by] + end, detail };
    }
    case REMOVED: {
      const text = `removed by a write or an invalidation: ${sayLife(record, before)}`;
      leave(before, "removal", atMs);
      return { atMs, what: "invalidated", text, detail: lifeOf(record) };
    }
    case EXPIRED: {
      const text = `expired: ${sayLife(record, before)}`;
      leave(before, "expiry", atMs);
      return { atMs, what: "expired", text, detail: lifeOf(record) };
    }
    default: {
      const { policy, queue } = nameOf(record.place);
      const text = sayEviction(record, before, policy, queue);
      const untilMs = atMs + (b < 0 ? REGRET_MS : Math.min(REGRET_MS, b));
      before.gone = { how: "eviction", atMs, isRegret: (at) => at <= untilMs };
      return { atMs, what: "evicted", text, detail: { policy, queue, ...lifeOf(record) } };
    }
  }
}

function tellInterruption({ what, fromMs, toMs, count }: Interruption, before: Before): BiographyEvent {
  const atMs = fromMs;
  if (what === "invalidated") {
    leave(before, "invalidation", atMs);
    const text = "invalidated with all other keys: the origin's channel was lost, or everything was flushed";
    return { atMs, what, text };
  }
  const detail = { records: count, untilMs: toMs };
  if (what === "unfollowed") {
    const text = `not followed for ${sayDuration(toMs - fromMs)}: the sample was smaller, so events may be missing`;
    return { atMs, what: "dropped", text, detail };
  }
  const within = toMs > fromMs ? ` within ${sayDuration(toMs - fromMs)}` : "";
  const text = `dropped: ${sayCount(count, "record")} of all keys were lost${within}, perhaps some of this key's`;
  return { atMs, what: "dropped", text, detail };
}

function leave(before: Before, how: string, atMs: number): void {
  before.gone = { how, atMs, isRegret: () => false };
}

function sayHits({ a, b, c }: StoryRecord): string {
  if (b === 1) return `hit: ${formatSize(c)}`;
  return `${sayCount(b, "hit")} ${a === 0 ? "at once" : `within ${sayDuration(a)}`}`;
}

function sayCoalesced({ a, b }: StoryRecord): string {
  const within = a === 0 ? "" : ` within ${sayDuration(a)}`;
  return `${sayCount(b, "read")} coalesced${within}: they waited for the answers to earlier misses`;
}

function sayAskedAgain({ gone }: Before, atMs: number): string {
  if (gone === undefined) return "";
  const regret = gone.isRegret(atMs) ? " (regret)" : "";
  return `: asked for again ${sayDuration(atMs - gone.atMs)} after its ${gone.how}${regret}`;
}

function sayFill({ a, b, c }: StoryRecord): string {
  const ttl = b < 0 ? "no time to live" : `time to live ${sayDuration(b)}`;
  return `filled: ${formatSize(a)}, ${ttl}, ${sayDuration(c)} after the origin was asked`;
}

function sayEviction(record: StoryRecord, before: Before, policy: string, queue: string): string {
  const by = policy === "" ? "evicted" : `evicted by ${policy}`;
  const from = queue === "" ? "" : `left ${sayQueue(queue)} `;
  return `${by}: ${from}${sayLife(record, before)}`;
}

/** Says how an entry was used until it left. */
function sayLife({ atMs, a, reads }: StoryRecord, { lastReadMs }: Before): string {
  const most = reads >= READS_LIMIT ? "at least " : "";
  const last =
    reads > 0 && lastReadMs !== undefined ? `, last read ${sayDuration(atMs - lastReadMs)} before` : "";
  return `after ${most}${sayCount(reads, "read")}, ${sayDuration(a)} after its fill${last}`;
}

function lifeOf({ a, b, c, reads }: StoryRecord): Record<string, number> {
  return { ageMs: a, reads, remainingMs: b, valueBytes: c };
}
