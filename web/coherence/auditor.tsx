import { useDashboard } from "../live/dashboard.ts";
import { Figure } from "../parts/figure.tsx";
import { countText } from "../parts/text.ts";

const METRIC = "glasscache_audits_total";

/** Cached reads that were checked against the origin. */
export function Auditor() {
  const { recent, reading } = useDashboard();
  const rate = reading.value?.sections.settings?.["audit"]?.value;
  const broken = recent.figure(METRIC, { result: "broken" });
  if (broken === undefined) return null;
  const right = recent.figure(METRIC, { result: "right" }) ?? 0;
  const undecided = recent.figure(METRIC, { result: "undecided" }) ?? 0;
  return (
    <Figure
      name="broken-promises"
      label={broken > 0 ? "! Broken promises" : "Broken promises"}
      value={[countText(broken), `of ${countText(right + undecided + broken)} checked`]}
      sub={
        <>
          {rate !== undefined && `checks ${rate} of the cached reads; `}
          {countText(right)} right, {countText(undecided)} undecided
        </>
      }
      says="Counts cached reads that were checked against the origin after they had been answered (--audit), and whose old value was not excused by a change on its way. Anything but 0 is a fault: the log names the keys. Checks cost the origin one request each."
    />
  );
}
