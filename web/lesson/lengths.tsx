import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Chart } from "../parts/chart.tsx";
import { policyLook } from "../what-if/policy-looks.ts";
import { AFTER, CACHES, SCAN, type ScanResult, scanResults, scanRun } from "./scan-run.ts";

const MOST = 40;
const LEFT = 34;
const RIGHT = 70;
const TOP = 14;
const HEIGHT = 180;
const NAMES: Readonly<Record<string, string>> = { lru: "LRU", "s3-fifo": "S3-FIFO" };

/** Hits after scans of every length; the slider chooses one. */
export function Lengths() {
  const runs = useSignal<readonly (readonly ScanResult[])[]>([]);
  const length = useSignal(SCAN);
  useEffect(() => {
    void (async () => {
      const made: ScanResult[][] = [];
      for (let scan = 0; scan <= MOST; scan++) made.push(scanResults(await scanRun(scan)));
      runs.value = made;
    })();
  }, []);
  const chosen = runs.value[length.value];
  if (chosen === undefined) return <p class="prose awaited">The runs are being made.</p>;
  const say = saying(length.value, chosen);
  return (
    <>
      <Chart label={`Hits of ${AFTER} over the length of the scan. ${say}`}>
        {(width) => {
          const x = (scan: number): number => LEFT + ((width - LEFT - RIGHT) * scan) / MOST;
          const y = (hits: number): number => TOP + HEIGHT * (1 - hits / AFTER);
          return (
            <svg width={width} height={TOP + HEIGHT + 28} aria-hidden="true">
              {[0, 5, 10, 15, 20].map((tick) => (
                <g key={tick}>
                  <path class={tick === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(tick)}H${x(MOST)}`} />
                  <text x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
                    {tick}
                  </text>
                </g>
              ))}
              {[0, 8, 20, 30, 40].map((tick) => (
                <text key={tick} x={x(tick)} y={y(0) + 20} text-anchor="middle">
                  {tick}
                </text>
              ))}
              <path class="leader" d={`M${x(length.value)} ${TOP}V${y(0)}`} />
              {CACHES.map(({ policy }, i) => {
                const { colour, dash, mark } = policyLook(policy);
                const path = runs.value
                  .map((run, scan) => `${scan === 0 ? "M" : "L"}${x(scan)} ${y(run[i]!.hits)}`)
                  .join("");
                return (
                  <g key={policy} style={{ color: `var(${colour})` }}>
                    <path class="line" d={path} stroke-dasharray={dash} />
                    <path
                      class="dot"
                      d={mark}
                      transform={`translate(${x(length.value)} ${y(chosen[i]!.hits)}) scale(1.4)`}
                    />
                    <text class="strong" x={x(MOST) + 8} y={y(runs.value.at(-1)![i]!.hits) + 4}>
                      {NAMES[policy]}
                    </text>
                  </g>
                );
              })}
            </svg>
          );
        }}
      </Chart>
      <label class="length">
        <span class="label">strangers in the scan: {length.value}</span>
        <input
          type="range"
          min={0}
          max={MOST}
          value={length.value}
          aria-valuetext={say}
          onInput={({ currentTarget }) => (length.value = Number(currentTarget.value))}
        />
      </label>
      <p class="prose">{say}</p>
    </>
  );
}

function saying(scan: number, [lru, s3]: readonly ScanResult[]): string {
  const left = lru!.regularsLeft;
  const why =
    left === 0
      ? "All regulars have left LRU’s line; a longer scan can do no more harm."
      : scan === 0
        ? "Without a scan both keep them."
        : `LRU still has ${left} of its ${lru!.regularsBefore} regulars: those that were asked for last.`;
  return `A scan of ${scan}: LRU ${lru!.hits} of ${AFTER}, S3-FIFO ${s3!.hits} of ${AFTER}. ${why}`;
}
