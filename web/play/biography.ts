import { counted, countText } from "../parts/text.ts";
import { queueText, timesText } from "../queues/queue-words.ts";
import { CacheRun, FAILURE, HIT, MISS, UNDER_WAY } from "./cache-run.ts";
import { type Conditions, DEFAULT_CONDITIONS } from "./conditions.ts";
import { type Decider, deciderOf } from "./decider.ts";
import { membersOf } from "./places.ts";
import type { Requests } from "./requests.ts";
import type { PlayCache } from "./settings.ts";

/** What happened to an object in a cache, and how it stands. */
export interface PlayBiography {
  readonly name: string;
  readonly policy: string;
  /** How it stands now, and why. */
  readonly now: string;
  /** In order; successive hits are one. */
  readonly lines: readonly BiographyLine[];
  /** Earlier lines that were left out. */
  readonly omitted: number;
}

interface BiographyLine {
  /** The request at which it happened, from 1. */
  readonly at: number;
  readonly mark: "|" | "#" | "○" | "=" | "!";
  readonly text: string;
}

const LINES = 40;

/**
 * Tells an object's life up to a position, by replaying the requests once more.
 * @param requests as `timed` returns them
 */
export function biographyOf(
  settings: PlayCache,
  requests: Requests,
  object: number,
  to: number,
  conditions: Conditions = DEFAULT_CONDITIONS,
  decider: Decider = deciderOf(settings),
): PlayBiography {
  const run = new CacheRun(decider, settings, requests, conditions);
  const { objects } = requests.batch;
  const { cache } = run;
  const lines: BiographyLine[] = [];
  let hits = 0;
  let lastHit = 0;
  let filledAt = 0;
  let evictedAt = 0;
  const endHits = (): void => {
    if (hits > 0) lines.push({ at: lastHit, mark: "|", text: hitsText(hits, lastHit) });
    hits = 0;
  };
  for (let at = 0; at < to; at++) {
    const slot = cache.slotHolding(object);
    const isOwn = objects[at] === object;
    // Entries are evicted on misses alone. The queue that it would leave is known only before.
    const isAtRisk = slot !== 0 && !isOwn && cache.slotHolding(objects[at]!) === 0;
    const queue = isAtRisk ? cache.policy.explain(slot).queue : "";
    const reads = slot === 0 ? 0 : run.reads[slot]!;
    run.advance(at + 1);
    const isHere = cache.slotHolding(object) !== 0;
    const result = run.results[at];
    const isExpired = run.expired.includes(object);
    const leave = (text: string): void => {
      endHits();
      evictedAt = at + 1;
      lines.push({ at: at + 1, mark: "○", text });
    };
    const age = counted(at + 1 - filledAt, "request");
    if (isExpired) leave(`Expired: its time to live is over, ${timesText(reads)} in ${age}.`);
    if (isOwn && result === HIT) {
      hits++;
      lastHit = at + 1;
    }
    if (isOwn && result === FAILURE)
      lines.push({ at: at + 1, mark: "!", text: "The origin answers with an error." });
    if (isOwn && result === UNDER_WAY) {
      const text = conditions.coalesces ? "Waits: it is being fetched already." : "Is fetched once more.";
      lines.push({ at: at + 1, mark: "=", text });
    }
    if (isOwn && result === MISS) {
      const entered = isHere
        ? `, enters ${queueText(cache.policy.explain(cache.slotHolding(object)).queue)}`
        : ", is not kept";
      const back = evictedAt === 0 ? "" : ` It had left ${counted(at + 1 - evictedAt, "request")} before.`;
      lines.push({ at: at + 1, mark: "#", text: `Miss: is fetched${entered}.${back}` });
      filledAt = at + 1;
    }
    if (slot !== 0 && !isHere && !isExpired) {
      const from = queue === "" ? "" : ` from ${queueText(queue)}`;
      leave(
        isOwn
          ? `Dropped by a write or a delete: ${timesText(reads)} in ${age}.`
          : `Evicted${from} to make room for ${requests.nameOf(objects[at]!)}: ${timesText(reads)} in ${age}.`,
      );
    }
  }
  endHits();
  const omitted = Math.max(0, lines.length - LINES);
  const now = nowText(run, requests, object);
  return {
    name: requests.nameOf(object),
    policy: settings.policy,
    now,
    lines: lines.slice(omitted),
    omitted,
  };
}

function hitsText(hits: number, last: number): string {
  return hits === 1 ? "Hit." : `${countText(hits)} hits, the last at request ${countText(last)}.`;
}

/** Says where an object stands, what would become of it, and why: the policy's own rule. */
function nowText(run: CacheRun, { nameOf }: Requests, object: number): string {
  const { reads } = run;
  const name = nameOf(object);
  for (const queue of run.queues()) {
    const members = membersOf(queue, Number.POSITIVE_INFINITY);
    const at = members.findIndex((member) => queue.hashOf(member) === object);
    if (at < 0) continue;
    const where = queueText(queue.name);
    if (queue.kind === "ghost")
      return `${name} is remembered among ${where}: the key without the value. ${rule(queue.exit)}`;
    const place =
      queue.order === "none"
        ? ""
        : at === 0
          ? ", next at the exit"
          : `, place ${countText(at + 1)} from the exit`;
    const turn = queue.turn?.(members[at]!);
    const fate =
      turn === undefined
        ? ""
        : turn === queue.name
          ? " If its turn came now, it would stay."
          : turn === ""
            ? " If its turn came now, it would leave."
            : ` If its turn came now, it would go to ${queueText(turn)}.`;
    return `${name} is in ${where}${place}, ${timesText(reads[members[at]!]!)} since its fill.${fate} ${rule(queue.exit)}`;
  }
  return `${name} is not in this cache.`;
}

function rule(exit: string): string {
  return `The rule there: ${exit}.`;
}
