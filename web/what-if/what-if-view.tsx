import { useSignal } from "@preact/signals";
import type { WhatIfReport } from "../../src/instruments/view.ts";
import { useDashboard } from "../live/dashboard.ts";
import { TableBehind } from "../parts/table.tsx";
import { clockText, counted, countText, percentText } from "../parts/text.ts";
import { HowToRead, View } from "../parts/view.tsx";
import { Apply } from "./apply.tsx";
import { outcomeAt, presentOutcome, ranking, sizesOf } from "./choice.ts";
import { Curves } from "./curves.tsx";
import { isEnough } from "./enough.ts";
import { Ledger } from "./ledger.tsx";
import { NotEnough } from "./not-enough.tsx";
import { PolicyList } from "./policy-list.tsx";
import { Sentence } from "./sentence.tsx";

/** What another policy, or another size, would change. */
export function WhatIfView() {
  const { reading, recent } = useDashboard();
  const { whatIf, settings } = reading.value?.sections ?? {};
  const policy = useSignal<string | undefined>(undefined);
  const factor = useSignal(2);
  if (!isEnough(whatIf)) {
    return (
      <View
        id="what-if"
        title="What if"
        lessons={["memory"]}
        question="What would another size or policy give?"
      >
        <NotEnough report={whatIf} isConnected={settings !== undefined} />
      </View>
    );
  }
  const { present } = whatIf;
  const known = whatIf.curves.some((curve) => curve.policy === policy.value);
  const chosen = known ? policy.value! : present.policy;
  const points = whatIf.curves.find((curve) => curve.policy === chosen)?.points ?? [];
  const outcome = outcomeAt(points, factor.value);
  const today = presentOutcome(whatIf);
  const sizeOf = sizesOf(present, recent.figure("glasscache_memory_limit_bytes"));
  return (
    <View
      id="what-if"
      title="What if"
      lessons={["memory"]}
      question="What would another size or policy give?"
      note={`${counted(whatIf.sampledRequests, "read")} simulated of ${countText(whatIf.requests)} since ${clockText(whatIf.sinceMs)}`}
    >
      {outcome !== undefined && today !== undefined && (
        <Sentence
          policy={chosen}
          size={sizeOf(factor.value)}
          outcome={outcome}
          today={today}
          present={present}
        />
      )}
      <div class="what-if">
        <div>
          <Curves report={whatIf} sizeOf={sizeOf} policy={chosen} factor={factor} />
          <HowToRead>
            Each line is a policy: how many reads it would miss with more or less memory, on your own traffic.
            The ring is what this cache counted, the dot what you chose; the line between them goes along,
            more memory, then down, fewer misses. No policy can get below the dashed line, which knows the
            future. The band is the error: in nine of ten cases the truth lies within it.
          </HowToRead>
          <TableBehind
            summary="Miss ratios as a table"
            caption="Miss ratios in percent by policy and size"
            rows={[...whatIf.curves, { policy: "optimum (Belady)", points: whatIf.optimum }]}
            keyOf={(row) => row.policy}
            columns={[
              { head: "policy", cell: (row) => row.policy },
              ...(points.map(({ factor: at }) => ({
                head: sizeOf(at),
                isNumber: true,
                cell: (row: WhatIfReport["curves"][number]) => {
                  const point = row.points.find((one) => one.factor === at);
                  return point === undefined
                    ? ""
                    : `${percentText(point.missRatio)} ± ${percentText(point.error)}`;
                },
              })) ?? []),
            ]}
          />
        </div>
        <div class="what-if-side">
          <PolicyList
            ranked={ranking(whatIf, factor.value)}
            optimum={outcomeAt(whatIf.optimum, factor.value)}
            chosen={chosen}
            present={present.policy}
            size={sizeOf(factor.value)}
            onChoose={(name) => {
              policy.value = name;
            }}
          />
          {outcome !== undefined && today !== undefined && (
            <Ledger outcome={outcome} today={today} present={present} />
          )}
          <Apply chosen={chosen} present={present.policy} size={sizeOf(factor.value)} factor={factor.value} />
        </div>
      </div>
    </View>
  );
}
