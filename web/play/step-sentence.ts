import { counted } from "../parts/text.ts";
import { queueText, timesText } from "../queues/queue-words.ts";
import { CHANGE, FAILURE, HIT, UNDER_WAY } from "./cache-run.ts";
import type { StepEvent } from "./step-events.ts";

/** A step in words: what the request was, and what it did. */
export interface StepSentence {
  readonly result: "hit" | "miss" | "change" | "under-way" | "failure";
  readonly text: string;
}

type EventOf<W extends StepEvent["what"]> = Extract<StepEvent, { readonly what: W }>;

/** Objects that are named in one sentence; of more, only the number is told. */
const NAMED = 3;

/**
 * Tells a step in the policy's terms.
 * @param result what the request was: HIT, MISS or CHANGE
 */
export function stepSentence(
  object: number,
  result: number,
  events: readonly StepEvent[],
  nameOf: (object: number) => string,
  coalesces = true,
): StepSentence {
  const name = nameOf(object);
  const find = <W extends StepEvent["what"]>(what: W) =>
    events.filter((event): event is EventOf<W> => event.what === what);
  const expired = find("expired");
  const others = [
    expiredText(
      expired.filter((event) => event.object !== object),
      nameOf,
    ),
    movedText(find("moved"), nameOf),
    evictedText(find("evicted"), nameOf),
    forgottenText(find("forgotten"), nameOf),
  ];
  const tell = (own: string): string => [own, ...others].filter((part) => part !== "").join(" ");
  const [hit] = find("hit");
  if (result === UNDER_WAY) {
    const own = coalesces
      ? `${name} is being fetched already: this request waits for the same answer.`
      : `${name} is being fetched already, and is fetched once more.`;
    return { result: "under-way", text: tell(own) };
  }
  if (result === FAILURE) {
    return {
      result: "failure",
      text: tell(`${name} is asked for at the origin, which answers with an error.`),
    };
  }
  if (result === HIT) {
    return { result: "hit", text: tell(hit === undefined ? `${name} is here.` : hitText(name, hit)) };
  }
  if (result === CHANGE) return { result: "change", text: tell(`${name} is written or deleted.`) };
  const [miss] = find("miss");
  const [filled] = find("filled");
  const hasExpired = expired.some((event) => event.object === object);
  const known = hasExpired
    ? " was here, but its time to live is over: it"
    : miss?.ghost === undefined
      ? ""
      : ` was among ${queueText(miss.ghost.queue)}: it`;
  const own =
    filled !== undefined
      ? `${name}${known} is fetched and enters ${queueText(filled.to.queue)}.`
      : `${name}${known} is fetched${events.length === 0 ? "" : " and not kept"}.`;
  return { result: "miss", text: tell(own) };
}

function hitText(name: string, { from, to }: EventOf<"hit">): string {
  if (to === undefined || to.isGhost) return `${name} is here, and leaves.`;
  if (to.queue !== from.queue)
    return `${name} is here, and moves from ${queueText(from.queue)} to ${queueText(to.queue)}.`;
  if (to.isAtEntrance && !from.isAtEntrance) return `${name} is here. It moves to the front of the line.`;
  if (to.rank > from.rank + 1)
    return `${name} is here. It rises from place ${from.rank} to ${to.rank}, counted from the exit.`;
  const where = to.isAtEntrance ? "at the front of the line" : "in its place";
  return `${name} is here. It stays ${where}${to.reads > 0 ? `, ${timesText(to.reads)} by now` : ""}.`;
}

function expiredText(expired: readonly EventOf<"expired">[], nameOf: (object: number) => string): string {
  return sentences(
    expired,
    () => "",
    (names, _, verb) => `${names} ${verb("expires", "expire")}.`,
    nameOf,
  );
}

function movedText(moved: readonly EventOf<"moved">[], nameOf: (object: number) => string): string {
  return sentences(
    moved,
    ({ from, to }) => `${from.queue}>${to.queue}`,
    (names, [{ from, to }], verb) =>
      `${names} ${verb("passes", "pass")} from ${queueText(from.queue)} to ${queueText(to.queue)}.`,
    nameOf,
  );
}

function evictedText(evicted: readonly EventOf<"evicted">[], nameOf: (object: number) => string): string {
  return sentences(
    evicted,
    ({ from, ghost }) => `${from.queue}>${ghost?.queue ?? ""}`,
    (names, [{ from, ghost }], verb) => {
      const isLast = from.rank === 1 && evicted.length === 1;
      const who = isLast ? `${names}, last in ${queueText(from.queue)},` : names;
      if (ghost !== undefined) {
        const way = isLast ? "" : ` from ${queueText(from.queue)}`;
        return `${who} ${verb("goes", "go")}${way} to ${queueText(ghost.queue)}.`;
      }
      return isLast ? `${who} leaves.` : `${who} ${verb("leaves", "leave")} ${queueText(from.queue)}.`;
    },
    nameOf,
  );
}

function forgottenText(
  forgotten: readonly EventOf<"forgotten">[],
  nameOf: (object: number) => string,
): string {
  return sentences(
    forgotten,
    ({ from }) => from.queue,
    (names, _, verb) => `${names} ${verb("is", "are")} forgotten.`,
    nameOf,
  );
}

/** Makes a sentence of all events that differ only in their objects. */
function sentences<E extends { readonly object: number }>(
  events: readonly E[],
  kindOf: (event: E) => string,
  text: (names: string, events: readonly [E, ...E[]], verb: (one: string, many: string) => string) => string,
  nameOf: (object: number) => string,
): string {
  const groups = Map.groupBy(events, kindOf);
  return [...groups.values()]
    .map((group) => {
      const names =
        group.length > NAMED
          ? counted(group.length, "entry", "entries")
          : listText(group.map(({ object }) => nameOf(object)));
      return text(names, group as [E, ...E[]], (one, many) => (group.length === 1 ? one : many));
    })
    .join(" ");
}

/** Returns `A`, `A and B`, `A, B and C`. */
export function listText(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
