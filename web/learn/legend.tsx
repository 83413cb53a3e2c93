import type { CacheView } from "../play/play-view.ts";

/** What the marks on tiles mean; those that these caches have. */
export function Legend({ caches }: { readonly caches: readonly CacheView[] }) {
  const queues = caches.flatMap((cache) => cache.queues);
  const isField = queues.some(({ field }) => field !== undefined);
  const hasGhosts = queues.some(({ kind }) => kind === "ghost");
  const turns = queues.flatMap(({ name, members }) =>
    members.map(({ entry }) => (entry?.turn === name ? "stays" : (entry?.turn ?? ""))),
  );
  if (isField) {
    return (
      <ul class="legend tiles">
        <li>a cell is an entry; the deeper, the more often it was read: never, 1, 10, 100, 1,000 times</li>
        {[0, 1, 2, 3, 4].map((warmth) => (
          <li key={warmth}>
            <i class={`probe warm-${warmth}`} />
          </li>
        ))}
      </ul>
    );
  }
  return (
    <ul class="legend tiles">
      <li>
        <i class="tile warm-2">
          <span class="tally">||</span>
        </i>
        a stroke for each read, up to four
      </li>
      <li>
        <i class="tile new" /> just came in
      </li>
      <li>
        <i class="tile next" /> next to leave
      </li>
      {turns.includes("stays") && (
        <li>
          <b class="turn">↻</b> would stay at its turn
        </li>
      )}
      {turns.some((turn) => turn !== "" && turn !== "stays" && !turn.endsWith("ghosts")) && (
        <li>
          <b class="turn">→</b> would pass on
        </li>
      )}
      {hasGhosts && (
        <li>
          <i class="tile ghost" /> ghost: the key is remembered, the value is gone
        </li>
      )}
    </ul>
  );
}
