import type { ShownQueues } from "../play/shown-queues.ts";
import { RuleBroken } from "./rule-broken.ts";

/** What the page has room for. */
const QUEUES_LIMIT = 6;
const NAME_LIMIT = 24;
const GHOSTS_LIMIT = 1000;

/** Reads what the methods `queues` and `ghosts` of a written policy return. @throws RuleBroken */
export function readShown(queues: unknown, ghosts: unknown): ShownQueues {
  if (ghosts !== undefined && !Array.isArray(ghosts))
    throw new RuleBroken("ghosts returned no array of hashes");
  const named: readonly (readonly [string, unknown])[] = Array.isArray(queues)
    ? [["queue", queues]]
    : typeof queues === "object" && queues !== null
      ? Object.entries(queues)
      : [];
  if (named.length === 0) {
    throw new RuleBroken("queues returned neither an array of slots nor an object with such arrays");
  }
  if (named.length > QUEUES_LIMIT) {
    throw new RuleBroken(`queues returned ${named.length} queues; the page shows ${QUEUES_LIMIT} at most`);
  }
  return {
    queues: named.map(([name, slots]) => {
      if (!Array.isArray(slots))
        throw new RuleBroken(`queues returned no array of slots as ${name.slice(0, NAME_LIMIT)}`);
      return { name: name.slice(0, NAME_LIMIT), slots: [...slots] as number[] };
    }),
    ghosts: (ghosts ?? []).slice(-GHOSTS_LIMIT).filter((hash) => Number.isInteger(hash) && hash >= 1),
  };
}
