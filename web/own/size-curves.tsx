import { useSignal } from "@preact/signals";
import { useDashboard } from "../live/dashboard.ts";
import { outcomeAt, presentOutcome, sizesOf } from "../what-if/choice.ts";
import { Curves } from "../what-if/curves.tsx";
import { isEnough } from "../what-if/enough.ts";
import { NotEnough } from "../what-if/not-enough.tsx";
import { Sentence } from "../what-if/sentence.tsx";

/** The miss-ratio curves of this proxy's reads, and a slider for its size. */
export function SizeCurves() {
  const { reading, recent } = useDashboard();
  const factor = useSignal(2);
  const { whatIf, settings } = reading.value?.sections ?? {};
  if (!isEnough(whatIf)) return <NotEnough report={whatIf} isConnected={settings !== undefined} />;
  const { present, curves } = whatIf;
  const { policy } = present;
  const sizeOf = sizesOf(present, recent.figure("glasscache_memory_limit_bytes"));
  const outcome = outcomeAt(curves.find((curve) => curve.policy === policy)?.points ?? [], factor.value);
  const today = presentOutcome(whatIf);
  return (
    <div class="what-if">
      <div>
        <Curves report={whatIf} sizeOf={sizeOf} policy={policy} factor={factor} />
        {outcome !== undefined && today !== undefined && (
          <Sentence
            policy={policy}
            size={sizeOf(factor.value)}
            outcome={outcome}
            today={today}
            present={present}
          />
        )}
      </div>
    </div>
  );
}
