import type { FamiliesReport } from "../../src/instruments/view.ts";
import { KeyName } from "../parts/key-name.tsx";
import { Table } from "../parts/table.tsx";
import { countText, durationText, percentText, sizeText } from "../parts/text.ts";
import { HowToRead } from "../parts/view.tsx";

type Family = FamiliesReport["families"][number];

/** Families of keys, with what could be done about each. */
export function Families({ families }: { readonly families: readonly Family[] }) {
  return (
    <>
      <Table
        class="blocks families"
        caption="Families of keys"
        rows={families}
        keyOf={({ name }) => name}
        columns={[
          { head: "family", cell: ({ name }) => <KeyName name={name} /> },
          { head: "reads/s", isNumber: true, cell: ({ requestsPerSecond }) => countText(requestsPerSecond) },
          { head: "hits", cell: ({ hitRatio }) => <HitBar ratio={hitRatio} />, class: "hit-bar" },
          { head: "memory", isNumber: true, cell: ({ memoryBytes }) => sizeText(memoryBytes) },
          { head: "entries", isNumber: true, cell: ({ entries }) => countText(entries) },
          { head: "mean value", isNumber: true, cell: ({ meanValueBytes }) => sizeText(meanValueBytes) },
          { head: "last read, of its life", cell: (family) => <Life family={family} />, class: "life" },
          {
            head: "what to do",
            class: "advice wide",
            cell: ({ advice }) => advice ?? <span class="fine">Good as it is.</span>,
          },
        ]}
      />
      <HowToRead>
        The strokes are hits, the hatching misses, to scale. Memory and entries are estimates from sampled
        keys. “Last read” is how long after the fill all but 5 of 100 entries had their last read, and the
        time to live they were given: where the line is much longer than its filled part, memory lies idle.
      </HowToRead>
    </>
  );
}

function HitBar({ ratio }: { readonly ratio: number }) {
  return (
    <>
      {percentText(ratio)} %
      <span class="split" aria-hidden="true">
        <i class="hatched-hit" style={{ flexGrow: ratio }} />
        <i class="hatched-miss" style={{ flexGrow: 1 - ratio }} />
      </span>
    </>
  );
}

/** The time to live as a line, and how much of it is used. */
function Life({ family: { lastReadAfterMs, meanTtlMs } }: { readonly family: Family }) {
  if (lastReadAfterMs === null) return <span class="fine">not known yet</span>;
  const whole = Math.max(lastReadAfterMs, meanTtlMs ?? lastReadAfterMs);
  const used = whole === 0 ? 0 : lastReadAfterMs / whole;
  return (
    <>
      {durationText(lastReadAfterMs)}
      {meanTtlMs === null ? ", no limit" : ` of ${durationText(meanTtlMs)}`}
      {meanTtlMs !== null && (
        <span class="lifeline" aria-hidden="true">
          <i style={{ width: `${100 * used}%` }} />
        </span>
      )}
    </>
  );
}
