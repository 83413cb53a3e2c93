import type { ToldQueue } from "../../src/instruments/view.ts";

/** What the tiles' marks mean; those that this policy has. */
export function Legend({ queues }: { readonly queues: readonly ToldQueue[] }) {
  const turns = queues.flatMap(({ name, members }) =>
    members.map(({ entry }) => (entry?.turn === name ? "stays" : entry?.turn)),
  );
  const passes = queues.some(({ name, kind }) => kind === "resident" && turns.includes(name));
  return (
    <ul class="legend tiles">
      <li>
        <i class="tile warm-2">
          <span class="tally">||</span>
        </i>
        a stroke for 1 read, 10, 100, 1,000
      </li>
      <li>
        <i class="tile new" /> just filled
      </li>
      {queues.some(({ order }) => order !== "none") && (
        <li>
          <i class="tile next" /> next to leave
        </li>
      )}
      {turns.includes("stays") && (
        <li>
          <b class="turn">↻</b> would stay at its turn
        </li>
      )}
      {passes && (
        <li>
          <b class="turn">→</b> would pass on
        </li>
      )}
      {queues.some(({ kind }) => kind === "ghost") && (
        <li>
          <i class="tile ghost" /> value gone, key remembered
        </li>
      )}
    </ul>
  );
}
