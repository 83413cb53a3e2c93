import type { Decided, Fault } from "../sandbox/messages.ts";
import type { ShownQueues } from "./shown-queues.ts";

/** Looks at what comes from the sandbox, where code of anybody runs: only what is whole is taken. */

const TEXT_LIMIT = 500;
const NAME_LIMIT = 24;

export function soundFault(fault: Fault | undefined): Fault | undefined {
  if (fault === undefined) return undefined;
  const { text, line } = fault;
  return { text: String(text).slice(0, TEXT_LIMIT), line: Number.isInteger(line) ? line : undefined };
}

/**
 * @param from requests that had been made before
 * @param count all requests
 * @param evicted entries that had been evicted before: in all there are no more of them than requests
 * @throws Error if it cannot be what was decided
 */
export function soundDecided(
  { to, victims, requests, misses, fault }: Decided,
  from: number,
  count: number,
  evicted: number,
) {
  const isWhole = [to, requests, misses].every((value) => Number.isInteger(value) && value >= 0);
  const isInOrder = to >= from && to <= count;
  if (!isWhole || !isInOrder || !(victims instanceof Int32Array) || evicted + victims.length > count) {
    throw new Error("the sandbox's decisions do not fit the requests");
  }
  return { to, victims, requests, misses, fault: soundFault(fault) };
}

/** Whether it has the form of what a policy shows; whether it is true is asked where the entries are known. */
export function isShown(value: ShownQueues | undefined): value is ShownQueues {
  return (
    value !== undefined &&
    Array.isArray(value.ghosts) &&
    Array.isArray(value.queues) &&
    value.queues.every(
      ({ name, slots }) => typeof name === "string" && name.length <= NAME_LIMIT && Array.isArray(slots),
    )
  );
}
