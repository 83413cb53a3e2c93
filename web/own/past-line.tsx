import { useDashboard } from "../live/dashboard.ts";
import { seriesOf } from "../live/history.ts";
import { Sparkline } from "../parts/sparkline.tsx";
import { countText, percentText } from "../parts/text.ts";

const READS = "glasscache_keys_read_total";
/** Seconds that one point of a line stands for. */
const STEP = 5;

/** The share of hits over the last ten minutes. */
export function HitLine() {
  const [hits, misses] = [useSums(READS, { result: "hit" }), useSums(READS, { result: "miss" })];
  const values = hits.map((hit, at) => {
    const all = hit + (misses[at] ?? 0);
    return all > 0 ? hit / all : null;
  });
  return (
    <section>
      <h3>| Hits, % of reads</h3>
      <Sparkline
        label="Hits, % of reads"
        values={values}
        text={(value) => percentText(value)}
        begin={BEGIN}
      />
    </section>
  );
}

/** Reads that missed, a second, over the last ten minutes. */
export function MissLine() {
  const values = useSums(READS, { result: "miss" }).map((sum) => sum / STEP);
  return (
    <section>
      <h3># Misses a second</h3>
      <Sparkline label="Misses a second" values={values} text={countText} begin={BEGIN} result="miss" />
    </section>
  );
}

const BEGIN = "10 min ago";

/** A counter's growth, five seconds at a time; the seconds that are not known count nothing. */
function useSums(metric: string, labels: Readonly<Record<string, string>>): number[] {
  const report = useDashboard().histories[0]!.report.value;
  const values = report === undefined ? [] : seriesOf(report, metric, labels);
  return Array.from({ length: Math.floor(values.length / STEP) }, (_, at) =>
    values.slice(at * STEP, (at + 1) * STEP).reduce<number>((sum, value) => sum + (value ?? 0), 0),
  );
}
