import { useDashboard } from "../live/dashboard.ts";
import { Table } from "../parts/table.tsx";
import { clockText, percentText } from "../parts/text.ts";
import { type Outcome, outcomeAt, ranking, sizesOf } from "../what-if/choice.ts";
import { isEnough } from "../what-if/enough.ts";
import { NotEnough } from "../what-if/not-enough.tsx";

/** What each simulated policy would miss of this proxy's reads, the best one first, and what none could avoid. */
export function PolicyMisses({ factors = [1] }: { readonly factors?: readonly number[] }) {
  const { reading, recent } = useDashboard();
  const { whatIf, settings } = reading.value?.sections ?? {};
  if (!isEnough(whatIf)) return <NotEnough report={whatIf} isConnected={settings !== undefined} />;
  const { present, curves, optimum, sinceMs } = whatIf;
  const ranked = ranking(whatIf, 1);
  const sizeOf = sizesOf(present, recent.figure("glasscache_memory_limit_bytes"));
  const rows = [
    ...ranked.map(({ policy }) => ({
      name: policy === present.policy ? `${policy}, as now` : policy,
      points: curves.find((curve) => curve.policy === policy)!.points,
    })),
    { name: "the best there could be", points: optimum },
  ];
  const bound = outcomeAt(optimum, 1);
  const isAbove = bound !== undefined && bound.missRatio > ranked[0]!.outcome.missRatio;
  return (
    <>
      <div class="scrolls" tabIndex={0}>
        <Table
          caption="Misses of this proxy's reads by policy"
          rows={rows}
          keyOf={({ name }) => name}
          columns={[
            { head: "policy", cell: ({ name }) => name },
            ...factors.map((factor) => ({
              head: `misses with ${sizeOf(factor)}`,
              isNumber: true,
              cell: ({ points }: (typeof rows)[number]) => missText(outcomeAt(points, factor)),
            })),
          ]}
        />
      </div>
      {isAbove && (
        <p class="prose">
          The last row counts the latest reads alone, the others all since {clockText(sinceMs)}. So it can lie
          above them for a while.
        </p>
      )}
    </>
  );
}

function missText(outcome: Outcome | undefined): string {
  return outcome === undefined ? "" : `${percentText(outcome.missRatio)} % ± ${percentText(outcome.error)}`;
}
